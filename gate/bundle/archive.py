"""A bundle as one tar archive: uncompressed POSIX pax, one spelling only, written and read without touching a disk.

Names are sorted and lie under one folder; owner, group, time and permissions are fixed; the end is padded to 10,240
bytes. So equal files are equal archives, byte for byte, and whatever is not what `members` would write is refused:
no two readers can see different files in an archive that was accepted. Nothing is ever extracted.
"""

from __future__ import annotations

import re
import tarfile
from collections.abc import Iterable, Iterator
from functools import cache
from typing import BinaryIO, Final

from attestations.strict_json import shown
from gate.bundle.names import Names
from gate.bundle.refusal import BundleError, Code

MAX_FILES: Final = 100_000
MAX_BYTES: Final = 1 << 30
"""Of all files of a bundle together: it is held in memory."""

_BLOCK: Final = tarfile.BLOCKSIZE
_ZEROS: Final = bytes(_BLOCK)
_MAX_EXTENSION: Final = 8 * 1024
_PATH_RECORD = re.compile(rb"[0-9]{1,5} path=([^\0\n]*)\n")
_TYPES: Final = {
    tarfile.LNKTYPE: "a hard link",
    tarfile.SYMTYPE: "a symbolic link",
    tarfile.CHRTYPE: "a character device",
    tarfile.BLKTYPE: "a block device",
    tarfile.DIRTYPE: "a folder",
    tarfile.FIFOTYPE: "a pipe",
    tarfile.CONTTYPE: "a contiguous file",
    tarfile.GNUTYPE_SPARSE: "a sparse file",
}


def members(folder: str, files: Iterable[tuple[str, bytes]]) -> Iterator[bytes]:
    """The archive of these files in pieces; they must come sorted by name. Raises BundleError for an unsafe name."""
    names = Names()
    written = 0
    previous = ""
    for name, data in files:
        path = f"{folder}/{name}"
        names.add(path)
        if path <= previous:
            raise ValueError(f"{name}: files must be sorted")
        previous = path
        padding = -len(data) % _BLOCK
        head = header(path, len(data))
        yield head
        yield data
        yield bytes(padding)
        written += len(head) + len(data) + padding
    yield bytes(2 * _BLOCK + -(written + 2 * _BLOCK) % tarfile.RECORDSIZE)


def header(path: str, size: int) -> bytes:
    """The one header of a file: a ustar block, after an extended header where the name needs one."""
    if len(path) > tarfile.LENGTH_NAME or not path.isascii():
        return _info(path, size).tobuf(tarfile.PAX_FORMAT, "utf-8", "strict")
    plain = _plain()
    block = path.encode().ljust(100, b"\0") + plain[100:124] + b"%011o\0" % size + plain[136:148]
    checksum = sum(block) + 8 * ord(" ") + sum(plain[156:])
    return b"%b%06o\0 %b" % (block, checksum, plain[156:])


@cache
def _plain() -> bytes:
    """A header as tarfile writes it; of two short names only name, size and checksum differ (POSIX.1, "ustar")."""
    return _info("x", 0).tobuf(tarfile.USTAR_FORMAT, "utf-8", "strict")


def _info(path: str, size: int) -> tarfile.TarInfo:
    info = tarfile.TarInfo(path)
    info.size = size
    info.mode = 0o644
    return info


def looks_like_tar(start: bytes) -> bool:
    """Whether a file that begins like this can be a tar archive at all (the magic of POSIX.1 and of GNU)."""
    return start[257:262] == b"ustar"


def read(file: BinaryIO, length: int) -> tuple[str, dict[str, bytes]]:
    """The folder and the files of an archive that `members` made, `length` bytes long.

    Raises BundleError for any other bytes. No more is read, or set aside in memory, than the archive has.
    """
    names = Names()
    files: dict[str, bytes] = {}
    folder = previous = ""
    position = total = 0
    while (block := _take(file, _BLOCK)) != _ZEROS:
        path, size, raw = _entry(file, block, first=not files)
        names.add(path)
        if header(path, size) != raw:
            raise BundleError(Code.NOT_CANONICAL, f"the header of {shown(path)} is not the one the gate writes")
        if path <= previous:
            raise BundleError(Code.NOT_CANONICAL, f"{shown(path)} is not in the order of names")
        previous = path
        base, slash, name = path.partition("/")
        if not slash or base != (folder or base):
            raise BundleError(Code.NOT_CANONICAL, f"{shown(path)} is not in the archive's one folder")
        folder = base
        total += size
        if position + len(raw) + size > length:
            raise BundleError(Code.TRUNCATED, f"the archive ends within {shown(path)}")
        if total > MAX_BYTES:
            raise BundleError(Code.TOO_LARGE, f"more than {MAX_BYTES:,} bytes")
        if len(files) >= MAX_FILES:
            raise BundleError(Code.TOO_MANY_FILES, f"more than {MAX_FILES:,} files")
        files[name] = _take(file, size)
        if any(_take(file, -size % _BLOCK)):
            raise BundleError(Code.NOT_CANONICAL, f"{shown(path)} is padded with something else than zeros")
        position += len(raw) + size + -size % _BLOCK
    if not files:
        raise BundleError(Code.NOT_AN_ARCHIVE, "an empty archive")
    _end(file, position)
    return folder, files


def _entry(file: BinaryIO, block: bytes, *, first: bool) -> tuple[str, int, bytes]:
    """Name, size and raw header of the file whose (first) header block was just read."""
    info = _parse(block, first=first)
    if info.type != tarfile.XHDTYPE:
        return info.name, _checked(info), block
    if not 0 < info.size <= _MAX_EXTENSION:
        raise BundleError(Code.NOT_CANONICAL, f"an extended header of {info.size} bytes")
    extension = _take(file, info.size + -info.size % _BLOCK)
    record = _PATH_RECORD.fullmatch(extension[: info.size])
    if record is None:
        raise BundleError(Code.NOT_CANONICAL, "an extended header that holds something else than one name")
    try:
        path = record[1].decode("utf-8")
    except UnicodeDecodeError:
        raise BundleError(Code.NAME_ENCODING, f"the name {shown(record[1])} is not UTF-8") from None
    last = _take(file, _BLOCK)
    return path, _checked(_parse(last, first=False)), block + extension + last


def _parse(block: bytes, *, first: bool) -> tarfile.TarInfo:
    try:
        return tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except tarfile.HeaderError as error:
        if first:
            raise BundleError(Code.NOT_AN_ARCHIVE, "not an uncompressed tar archive") from None
        raise BundleError(Code.NOT_CANONICAL, f"a damaged header: {error}") from None


def _checked(info: tarfile.TarInfo) -> int:
    """The size of an entry that is a plain file."""
    if info.type not in (tarfile.REGTYPE, tarfile.AREGTYPE):
        what = _TYPES.get(info.type, f"an entry of type {shown(info.type)}")
        raise BundleError(Code.ENTRY_TYPE, f"{shown(info.name)} is {what}; a bundle holds plain files only")
    if not 0 <= info.size <= MAX_BYTES:  # the field can hold negative numbers
        raise BundleError(Code.TOO_LARGE, f"{shown(info.name)} says it has {info.size:,} bytes")
    return info.size


def _take(file: BinaryIO, size: int) -> bytes:
    data = file.read(size)
    if len(data) != size:
        raise BundleError(Code.TRUNCATED, "the archive ends in the middle")
    return data


def _end(file: BinaryIO, position: int) -> None:
    """After the first block of zeros: the rest of them, and nothing else."""
    missing = _BLOCK + -(position + 2 * _BLOCK) % tarfile.RECORDSIZE
    rest = file.read(missing + 1)
    if any(rest) or len(rest) > missing:
        raise BundleError(Code.TRAILING_DATA, "there is something behind the end of the archive")
    if len(rest) < missing:
        raise BundleError(Code.TRUNCATED, "the end of the archive is missing")
