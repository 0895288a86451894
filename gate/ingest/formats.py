"""Bytes in a format → blocks of records' bytes, each with its line: JSON Lines, JSON, CSV and Parquet.

Nothing that was read is lost: what ends too early, or is no text of its format, is a record of its own that carries
the bytes it spoiled. Blank lines are no records.
"""

# ruff: noqa: S608 every name and string in the SQL here goes through identifier() and quoted()

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from gate.model import GateError

BLOCK = 4 << 20
MAX_LINE = 64 << 20
"""A longer line is rejected, and of it only so much is kept."""
MAX_JSON = 256 << 20
"""Of a JSON document as a whole: it is held in memory. Lines and Parquet have no such limit."""
_MARK = b"\xef\xbb\xbf"
"""The byte order mark that spreadsheets put before CSV."""


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

    number: int = 0
    source: int = 0
    first: int = 1
    text: bytes = b""
    lines: tuple[tuple[int, bytes], ...] = ()
    broken: tuple[Broken, ...] = ()
    header: tuple[str, ...] | None = None
    nulls: bool = False

    @property
    def size(self) -> int:
        return len(self.text) + sum(len(data) for _, data in self.lines) + sum(len(b.data) for b in self.broken)


Pieces = Iterator[bytes | Broken]
"""A source's content as it comes, and at last why it is not whole, if it is not."""


def lines(pieces: Pieces, _: str) -> Iterator[Block]:
    """JSON Lines: blocks that end with a line."""
    rest: list[bytes] = []
    held = 0
    line = 1
    skipping: list[bytes] | None = None
    for piece in pieces:
        if isinstance(piece, Broken):
            data = b"".join(rest)
            end = data.rfind(b"\n") + 1
            if data[:end].strip():
                yield Block(first=line, text=data[:end])
            at = line + data.count(b"\n")
            yield Block(broken=(Broken(at, piece.reason, piece.detail, data[end:]),))
            return
        if skipping is not None:
            end = piece.find(b"\n")
            if end < 0:
                continue
            yield Block(broken=(_too_long(line, b"".join(skipping)),))
            skipping, line, piece = None, line + 1, piece[end + 1 :]
        rest.append(piece)
        held += len(piece)
        if held < BLOCK:
            continue
        data = b"".join(rest)
        end = data.rfind(b"\n") + 1
        if end:
            yield Block(first=line, text=data[:end])
            line += data.count(b"\n", 0, end)
        rest, held = [data[end:]], len(data) - end
        if held > MAX_LINE:
            skipping, rest, held = [data[end : end + MAX_LINE]], [], 0
    if skipping is not None:
        yield Block(broken=(_too_long(line, b"".join(skipping)),))
    data = b"".join(rest)
    if data:
        yield Block(first=line, text=data)


def _too_long(line: int, kept: bytes) -> Broken:
    return Broken(line, "too-long", f"a line of more than {MAX_LINE:,} bytes; so much of it is kept", kept)


_BLANK = re.compile(r"[ \t\r\n]*")


def document(pieces: Pieces, _: str) -> Iterator[Block]:
    """A JSON document: the elements of an array, or one value after another."""
    data, broken = _whole(pieces)
    if broken is not None and broken.reason == "too-long":
        yield Block(broken=(broken,))
        return
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        yield Block(broken=(Broken(line, "not-json", f"not UTF-8 (byte {error.start})", data),))
        return
    found: list[tuple[int, bytes]] = []
    size, line, counted = 0, 1, 0
    values = _Values(text)
    for start, end in values:
        line, counted = line + text.count("\n", counted, start), start
        found.append((line, text[start:end].encode("utf-8")))
        size += end - start
        if size >= BLOCK:
            yield Block(lines=tuple(found))
            found, size = [], 0
    if found:
        yield Block(lines=tuple(found))
    rest = text[values.at :].encode("utf-8")
    if broken is not None or rest or not values.ended:
        line += text.count("\n", counted, values.at)
        detail = "not JSON from here on" if rest else "the array does not end"
        # Of an array that breaks off nobody knows what else was in it.
        reason = "not-json" if values.ended else "corrupt" if rest else "truncated"
        if broken is not None:
            reason, detail = broken.reason, broken.detail
        yield Block(broken=(Broken(line, reason, detail, rest),))


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


def _whole(pieces: Pieces) -> tuple[bytes, Broken | None]:
    found: list[bytes] = []
    held = 0
    broken = None
    for piece in pieces:
        if isinstance(piece, Broken):
            broken = piece
        elif held <= MAX_JSON:
            found.append(piece)
            held += len(piece)
    if held > MAX_JSON:
        said = f"a JSON document of more than {MAX_JSON:,} bytes; write one record a line (.ndjson)"
        return b"", Broken(1, "too-long", said, b"".join(found)[:MAX_LINE])
    return b"".join(found), broken


def rows(pieces: Pieces, name: str) -> Iterator[Block]:
    """CSV (RFC 4180) with a header: blocks of whole rows, which end where the number of quotes is even."""
    header: tuple[str, ...] | None = None
    found: list[tuple[int, bytes]] = []
    size = 0
    for at, data in (read := _Rows(pieces)):
        if header is None:
            header = _header(data, name)
            continue
        found.append((at, data))
        size += len(data)
        if size >= BLOCK:
            yield Block(lines=tuple(found), header=header)
            found, size = [], 0
    if found:
        yield Block(lines=tuple(found), header=header)
    if read.broken is not None:
        yield Block(broken=(read.broken,))


class _Rows:
    """The rows of a CSV text with the line each begins at; then `broken` says why they are not all, if so."""

    def __init__(self, pieces: Pieces) -> None:
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


def _header(data: bytes, name: str) -> tuple[str, ...]:
    try:
        names = next(csv.reader([data.removeprefix(_MARK).decode("utf-8")], strict=True))
    except (csv.Error, UnicodeDecodeError, StopIteration):
        raise GateError(f"{name}:1: the header is not CSV in UTF-8") from None
    if len(set(names)) != len(names) or not all(names):
        raise GateError(f"{name}:1: the header names a column twice, or leaves one without a name")
    return tuple(names)


def parquet(path: Path, name: str) -> Iterator[Block]:
    """Each row as a JSON object; a null is no value. The file is read by DuckDB with nothing else allowed."""
    import duckdb

    place = str(path.resolve())
    if any(character in place for character in "*?["):
        raise GateError(f"{name}: the engine would take this name for a pattern; rename the file")
    try:
        connection = duckdb.connect(
            config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false", "threads": "1",
                    "memory_limit": "512MB", "python_enable_replacements": "false"}
        )  # fmt: skip
        connection.execute("SET TimeZone = 'UTC'")  # or a moment would be written as this machine's clock has it
        connection.execute("SET allowed_paths = [" + quoted(place) + "]")
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        columns = connection.execute(f"DESCRIBE SELECT * FROM read_parquet({quoted(place)})").fetchall()
        values = ", ".join(f"{identifier(c[0])} := {_as_json(identifier(c[0]), str(c[1]))}" for c in columns)
        cursor = connection.execute(f"SELECT to_json(struct_pack({values})) FROM read_parquet({quoted(place)})")
        row = 0
        while read := cursor.fetchmany(4096):
            found = [(row + i, str(text).encode("utf-8", "surrogatepass")) for i, (text,) in enumerate(read, 1)]
            row += len(read)
            yield Block(lines=tuple(found), nulls=True)
    except duckdb.Error as error:
        said = (str(error).splitlines() or ["unreadable"])[0][:200]
        yield Block(broken=(Broken(1, "not-parquet", f"not Parquet that can be read: {said}", b""),))


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


TEXTS: dict[str, Callable[[Pieces, str], Iterator[Block]]] = {"ndjson": lines, "json": document, "csv": rows}
"""The readers of text, by format; they are given the source's name for what they refuse. Parquet is read by itself."""
