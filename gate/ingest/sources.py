"""What to ingest: the files that are named, opened, unpacked and read once, in the blocks of their formats."""

from __future__ import annotations

import contextlib
import glob
import hashlib
import os
import stat
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

from gate.ingest.formats import TEXTS, Block, Broken, Pieces, parquet
from gate.ingest.unpacking import CorruptError, unpacker
from gate.model import GateError, UndecidedError

STDIN = "-"
FORMATS = {"ndjson": "ndjson", "jsonl": "ndjson", "json": "json", "csv": "csv", "parquet": "parquet"}
_PACKED = (".gz", ".zst")
_PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Source:
    """Something to read: its name as given, its place (None: standard input) and its format."""

    name: str
    path: Path | None
    format: str


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
                for block in self._formatted(index, source):
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

    def _formatted(self, index: int, source: Source) -> Iterator[Block]:
        if source.format in TEXTS:
            yield from TEXTS[source.format](self.unpacked(index, source), source.name)
            return
        if source.path is None:
            raise UndecidedError("standard input: Parquet is read from its end; give a file")
        read = self._read(index)
        with source.path.open("rb") as file:
            read.size = os.fstat(file.fileno()).st_size
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if read.known and read.sha256 != digest:
            raise UndecidedError(f"{source.name}: changed while it was read; ingest it again when it is whole")
        read.sha256 = digest
        yield from parquet(source.path, source.name)
        self._advance(read.size)

    @contextlib.contextmanager
    def _opened(self, source: Source) -> Iterator[BinaryIO]:
        if source.path is None:
            yield sys.stdin.buffer
            return
        with source.path.open("rb") as file:
            yield file

    def unpacked(self, index: int, source: Source) -> Pieces:
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
