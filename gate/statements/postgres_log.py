"""Statements in PostgreSQL's log: stderr, csvlog and jsonlog, plain or gzipped.

`log_statement`, `log_min_duration_statement` and `auto_explain` write what a client sent (PostgreSQL documentation,
"Error Reporting and Logging"): `statement: …` for the simple protocol, `execute <name>: …` for the extended one, whose
parameters stand in a DETAIL line of their own and are never read. Lines of an entry after the first begin with a tab.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import sys
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from gate.model import GateError
from gate.statements.observed import Record
from gate.statements.shapes import normalised

MAX_ENTRY = 4 << 20
_SEVERITY = re.compile(
    r"(?:^|[\s\]:>|])(?P<word>DEBUG[1-5]?|LOG|INFO|NOTICE|WARNING|ERROR|FATAL|PANIC|DETAIL|HINT|QUERY|CONTEXT|LOCATION|STATEMENT)"
    r":  ?"
)
_MESSAGE = re.compile(
    r"(?:duration: (?P<ms>\d+(?:\.\d+)?) ms(?:  (?P<timed>statement|execute [^:]*|parse [^:]*|bind [^:]*): )?"
    r"|(?P<plain>statement|execute [^:]*): )(?P<sql>.*)",
    re.DOTALL,
)
_COLUMNS = (23, 24, 26)
"""Fields of a csvlog line: PostgreSQL 12, 13, and 14 or later; the message is the fourteenth in all of them."""
_MESSAGE_FIELD = 13


def read_log(name: str) -> Record:
    """The statements of a log file, or of standard input (`-`). Raises GateError for one that is no such log."""
    record = Record(source="standard input" if name == "-" else name)
    record.notes.append(
        "constants are taken for parameters: a tenant that is written into the text can't be told from one"
    )
    entries = unread = 0
    try:
        with _opened(name) as stream:
            for message in _entries(stream, record):
                entries += 1
                found = _MESSAGE.match(message)
                if found is None:
                    continue
                kind = found["timed"] or found["plain"]
                if kind is None or kind.startswith(("parse", "bind")):
                    unread += kind is None and found["ms"] is not None
                    continue
                ms = float(found["ms"]) if found["ms"] is not None else None
                record.add(normalised(found["sql"]), milliseconds=ms)
    except (OSError, EOFError, zlib.error) as error:
        raise GateError(f"--from log {name}: {getattr(error, 'strerror', None) or error}") from None
    if not entries:
        raise GateError(f"--from log {name}: no entry of a PostgreSQL log was found in it")
    if not record.statements and not record.aside:
        raise GateError(
            f"--from log {name}: {entries:,} entries and no statement; set log_statement or log_min_duration_statement"
        )
    if unread:
        record.notes.append(f"{unread:,} durations without a statement: log_duration tells no texts")
    return record


@contextmanager
def _opened(name: str) -> Iterator[BinaryIO]:
    if name == "-":
        yield _decompressed(sys.stdin.buffer)
        return
    path = Path(name)
    if not path.is_file() and not path.is_fifo():
        raise GateError(f"--from log {name}: no such file")
    with path.open("rb") as stream:
        yield _decompressed(stream)


def _decompressed(stream: BinaryIO) -> BinaryIO:
    buffered = stream if isinstance(stream, io.BufferedReader) else io.BufferedReader(stream)  # type: ignore[type-var]
    if buffered.peek(2)[:2] == b"\x1f\x8b":
        return gzip.GzipFile(fileobj=buffered)  # type: ignore[return-value]
    return buffered


def _entries(stream: BinaryIO, record: Record) -> Iterator[str]:
    """The messages of severity LOG, in the format that the first line shows."""
    lines = _lines(stream, record)
    first = next(lines, "")
    rest = _chained(first, lines)
    if first.startswith("{"):
        yield from _of_json(rest, record)
    elif first.count(",") >= _COLUMNS[0] - 1 and len(next(csv.reader([first]), ())) >= _MESSAGE_FIELD:
        yield from _of_csv(rest, record)
    else:
        yield from _of_stderr(rest, record)


def _chained(first: str, lines: Iterator[str]) -> Iterator[str]:
    if first:
        yield first
    yield from lines


def _lines(stream: BinaryIO, record: Record) -> Iterator[str]:
    """Lines with their ends; of one that is too long, the beginning, and a word about it."""
    while line := stream.readline(MAX_ENTRY):
        if len(line) == MAX_ENTRY and not line.endswith(b"\n"):
            record.lost.append("an entry of more than 4 MiB")
            while line and not line.endswith(b"\n"):
                line = stream.readline(MAX_ENTRY)
            continue
        yield line.decode("utf-8", "replace")


def _of_stderr(lines: Iterable[str], record: Record) -> Iterator[str]:
    """Entries of the stderr format, whatever its log_line_prefix: the severity ends it."""
    current: list[str] | None = None
    size = 0
    for line in lines:
        if line.startswith("\t") or line in ("\n", "\r\n"):
            if current is not None and size <= MAX_ENTRY:
                current.append(line.removeprefix("\t"))
                size += len(line)
                if size > MAX_ENTRY:
                    record.lost.append("a statement of more than 4 MiB")
                    current = None
            continue
        found = _SEVERITY.search(line[:2000])
        if found is None:
            if current is not None:
                current.append(line)  # a log that lost its tabs on the way
                size += len(line)
            continue
        if current is not None:
            yield "".join(current).strip()
        current = [line[found.end() :]] if found["word"] == "LOG" else None
        size = len(line)
    if current is not None:
        yield "".join(current).strip()


def _of_csv(lines: Iterable[str], record: Record) -> Iterator[str]:
    csv.field_size_limit(MAX_ENTRY)
    broken = 0
    try:
        for row in csv.reader(lines):
            if not row:
                continue
            if len(row) not in _COLUMNS:
                broken += 1
            elif row[11] == "LOG":
                yield row[_MESSAGE_FIELD].strip()
    except csv.Error as error:
        record.lost.append(f"the rest of the file ({error})")
    if broken:
        record.lost.append(f"{broken:,} lines that are no csvlog entries")


def _of_json(lines: Iterable[str], record: Record) -> Iterator[str]:
    broken = 0
    for line in lines:
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError):
            entry = None
        if not isinstance(entry, dict) or not isinstance(entry.get("message", ""), str):
            broken += 1
        elif entry.get("error_severity") == "LOG":
            yield entry.get("message", "").strip()
    if broken:
        record.lost.append(f"{broken:,} lines that are no jsonlog entries")
