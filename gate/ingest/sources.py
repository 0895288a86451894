"""Files, standard input, compression and formats → blocks of records' bytes, each with its line.

Nothing that was read is lost: what ends too early, or is no text of its format, is a record of its own that carries
the bytes it spoiled. Blank lines are no records.
"""

# ruff: noqa: S608 every name and string in the SQL here goes through identifier() and quoted()

from __future__ import annotations

import contextlib
import csv
import glob
import hashlib
import json
import os
import re
import stat
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

from gate.ingest.unpacking import CorruptError, unpacker
from gate.model import GateError, UndecidedError

BLOCK = 4 << 20
MAX_LINE = 64 << 20
"""A longer line is rejected, and of it only so much is kept."""
MAX_JSON = 256 << 20
"""Of a JSON document as a whole: it is held in memory. Lines and Parquet have no such limit."""
STDIN = "-"
FORMATS = {"ndjson": "ndjson", "jsonl": "ndjson", "json": "json", "csv": "csv", "parquet": "parquet"}
_PACKED = (".gz", ".zst")
_PIECE = 1 << 20
_MARK = b"\xef\xbb\xbf"
"""The byte order mark that spreadsheets put before CSV."""


@dataclass(frozen=True, slots=True)
class Source:
    """Something to read: its name as given, its place (None: standard input) and its format."""

    name: str
    path: Path | None
    format: str


@dataclass(frozen=True, slots=True)
class Broken:
    """Bytes that are no record of their format: at which line, why, and which."""

    line: int
    reason: str
    detail: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Block:
    """Records to judge. `lines` are (line, bytes); without them the block is text whose lines count from `first`.

    `header` is given for rows of CSV; `nulls` is true where a null means that there is no value (Parquet).
    """

    number: int
    source: int
    first: int = 1
    text: bytes = b""
    lines: tuple[tuple[int, bytes], ...] = ()
    broken: tuple[Broken, ...] = ()
    header: tuple[str, ...] | None = None
    nulls: bool = False

    @property
    def size(self) -> int:
        return len(self.text) + sum(len(data) for _, data in self.lines) + sum(len(b.data) for b in self.broken)


@dataclass(slots=True)
class Read:
    """What became of one source: its SHA-256 and size as stored, known once it was read to its end."""

    name: str
    sha256: str = ""
    size: int = 0
    known: bool = False
    """Whether the SHA-256 was found before it was read."""


def find(given: Sequence[str], wanted: str | None) -> list[Source]:
    """The sources that the arguments name: files, folders (everything in them of a known ending), patterns, `-`.

    Raises GateError for what is not there, names nothing, is named twice, or is of no known format.
    """
    found: list[Source] = []
    for argument in given:
        if argument == STDIN:
            found.append(Source("standard input", None, wanted or "ndjson"))
            continue
        path = Path(argument)
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*") if _format(p) is not None or p.is_symlink())
            for inner in inside:
                if inner.is_symlink():
                    raise GateError(f"{_shown(inner)}: a symbolic link in a folder of sources; name what it leads to")
            inside = [p for p in inside if not p.is_dir()]
            if not inside:
                raise GateError(f"{argument}: no file in this folder ends in {', '.join(f'.{f}' for f in FORMATS)}")
            found += [Source(str(p), p, wanted or str(_format(p))) for p in inside]
        elif path.exists():
            found.append(Source(argument, path, wanted or _known(path)))
        elif any(c in argument for c in "*?["):
            names = sorted(glob.glob(argument, recursive=True))  # noqa: PTH207 the pattern may be absolute
            if not names:
                raise GateError(f"{argument}: no file matches")
            found += [Source(n, Path(n), wanted or _known(Path(n))) for n in names if not Path(n).is_dir()]
        else:
            raise GateError(f"{argument}: no such file")
    seen: dict[Any, str] = {}
    for source in found:
        key = STDIN if source.path is None else source.path.resolve()
        if key in seen:
            raise GateError(f"{source.name}: is named twice")
        seen[key] = source.name
        if not source.name.isprintable():
            raise GateError(f"{source.name!r}: the name is not printable; rename the file")
        if source.path is not None and not stat.S_ISREG(source.path.stat().st_mode):
            raise GateError(f"{source.name}: not a regular file; give a pipe as -")
    return found


def _shown(path: Path) -> str:
    return str(path) if str(path).isprintable() else ascii(str(path))


def _format(path: Path) -> str | None:
    name = path.name.lower()
    for ending in _PACKED:
        name = name.removesuffix(ending)
    return FORMATS.get(name.rsplit(".", 1)[-1]) if "." in name else None


def packed(name: str) -> bool:
    """Whether a file's name says that it is compressed."""
    return name.lower().endswith(_PACKED)


def _known(path: Path) -> str:
    found = _format(path)
    if found is None:
        raise GateError(
            f"{path}: the format is not known by its name; give --format {'|'.join(sorted(set(FORMATS.values())))}"
        )
    return found


class Reader:
    """Reads sources into blocks, one after the other; `done` holds what became of each since `part` was called last.

    `digests` are the SHA-256 of sources by their number, where known beforehand; `skip` how many blocks are not given.
    """

    def __init__(
        self, sources: Sequence[Source], advance: Callable[[int], None], digests: Mapping[int, str] | None = None,
        skip: Mapping[int, int] | None = None,
    ) -> None:  # fmt: skip
        self.sources = sources
        self.done: list[Read] = []
        self.given = 0
        """Blocks of the last source so far, with those that were skipped."""
        self._digests = digests or {}
        self._skip = skip or {}
        self._advance = advance
        self._number = 0
        self._first = 0

    def blocks(self) -> Iterator[Block]:
        """Raises UndecidedError for a source that can't be read at all."""
        for index, source in enumerate(self.sources):
            digest = self._digests.get(index, "")
            size = source.path.stat().st_size if source.path is not None else 0
            self.done.append(Read(source.name, digest, size, known=bool(digest)))
            self.given = 0
            try:
                for block in _READERS[source.format](self, index, source):
                    self.given += 1
                    if self.given > self._skip.get(index, 0):
                        self._number += 1
                        yield replace(block, number=self._number, source=index - self._first)
            except OSError as error:
                raise UndecidedError(f"{source.name}: can't be read: {error.strerror or error}") from None

    @property
    def last(self) -> Source:
        """The source that is being read."""
        return self.sources[self._first + len(self.done) - 1]

    def part(self) -> None:
        """Begin anew to number blocks and sources; the last source goes on."""
        self._first += len(self.done) - 1
        self._number = 0
        del self.done[:-1]

    def _read(self, index: int) -> Read:
        return self.done[index - self._first]

    def block(self, source: int, **parts: Any) -> Block:
        return Block(0, source, **parts)

    @contextlib.contextmanager
    def _opened(self, source: Source) -> Iterator[BinaryIO]:
        if source.path is None:
            yield sys.stdin.buffer
            return
        with source.path.open("rb") as file:
            yield file

    def unpacked(self, index: int, source: Source) -> Iterator[bytes | Broken]:
        """The source's content in pieces, and at last why it is not whole, if it is not. Read it to its end."""
        read = self._read(index)
        size = 0
        digest = hashlib.sha256()
        with self._opened(source) as file:
            before = os.fstat(file.fileno())
            unpack = None
            broken = None
            try:
                while piece := file.read(_PIECE):
                    digest.update(piece)
                    size += len(piece)
                    self._advance(len(piece))
                    if unpack is None:
                        unpack = unpacker(piece)
                    yield from unpack.feed(piece)
                if unpack is not None and not unpack.ended:
                    broken = Broken(0, "truncated", f"the {unpack.name} stream ends before its end", b"")
            except CorruptError as error:
                broken = Broken(0, "corrupt", str(error), b"")
                while piece := file.read(_PIECE):
                    digest.update(piece)
                    size += len(piece)
            after = os.fstat(file.fileno())
        changed = source.path is not None and (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns)
        if read.known and read.sha256 != digest.hexdigest():
            changed = True
        read.sha256, read.size = digest.hexdigest(), size
        if changed:
            raise UndecidedError(f"{source.name}: changed while it was read; ingest it again when it is whole")
        if broken is not None:
            yield broken


def _lines(reader: Reader, index: int, source: Source) -> Iterator[Block]:
    """JSON Lines: blocks that end with a line."""
    rest: list[bytes] = []
    held = 0
    line = 1
    skipping: list[bytes] | None = None
    for piece in reader.unpacked(index, source):
        if isinstance(piece, Broken):
            data = b"".join(rest)
            end = data.rfind(b"\n") + 1
            if data[:end].strip():
                yield reader.block(index, first=line, text=data[:end])
            at = line + data.count(b"\n")
            yield reader.block(index, broken=(Broken(at, piece.reason, piece.detail, data[end:]),))
            return
        if skipping is not None:
            end = piece.find(b"\n")
            if end < 0:
                continue
            yield reader.block(index, broken=(_too_long(line, b"".join(skipping)),))
            skipping, line, piece = None, line + 1, piece[end + 1 :]
        rest.append(piece)
        held += len(piece)
        if held < BLOCK:
            continue
        data = b"".join(rest)
        end = data.rfind(b"\n") + 1
        if end:
            yield reader.block(index, first=line, text=data[:end])
            line += data.count(b"\n", 0, end)
        rest, held = [data[end:]], len(data) - end
        if held > MAX_LINE:
            skipping, rest, held = [data[end : end + MAX_LINE]], [], 0
    if skipping is not None:
        yield reader.block(index, broken=(_too_long(line, b"".join(skipping)),))
    data = b"".join(rest)
    if data:
        yield reader.block(index, first=line, text=data)


def _too_long(line: int, kept: bytes) -> Broken:
    return Broken(line, "too-long", f"a line of more than {MAX_LINE:,} bytes; so much of it is kept", kept)


_BLANK = re.compile(r"[ \t\r\n]*")


def _document(reader: Reader, index: int, source: Source) -> Iterator[Block]:
    """A JSON document: the elements of an array, or one value after another."""
    data, broken = _whole(reader, index, source)
    if broken is not None and broken.reason == "too-long":
        yield reader.block(index, broken=(broken,))
        return
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        yield reader.block(index, broken=(Broken(line, "not-json", f"not UTF-8 (byte {error.start})", data),))
        return
    found: list[tuple[int, bytes]] = []
    size, line, counted = 0, 1, 0
    values = _Values(text)
    for start, end in values:
        line, counted = line + text.count("\n", counted, start), start
        found.append((line, text[start:end].encode("utf-8")))
        size += end - start
        if size >= BLOCK:
            yield reader.block(index, lines=tuple(found))
            found, size = [], 0
    if found:
        yield reader.block(index, lines=tuple(found))
    rest = text[values.at :].encode("utf-8")
    if broken is not None or rest or not values.ended:
        line += text.count("\n", counted, values.at)
        reason, detail = ("not-json", "not JSON from here on" if rest else "the array does not end")
        if broken is not None:
            reason, detail = broken.reason, broken.detail
        yield reader.block(index, broken=(Broken(line, reason, detail, rest),))


class _Values:
    """Where the values of a JSON text begin and end; after the last one, `at` is where it stopped being JSON."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.at = _skip(text, 0)
        self.ended = True

    def __iter__(self) -> Iterator[tuple[int, int]]:
        text = self._text
        decode = json.JSONDecoder().raw_decode
        array = text[self.at : self.at + 1] == "["
        if array:
            self.ended = False
            self.at = _skip(text, self.at + 1)
            if text[self.at : self.at + 1] == "]":
                self.ended, self.at = True, _skip(text, self.at + 1)
                return
        while self.at < len(text):
            start = self.at
            try:
                _, end = decode(text, start)
            except (json.JSONDecodeError, RecursionError):
                return
            yield start, end
            self.at = _skip(text, end)
            if array:
                mark, self.at = (
                    text[self.at : self.at + 1],
                    _skip(text, self.at + 1) if self.at < len(text) else self.at,
                )
                if mark == "]":
                    self.ended = True
                    return
                if mark != ",":
                    return


def _skip(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return found.end() if found else at


def _whole(reader: Reader, index: int, source: Source) -> tuple[bytes, Broken | None]:
    pieces: list[bytes] = []
    held = 0
    broken = None
    for piece in reader.unpacked(index, source):
        if isinstance(piece, Broken):
            broken = piece
        elif held <= MAX_JSON:
            pieces.append(piece)
            held += len(piece)
    if held > MAX_JSON:
        said = f"a JSON document of more than {MAX_JSON:,} bytes; write one record a line (.ndjson)"
        return b"", Broken(1, "too-long", said, b"".join(pieces)[:MAX_LINE])
    return b"".join(pieces), broken


def _rows(reader: Reader, index: int, source: Source) -> Iterator[Block]:
    """CSV (RFC 4180) with a header: blocks of whole rows, which end where the number of quotes is even."""
    header: tuple[str, ...] | None = None
    found: list[tuple[int, bytes]] = []
    size = 0
    for at, data in (rows := _Rows(reader.unpacked(index, source))):
        if header is None:
            header = _header(data, source)
            continue
        found.append((at, data))
        size += len(data)
        if size >= BLOCK:
            yield reader.block(index, lines=tuple(found), header=header)
            found, size = [], 0
    if found:
        yield reader.block(index, lines=tuple(found), header=header)
    if rows.broken is not None:
        yield reader.block(index, broken=(rows.broken,))


class _Rows:
    """The rows of a CSV text with the line each begins at; then `broken` says why they are not all, if so."""

    def __init__(self, pieces: Iterator[bytes | Broken]) -> None:
        self._pieces = pieces
        self.broken: Broken | None = None

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        row: list[bytes] = []
        rest = b""
        line, quotes, size = 1, 0, 0
        for piece in self._pieces:
            if isinstance(piece, Broken):
                self.broken = Broken(line, piece.reason, piece.detail, b"\n".join([*row, rest]))
                return
            *whole, rest = (rest + piece).split(b"\n")
            for part in whole:
                row.append(part)
                quotes += part.count(b'"')
                size += len(part)
                if quotes % 2 and size <= MAX_LINE:
                    continue
                data = b"\n".join(row)
                if data.strip():
                    yield line, data.removesuffix(b"\r")
                line += len(row)
                row, quotes, size = [], 0, 0
            if len(rest) > MAX_LINE:
                self.broken = Broken(line, "too-long", f"a row of more than {MAX_LINE:,} bytes", rest[:MAX_LINE])
                for _ in self._pieces:
                    pass
                return
        data = b"\n".join([*row, rest])
        if data.strip():
            yield line, data.removesuffix(b"\r")


def _header(data: bytes, source: Source) -> tuple[str, ...]:
    try:
        names = next(csv.reader([data.removeprefix(_MARK).decode("utf-8")], strict=True))
    except (csv.Error, UnicodeDecodeError, StopIteration):
        raise GateError(f"{source.name}:1: the header is not CSV in UTF-8") from None
    if len(set(names)) != len(names) or not all(names):
        raise GateError(f"{source.name}:1: the header names a column twice, or leaves one without a name")
    return tuple(names)


def _parquet(reader: Reader, index: int, source: Source) -> Iterator[Block]:
    """Parquet: each row as a JSON object; a null is no value. The file is read by DuckDB with nothing else allowed."""
    import duckdb

    if source.path is None:
        raise UndecidedError("standard input: Parquet is read from its end; give a file")
    read = reader._read(index)
    with source.path.open("rb") as file:
        read.size = os.fstat(file.fileno()).st_size
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if read.known and read.sha256 != digest:
        raise UndecidedError(f"{source.name}: changed while it was read; ingest it again when it is whole")
    read.sha256 = digest
    name = str(source.path.resolve())
    if any(character in name for character in "*?["):
        raise GateError(f"{source.name}: the engine would take this name for a pattern; rename the file")
    try:
        connection = duckdb.connect(
            config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false", "threads": "1",
                    "memory_limit": "512MB", "python_enable_replacements": "false"}
        )  # fmt: skip
        connection.execute("SET TimeZone = 'UTC'")  # or a moment would be written as this machine's clock has it
        connection.execute("SET allowed_paths = [" + quoted(name) + "]")
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        columns = connection.execute(f"DESCRIBE SELECT * FROM read_parquet({quoted(name)})").fetchall()
        values = ", ".join(f"{identifier(c[0])} := {_as_json(identifier(c[0]), str(c[1]))}" for c in columns)
        cursor = connection.execute(f"SELECT to_json(struct_pack({values})) FROM read_parquet({quoted(name)})")
        row = 0
        while rows := cursor.fetchmany(4096):
            found = [(row + i, str(text).encode("utf-8", "surrogatepass")) for i, (text,) in enumerate(rows, 1)]
            row += len(rows)
            yield reader.block(index, lines=tuple(found), nulls=True)
        reader._advance(read.size)
    except duckdb.Error as error:
        said = (str(error).splitlines() or ["unreadable"])[0][:200]
        yield reader.block(index, broken=(Broken(1, "not-parquet", f"not Parquet that can be read: {said}", b""),))


def _as_json(name: str, kind: str) -> str:
    if kind.startswith("TIMESTAMP"):
        return f"strftime(CAST({name} AS TIMESTAMP), '%Y-%m-%dT%H:%M:%S.%gZ')"
    return name


def quoted(text: str) -> str:
    """An SQL string."""
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """An SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


_READERS: dict[str, Callable[[Reader, int, Source], Iterator[Block]]] = {
    "ndjson": _lines, "json": _document, "csv": _rows, "parquet": _parquet,
}  # fmt: skip
