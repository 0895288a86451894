"""Children that do the work of a scan on all cores: each file within its time and memory, a dead child replaced.

A hostile file can end a child: by its CPU time (the kernel's timer), by its memory, by a crash of a native parser, or
because it does not answer before the deadline and is killed. Answers come in the order of requests, so the first
request without one is the guilty file. The others go to a fresh child.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import lints
from lints.child import FILE_SECONDS
from lints.frames import FrameError, pack, unpack

MAX_WORKERS = 8
MAX_LOST = 64
BATCH_FILES, BATCH_BYTES = 48, 512 << 10
START_SECONDS = 120.0
WALL_PER_CPU = 5
"""Wall seconds a step may take for each second of CPU time it is given: machines are shared."""
_CHILD = "import json, sys; sys.path[:] = json.loads(sys.argv.pop()); from lints.child import main; main()"


class WorkersError(RuntimeError):
    """No child could be started, or one answers what is no answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a child said of one item. `lasting` is false for a result that must not be remembered."""

    chunks: Sequence[bytes]
    lasting: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """An item without a result, and why; of an item of several files also at which of them it was."""

    reason: str
    at: str | None = None
    refused: bool = False
    """The child refused it in words: nothing is wrong with the child."""


@dataclass(slots=True)
class _Item:
    key: str
    chunks: Sequence[bytes]
    again: bool = False


@dataclass(slots=True)
class _Slot:
    """One child. `waiting` are its items without an answer; `prepared` is the setup it has had."""

    process: subprocess.Popen[bytes]
    channel: socket.socket
    deadline: float
    buffer: bytearray = field(default_factory=bytearray)
    waiting: deque[_Item] = field(default_factory=deque)
    started: bool = False
    setting_up: bool = False
    prepared: object = None
    at: str | None = None
    late: float | None = None
    answers: int = 0
    """To all its messages; `fresh` means none to the last one yet."""
    fresh: bool = True

    @property
    def idle(self) -> bool:
        return self.started and not self.setting_up and not self.waiting


def cores() -> int:
    """How many children are worth having: one a core that this process may run on, at most eight."""
    mine = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(mine, MAX_WORKERS))


class Workers:
    """At most `size` children, started when there is work for them; leaving the context ends them."""

    def __init__(self, size: int | None = None) -> None:
        self.size = size or cores()
        self._lost = 0
        self._slots: list[_Slot] = []
        self._selector = selectors.DefaultSelector()

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        for slot in list(self._slots):
            self._end(slot, patience=0)
        self._selector.close()

    def begin(self) -> None:
        """Start a child ahead of its work, if there is none: it prepares itself while files are still read."""
        if not self._slots:
            with contextlib.suppress(WorkersError):  # said when there is work for it
                self._start()

    def run(
        self,
        step: bytes,
        items: Iterable[tuple[str, Sequence[bytes]]],
        *,
        setup: Sequence[bytes] | None = None,
        seconds: float = FILE_SECONDS,
        meanwhile: Callable[[], None] | None = None,
    ) -> Iterator[tuple[str, Answer | Lost]]:
        """Send (key, chunks) to children and yield what came of each, in the order of completion.

        `setup` is a message that a child gets before its first item; `seconds` is the CPU time of an item, which the
        child sets itself; `meanwhile` is done once, instead of waiting for the first of them.
        """
        self._lost = 0
        batches = _batches(items)
        ready: deque[list[_Item]] = deque()
        wall = seconds * WALL_PER_CPU
        while True:
            if not ready and (batch := next(batches, None)) is not None:
                ready.append(batch)
            if self._lost > MAX_LOST:
                for batch in (*ready, *batches):
                    yield from ((item.key, Lost(reason="too many other files ended the analysis")) for item in batch)
                ready.clear()
            if ready:
                idle = next((slot for slot in self._slots if slot.idle), None)
                if idle is not None and setup is not None and idle.prepared is not setup:
                    self._set_up(idle, setup)
                    continue
                if idle is not None:
                    self._dispatch(idle, step, ready.popleft(), wall)
                    continue
                if not self._slots or (len(self._slots) < self.size and _full(ready[0])):
                    self._start()
                    continue
            elif not any(slot.waiting for slot in self._slots):
                return
            if meanwhile is not None:
                meanwhile()
                meanwhile = None
            yield from self._listen(ready, wall)

    def _listen(self, ready: deque[list[_Item]], wall: float) -> list[tuple[str, Answer | Lost]]:
        """Wait for whatever comes first: answers, an end, a deadline."""
        until = min(slot.deadline for slot in self._slots if not slot.idle)
        events = self._selector.select(max(0.0, until - time.monotonic()))
        found: list[tuple[str, Answer | Lost]] = []
        heard = [key.data for key, _ in events]
        for slot in heard:
            found += self._receive(slot, ready, wall)
        now = time.monotonic()
        for slot in [s for s in self._slots if s not in heard and not s.idle and s.deadline < now]:
            slot.late = wall if slot.started else START_SECONDS
            found += self._bury(slot, ready)
        return found

    def _receive(self, slot: _Slot, ready: deque[list[_Item]], wall: float) -> list[tuple[str, Answer | Lost]]:
        try:
            piece = slot.channel.recv(1 << 20)
        except OSError:
            piece = b""
        if not piece:
            return self._bury(slot, ready)
        slot.buffer += piece
        slot.deadline = time.monotonic() + wall
        found: list[tuple[str, Answer | Lost]] = []
        try:
            while (message := unpack(slot.buffer)) is not None:
                found += self._heard(slot, message)
        except (FrameError, IndexError, UnicodeDecodeError):
            raise WorkersError("a child process of the scan answered with something else than an answer") from None
        return found

    def _heard(self, slot: _Slot, message: list[bytes]) -> list[tuple[str, Answer | Lost]]:
        kind = message[0]
        if kind == b"h":
            slot.started = True
        elif kind == b"p":
            slot.at = message[1].decode()
        elif slot.setting_up:
            slot.setting_up = False
            slot.answers += 1
        else:
            slot.answers += 1
            slot.fresh = False
            item = slot.waiting.popleft()
            if kind in (b"f", b"e"):
                reason = message[1].decode("utf-8", "replace")
                return [(item.key, Lost(reason=reason, at=slot.at, refused=kind == b"e"))]
            return [(item.key, Answer(chunks=message[1:], lasting=kind == b"r"))]
        return []

    def _bury(self, slot: _Slot, ready: deque[list[_Item]]) -> list[tuple[str, Answer | Lost]]:
        """A child has ended, or has to. The item it was at is tried once more unless its time ran out."""
        exit_code = self._end(slot, patience=0 if slot.late is not None else 5)
        if exit_code == 0 and slot.answers and slot.fresh:
            # It had grown too large and retired, and what was sent to it meanwhile it has not read.
            if slot.waiting:
                ready.appendleft(list(slot.waiting))
            return []
        if not slot.started or slot.setting_up:
            raise WorkersError(f"a child process of the scan did not start: {_why(slot, exit_code)}")
        if not slot.waiting:
            return []  # it retired, and nothing was sent to it
        guilty = slot.waiting.popleft()
        if slot.waiting:
            ready.appendleft(list(slot.waiting))
        timed_out = slot.late is not None or exit_code == -signal.SIGPROF
        if not timed_out and not guilty.again:
            ready.append([_Item(guilty.key, guilty.chunks, again=True)])
            return []
        self._lost += 1
        return [(guilty.key, Lost(reason=_why(slot, exit_code), at=slot.at))]

    def _start(self) -> None:
        try:
            ours, theirs = socket.socketpair()
        except OSError as error:
            raise WorkersError(f"a child process of the scan did not start: {error.strerror}") from None
        here = str(Path(lints.__file__).resolve().parent.parent)
        path = [entry for entry in sys.path if Path(entry).is_absolute()]
        argv = [sys.executable, "-P", "-s", "-S", *(["-B"] if sys.dont_write_bytecode else []), "-c", _CHILD]
        with theirs:
            try:
                process = subprocess.Popen(
                    [*argv, str(theirs.fileno()), json.dumps([*path, *([] if here in path else [here])])],
                    cwd="/", env={"LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "0"}, pass_fds=[theirs.fileno()],
                    stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                    start_new_session=True,
                )  # fmt: skip
            except OSError as error:
                ours.close()
                raise WorkersError(f"a child process of the scan did not start: {error.strerror}") from None
        ours.settimeout(START_SECONDS)
        slot = _Slot(process, ours, time.monotonic() + START_SECONDS)
        self._slots.append(slot)
        self._selector.register(ours, selectors.EVENT_READ, slot)

    def _set_up(self, slot: _Slot, setup: Sequence[bytes]) -> None:
        slot.prepared = setup
        slot.setting_up = slot.fresh = True
        slot.deadline = time.monotonic() + START_SECONDS
        self._send(slot, setup)

    def _dispatch(self, slot: _Slot, step: bytes, batch: list[_Item], wall: float) -> None:
        slot.waiting.extend(batch)
        slot.fresh = True
        slot.at = None
        # Until its first answer a child may still be importing what the step needs.
        slot.deadline = time.monotonic() + wall + START_SECONDS / 4
        self._send(slot, [step, *(chunk for item in batch for chunk in item.chunks)])

    def _send(self, slot: _Slot, message: Sequence[bytes]) -> None:
        with contextlib.suppress(OSError):  # an ended child is heard of at once, and buried
            slot.channel.sendall(pack(*message))

    def _end(self, slot: _Slot, *, patience: float) -> int:
        """Its exit code. A child that hung up by itself is given time to say how it ended."""
        self._slots.remove(slot)
        self._selector.unregister(slot.channel)
        slot.channel.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            return slot.process.wait(patience)
        slot.process.kill()
        return slot.process.wait()


def _batches(items: Iterable[tuple[str, Sequence[bytes]]]) -> Iterator[list[_Item]]:
    batch: list[_Item] = []
    size = 0
    for key, chunks in items:
        batch.append(_Item(key, chunks))
        size += sum(map(len, chunks))
        if len(batch) >= BATCH_FILES or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _full(batch: list[_Item]) -> bool:
    return len(batch) >= BATCH_FILES or sum(len(c) for item in batch for c in item.chunks) >= BATCH_BYTES


def _why(slot: _Slot, exit_code: int) -> str:
    if slot.late is not None:
        return f"no answer within {slot.late:.0f} s"
    if exit_code == -signal.SIGPROF:
        return "it took more CPU time than one file is given"
    if exit_code == -signal.SIGKILL:
        return "its analysis was killed: too much memory, or by somebody"
    if exit_code < 0:
        return f"its analysis crashed ({signal.Signals(-exit_code).name})"
    return f"its analysis ended with {exit_code}"
