"""Blocks of records → files of what was accepted and what was held, in this process or in others.

A worker that dies takes the run with it: nothing is committed that nobody judged.
"""

from __future__ import annotations

import base64
import gc
import io
import multiprocessing
import signal
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import orjson

from gate.ingest.formats import Block
from gate.ingest.judge import REJECTED, Accepted, Held, Judge, Rules, cells, parse
from gate.ingest.shapes import CANONICAL
from gate.model import UndecidedError

INLINE = 1 << 20
"""Bytes of a held record that stand in the table; more are a file of their own."""
LINES_IN_BLOCK = 24
"""Bits of an ordinal that count within a block."""
HELD = "held"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of a block: how many records it had, accepted by kind, held, and the longest line written."""

    number: int
    source: int
    read: int
    accepted: Mapping[str, int]
    held: int
    longest: int
    size: int


def staged(folder: Path, number: int, name: str) -> Path:
    """The file of a block's accepted records of a kind, or of its HELD ones: JSON Lines in zstd."""
    return folder / f"{number:07}.{name}.zst"


class Work:
    """Judges blocks and writes what became of them into a folder."""

    def __init__(self, rules: Rules, folder: Path) -> None:
        self._compressors: dict[str, Any] = {}
        self._rules = rules
        self._judge = Judge(rules)
        self._folder = folder
        self._nullable = {name: schema.get("properties", {}) for name, schema in rules.schemas.items()}

    def __call__(self, block: Block) -> Result:
        judge = self._judge
        out = self.out()
        base = block.number << LINES_IN_BLOCK
        read = longest = 0
        shape = None
        if block.header is not None:
            shape = cells(list(block.header), self._rules.schemas, self._rules.kind)
        for line, data in _records(block):
            verdict = judge(data) if shape is None and not block.nulls else self._shaped(shape, data)
            if isinstance(verdict, Held):
                name, entry = HELD, self.held(base + read, block.source, line, verdict, data)
            else:
                name, entry = verdict[0], self.accepted(base + read, block.source, line, verdict[1])
            out.add(name, entry)
            if len(entry) > longest:
                longest = len(entry)
            read += 1
        for broken in block.broken:
            lost = Held(REJECTED, broken.reason, broken.detail)
            entry = self.held(base + read, block.source, broken.line, lost, broken.data)
            out.add(HELD, entry)
            longest = max(longest, len(entry))
            read += 1
        accepted = out.write(block.number)
        return Result(
            number=block.number, source=block.source, read=read, held=read - sum(accepted.values()), longest=longest,
            size=block.size, accepted=accepted,
        )  # fmt: skip

    def out(self) -> _Out:
        """The files of one block."""
        return _Out(self._folder, self._compressors)

    @staticmethod
    def canonical(record: Any) -> bytes:
        return orjson.dumps(record, option=CANONICAL)

    @staticmethod
    def accepted(ordinal: int, source: int, line: int, text: bytes) -> bytes:
        """The line of an accepted record, which is canonical JSON."""
        digest = sha256(text).hexdigest().encode()
        return b'{"o":%d,"f":%d,"l":%d,"d":"%b","e":%b}\n' % (ordinal, source, line, digest, text)

    def _shaped(self, shape: Any, data: bytes) -> Accepted | Held:
        """The verdict on a row of another format: as JSON, and without the nulls that only say "no value"."""
        try:
            text = data if shape is None else shape(data)
            value = parse(text)
        except ValueError as error:
            return Held(REJECTED, "not-a-row", str(error)[:300])
        if shape is None and isinstance(value, dict):
            kind = self._rules.kind or next(
                (n for n, p in self._nullable.items() if p.get("type", {}).get("const") == value.get("type")), ""
            )
            value = _without_nulls(value, self._nullable.get(kind, {}))
        return self._judge.judge(value)

    def held(self, ordinal: int, source: int, line: int, verdict: Held, data: bytes) -> bytes:
        """The line of a record that was not accepted; what is large is a file of its own."""
        digest = sha256(data).hexdigest()
        if not data:  # what is missing has no bytes; its place tells it apart
            digest = sha256(f"{source}:{line}:{verdict.reason}".encode()).hexdigest()
        inline = len(data) <= INLINE
        if not inline:
            (self._folder / f"{digest}.bytes").write_bytes(data)
        detail = verdict.detail.encode("utf-8", "replace").decode()[:400]
        return orjson.dumps({
            "o": ordinal, "f": source, "l": line, "outcome": verdict.outcome, "reason": verdict.reason,
            "detail": detail,
            "kind": verdict.kind, "identity": verdict.identity, "digest": digest, "size": len(data),
            "bytes": base64.b64encode(data).decode() if inline else None,
        }) + b"\n"  # fmt: skip


class _Out:
    """What becomes of a block: a file for each kind that was accepted, and one of what was held."""

    def __init__(self, folder: Path, compressors: dict[str, Any]) -> None:
        self._folder = folder
        self._compressors = compressors
        self._lines: dict[str, _Lines] = {}

    def add(self, name: str, line: bytes) -> None:
        if name not in self._lines:
            if name not in self._compressors:  # one writes one frame at a time
                import zstandard

                self._compressors[name] = zstandard.ZstdCompressor(level=1)
            self._lines[name] = _Lines(self._compressors[name])
        self._lines[name].add(line)

    def write(self, number: int) -> dict[str, int]:
        """Write the files; returns how many records of each kind were accepted."""
        for name, lines in self._lines.items():
            staged(self._folder, number, name).write_bytes(lines.packed())
        return {name: lines.count for name, lines in self._lines.items() if name != HELD}


class _Lines:
    """Lines on their way into one zstd frame, a few at a time: keeping a block's worth costs more than judging it."""

    def __init__(self, compressor: Any) -> None:
        self._frame = compressor.compressobj()
        self._waiting: list[bytes] = []
        self._done: list[bytes] = []
        self.count = 0

    def add(self, line: bytes) -> None:
        self.count += 1
        self._waiting.append(line)
        if len(self._waiting) == 64:
            self._done.append(self._frame.compress(b"".join(self._waiting)))
            self._waiting.clear()

    def packed(self) -> bytes:
        last = self._frame.compress(b"".join(self._waiting))
        return b"".join([*self._done, last, self._frame.flush()])


def _records(block: Block) -> Iterator[tuple[int, bytes]]:
    """The records of a block with their lines; white space is none."""
    yield from block.lines
    for number, line in enumerate(io.BytesIO(block.text), block.first):
        if line[0] == 123 or not line.isspace():  # most begin with a brace
            yield number, line.removesuffix(b"\n")


def _without_nulls(value: Any, properties: Mapping[str, Any]) -> Any:
    """An object without its nulls, where its schema does not ask for them."""
    if not isinstance(value, dict):
        return value
    kept = {}
    for name, inner in value.items():
        node = properties.get(name, {})
        types = node.get("type", ())
        if inner is not None:
            kept[name] = _without_nulls(inner, node.get("properties", {}))
        elif "null" in ([types] if isinstance(types, str) else types):
            kept[name] = None
    return kept


def _serve(pipe: Connection, rules: Rules, folder: Path) -> None:
    """The life of a worker: it ends when the pipe does, and leaves signals to the one who started it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.disable()  # records are trees; nothing of them is a cycle
    work = Work(rules, folder)
    while True:
        try:
            block = pipe.recv()
        except (EOFError, OSError):
            return
        try:
            answer: Result | str = work(block)
        except OSError as error:
            answer = f"{error.filename or folder}: {error.strerror or error}"
        try:
            pipe.send(answer)
        except OSError:  # nobody waits for it any more
            return


class Workers:
    """Judges blocks in `count` processes; with none of them, here."""

    def __init__(self, count: int, rules: Rules, folder: Path) -> None:
        self._free: list[Connection] = []
        self._busy: list[Connection] = []
        self._processes: list[BaseProcess] = []
        self._here = Work(rules, folder) if count == 0 else None
        context = multiprocessing.get_context("spawn")
        for _ in range(count):
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(theirs, rules, folder), daemon=True)
            process.start()
            theirs.close()
            self._free.append(ours)
            self._processes.append(process)

    def give(self, block: Block) -> Iterator[Result]:
        """Hand over a block, once somebody is free; yields what was finished meanwhile."""
        if self._here is not None:
            yield self._here(block)
            return
        if not self._free:
            yield from self._collect()
        pipe = self._free.pop()
        try:
            pipe.send(block)
        except OSError:
            raise _died() from None
        self._busy.append(pipe)

    def drain(self) -> Iterator[Result]:
        """What is still being judged."""
        while self._busy:
            yield from self._collect()

    def _collect(self) -> Iterator[Result]:
        for pipe in wait(self._busy):
            assert isinstance(pipe, Connection)
            try:
                answer = pipe.recv()
            except (EOFError, OSError):
                raise _died() from None
            if isinstance(answer, str):
                raise UndecidedError(f"{answer}; nothing was ingested")
            self._busy.remove(pipe)
            self._free.append(pipe)
            yield answer

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        for pipe in (*self._free, *self._busy):
            pipe.close()
        for process in self._processes:
            process.join(5)
            if process.is_alive():
                process.kill()


def _died() -> UndecidedError:
    return UndecidedError("a process that judged records died; nothing was ingested")
