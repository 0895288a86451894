"""A bag: files under digest manifests (BagIt 1.0, RFC 8493) and one signature over the manifests; in a folder or a tar.

Release bundles, tenant slices and Trust & Proof packets are all bags; what differs is the kind of statement in
`bundle.sigstore.json`, whose one subject is the digest of `tagmanifest-sha256.txt`.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from attestations.strict_json import shown
from gate.bundle import archive
from gate.bundle.names import Names
from gate.bundle.refusal import BundleError, Code
from gate.model import GateError

if TYPE_CHECKING:
    from attestations.signers import Signer
    from attestations.statements import Binding
    from attestations.trust import Trust

SIGNATURE: Final = "bundle.sigstore.json"
MANIFEST: Final = "manifest-sha256.txt"
TAG_MANIFEST: Final = "tagmanifest-sha256.txt"
INFO: Final = "bag-info.txt"
TAG_FILES: Final = ("bagit.txt", INFO, MANIFEST)
_DECLARATION: Final = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
_LINE = re.compile(r"([0-9a-f]{64})  (.+)")
_LABEL: Final = "External-Identifier: "


def manifest(digests: Mapping[str, str]) -> bytes:
    """A BagIt manifest, which is also what `sha256sum -c` reads."""
    return "".join(f"{digest}  {name}\n" for name, digest in sorted(digests.items())).encode()


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def bagged(payload: Mapping[str, bytes], *, organization: str, label: str, made: datetime) -> dict[str, bytes]:
    """The payload (names under `data/`) with its tag files. `label` names the bag and the folder in its archive.

    Raises GateError for a name that some file system could not hold or would take for another one's.
    """
    try:
        Names(payload)
    except BundleError as error:
        raise GateError(f"bundle: {error.message}; rename the file it comes from") from None
    total = sum(map(len, payload.values()))
    info = {
        "Bag-Software-Agent": "tenantgate",
        "Bagging-Date": made.date().isoformat(),
        "External-Identifier": folder_name(label),
        "Payload-Oxum": f"{total}.{len(payload)}",
        "Source-Organization": _one_line(organization),
    }
    tags = {
        "bagit.txt": _DECLARATION,
        INFO: "".join(f"{name}: {value}\n" for name, value in info.items()).encode(),
        MANIFEST: manifest({name: sha256(data) for name, data in payload.items()}),
    }
    return {**payload, **tags, TAG_MANIFEST: manifest({name: sha256(data) for name, data in tags.items()})}


def sealed(
    files: Mapping[str, bytes],
    kind: str,
    record: Mapping[str, Any],
    signer: Signer,
    binding: Binding,
    trust: Trust,
    now: datetime,
) -> dict[str, bytes]:
    """The bag with its signature: a statement of that kind about the tag manifest. It is verified before it is kept."""
    from attestations.predicates import evidence_statement
    from attestations.signers import sign_verified
    from attestations.statements import Subject
    from attestations.trust import ATTESTATIONS

    subject = Subject(name=TAG_MANIFEST, sha256=sha256(files[TAG_MANIFEST]))
    statement = evidence_statement(kind, record, subjects=[subject], binding=binding)
    return {**files, SIGNATURE: sign_verified(signer, statement, trust, usage=ATTESTATIONS, now=now)}


def folder_name(label: str) -> str:
    """A label as the name of one folder that every file system can hold."""
    return re.sub(r"[^A-Za-z0-9._+~-]+", "-", label).strip(".-")[:128] or "bundle"


def pack(files: Mapping[str, bytes]) -> Iterator[bytes]:
    """The archive of a bag, in pieces."""
    return archive.members(_label(files[INFO]), sorted(files.items()))


def pack_folder(folder: Path) -> Iterator[bytes]:
    """The archive of the bag in a folder, in pieces. Each file is read once: what is hashed is what is packed.

    Raises BundleError, at the latest after the last piece, when folder and manifests do not agree.
    """
    files: dict[str, bytes] = {}
    digests: dict[str, str] = {}

    def seen(name: str, data: bytes) -> tuple[str, bytes]:
        digests[name] = sha256(data)
        if name in (MANIFEST, TAG_MANIFEST):
            files[name] = data
        return name, data

    pairs = read_folder(folder)
    first = next(pairs, ("", b""))
    if first[0] != INFO:
        raise BundleError(Code.MISSING_FILE, f"{INFO} is missing: this is not a bundle")
    yield from archive.members(_label(first[1]), (seen(*pair) for pair in chain([first], pairs)))
    check_manifests(files, digests)
    if SIGNATURE not in digests:
        raise BundleError(Code.MISSING_FILE, f"{SIGNATURE} is missing: this is not a bundle")


def read(path: Path) -> dict[str, bytes]:
    """The files of the bag in a folder or archive, each read once, nothing extracted.

    Raises GateError when there is nothing of the kind, BundleError for what is not a bundle or not a safe one.
    """
    if path.is_dir():
        return dict(read_folder(path))
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise GateError(f"{path}: not a regular file")
            folder, files = archive.read(file, status.st_size)
    except FileNotFoundError:
        raise GateError(f"{path}: no such file or folder") from None
    if INFO in files and _label(files[INFO]) != folder:
        raise BundleError(Code.NOT_CANONICAL, f"the archive's folder is {shown(folder)}, not the one its label makes")
    return files


def read_folder(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of each file under a folder, sorted by name. Raises BundleError for anything but plain files."""
    names = Names()
    total = 0
    for number, name in enumerate(sorted(_walk(folder))):
        if number >= archive.MAX_FILES:
            raise BundleError(Code.TOO_MANY_FILES, f"more than {archive.MAX_FILES:,} files")
        names.add(name)
        data = _read_file(folder, name, archive.MAX_BYTES - total)
        total += len(data)
        yield name, data


def _walk(folder: Path) -> Iterator[str]:
    def failed(error: OSError) -> None:
        raise BundleError(Code.UNREADABLE, f"{shown(str(error.filename))}: {error.strerror}")

    for base, folders, names in os.walk(folder, onerror=failed):
        inside = os.path.relpath(base, folder)
        prefix = "" if inside == "." else inside.replace(os.sep, "/") + "/"
        for name in folders:
            if Path(base, name).is_symlink():
                raise BundleError(Code.ENTRY_TYPE, f"{shown(prefix + name)} is a symbolic link")
        if prefix and not folders and not names:
            raise BundleError(Code.UNLISTED_FILE, f"{shown(prefix)} is an empty folder; a bundle has none")
        yield from (prefix + name for name in names)


def _read_file(folder: Path, name: str, limit: int) -> bytes:
    try:
        handle = os.open(folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if (folder / name).is_symlink():
            raise BundleError(Code.ENTRY_TYPE, f"{shown(name)} is a symbolic link") from None
        raise BundleError(Code.UNREADABLE, f"{shown(name)}: {error.strerror}") from None
    with os.fdopen(handle, "rb", buffering=0) as file:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise BundleError(Code.ENTRY_TYPE, f"{shown(name)} is not a regular file")
        if status.st_size > limit:
            raise BundleError(Code.TOO_LARGE, f"more than {archive.MAX_BYTES:,} bytes")
        data: bytes = file.read(status.st_size + 1)
    if len(data) != status.st_size:
        raise BundleError(Code.UNREADABLE, f"{shown(name)} changed while it was read")
    return data


def check_manifests(files: Mapping[str, bytes], digests: Mapping[str, str]) -> int:
    """Compare the digest of every file with the manifests, and their names with the names; return how many are payload.

    `files` needs to hold the two manifests only. Raises BundleError: MALFORMED, UNLISTED_FILE, MISSING_FILE,
    DIGEST_MISMATCH.
    """
    tags = _listed(files, TAG_MANIFEST)
    if set(tags) != set(TAG_FILES):
        raise BundleError(Code.MALFORMED, f"{TAG_MANIFEST} must list exactly {', '.join(TAG_FILES)}")
    payload = _listed(files, MANIFEST)
    present = set(digests) - {*TAG_FILES, TAG_MANIFEST, SIGNATURE}
    for name in sorted(present - set(payload)):
        raise BundleError(Code.UNLISTED_FILE, f"{shown(name)} is there and not in the manifest")
    for name in sorted((set(payload) - present) | (set(TAG_FILES) - set(digests))):
        raise BundleError(Code.MISSING_FILE, f"{shown(name)} is in the manifest and not there")
    for name, expected in sorted({**tags, **payload}.items()):
        if digests[name] != expected:
            raise BundleError(Code.DIGEST_MISMATCH, f"{shown(name)} is not the file that was signed")
    return len(payload)


def _listed(files: Mapping[str, bytes], name: str) -> dict[str, str]:
    """The entries of a BagIt manifest: path to digest. Raises BundleError."""
    if name not in files:
        raise BundleError(Code.MISSING_FILE, f"{name} is missing")
    try:
        text = files[name].decode("utf-8")
    except UnicodeDecodeError:
        raise BundleError(Code.MALFORMED, f"{name} is not UTF-8") from None
    entries: dict[str, str] = {}
    for line in text.removesuffix("\n").split("\n"):
        match = _LINE.fullmatch(line)
        if match is None or match[2] in entries:
            raise BundleError(Code.MALFORMED, f"{name} is not a BagIt manifest: {shown(line)}")
        entries[match[2]] = match[1]
    return entries


def _label(info: bytes) -> str:
    """The folder name that bag-info.txt states."""
    for line in info.decode("utf-8", "replace").splitlines():
        if line.startswith(_LABEL):
            return folder_name(line.removeprefix(_LABEL))
    raise BundleError(Code.MALFORMED, f"{INFO} has no External-Identifier")


def _one_line(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in text)
