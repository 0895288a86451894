"""The child process of a scan: it examines files, builds the model and judges, each step within a budget of its own.

It reads requests and writes answers, both as messages (see `frames`), on one socket. The first chunk of an answer says
what it is: `h` the child is ready, `p` it begins with the file named, `r` a result, `s` a result that took long and is
not to be kept, `f` a file that could not be analysed and why, `e` a declaration refused. The kernel ends the child when
a step spends its CPU time or memory; the first request without an answer says which file that was.
"""

from __future__ import annotations

import contextlib
import gc
import resource
import select
import signal
import socket
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lints.schema.catalog import Catalog

from lints.frames import pack, receive

FILE_SECONDS = 2.0
STATEMENT_SECONDS = 0.0005
JUDGE_SECONDS = 20.0
"""A file of thousands of statements, rows of seed data mostly, is judged in `FILE_SECONDS` and so much for each."""
BUILD_SECONDS = 20.0
MEMORY_BYTES = 512 << 20
_SLOW_SECONDS = 1.9  # parsers give up after two: what took this long may end otherwise on another day
_RETIRE_BYTES = 300 << 20
_EXAMINES = ("lints.extract.code", "lints.codec", "lints.examine")
_JUDGES = ("lints.proof.parse", "lints.proof.engine", "lints.judge")


def main() -> None:
    """Answer requests until the other side hangs up. `argv[1]` is the number of the socket."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when to stop
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    gc.set_threshold(20_000)  # trees of syntax are many objects and next to no garbage
    sys.modules["importlib.metadata"] = _nothing_installed()
    _Child(socket.socket(fileno=int(sys.argv[1]))).serve()


def _nothing_installed() -> ModuleType:
    """What sqlglot asks for dialects of other packages. Nobody's code but ours runs in a child; and to import what
    asks them would be a tenth of its start."""
    asked = ModuleType("importlib.metadata")
    asked.__dict__["entry_points"] = dict  # of no package
    return asked


class _Child:
    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        self._judge: Any = None
        self._held: tuple[bytes, Catalog | None] = (b"", None)
        self._imported: set[str] = set()
        self._starved = False
        self._slow = False
        self._since = 0.0

    def serve(self) -> None:
        steps: Mapping[bytes, Callable[[list[bytes]], None]] = {
            b"x": self._examine, b"m": self._model, b"j": self._judge_files, b"b": self._build,
            b"q": self._queries, b"c": self._classify,
        }  # fmt: skip
        self.send(b"h")
        while (request := self._next()) is not None:
            steps[request[0]](request[1:])
            if request[0] != b"m" and (self._starved or _resident() > _RETIRE_BYTES):
                return  # a fresh child is started when there is more to do; what it is prepared for comes first

    def _next(self) -> list[bytes] | None:
        """The next request; until there is one, what most of them need is imported."""
        ahead = deque(name for name in (*_EXAMINES, *_JUDGES) if name not in sys.modules)
        while ahead and not select.select([self._channel], [], [], 0)[0]:
            import_module(ahead.popleft())
        return receive(self._channel)

    def send(self, *chunks: bytes) -> None:
        self._channel.sendall(pack(*chunks))

    def _examine(self, chunks: list[bytes]) -> None:
        """`path, bytes` of each file; answers with `Examined` (empty: nothing in it) and what it adds to the model."""
        self._import(*_EXAMINES)
        from lints.codec import encode
        from lints.examine import examine, schema_of

        def step(path: str, data: bytes) -> tuple[bytes, bytes]:
            found = examine(path, data)
            self._starved |= any("MemoryError" in problem.reason for problem in found.extraction.problems)
            written = b"" if found.empty else encode(found)
            return written, b"%d" % schema_of(path, data)

        for name, data in zip(chunks[::2], chunks[1::2], strict=True):
            self._within(FILE_SECONDS, partial(step, name.decode(), data))

    def _model(self, chunks: list[bytes]) -> None:
        """`model, declarations`: what `j` judges by from now on."""
        self._import(*_JUDGES)
        from lints.codec import decode
        from lints.judge import Judge
        from lints.schema.declared import Declarations
        from lints.schema.facts import SourceModel

        self._judge = Judge(decode(chunks[0], SourceModel), decode(chunks[1], Declarations))
        self.send(b"r")

    def _judge_files(self, chunks: list[bytes]) -> None:
        """`Examined` of each file; answers with `Judged`."""
        from lints.codec import decode, encode
        from lints.examine import Examined

        def step(data: bytes) -> tuple[bytes]:
            examined = decode(data, Examined)
            found = examined.extraction
            seconds = FILE_SECONDS + STATEMENT_SECONDS * (len(found.statements) + len(found.calls))
            signal.setitimer(signal.ITIMER_PROF, min(seconds, JUDGE_SECONDS))
            return (encode(self._judge.judge(examined)),)

        for data in chunks:
            self._within(FILE_SECONDS, partial(step, data))

    def _queries(self, chunks: list[bytes]) -> None:
        """`path, bytes` of each file; answers with `Queries`."""
        self._import("lints.schema.query_helpers")
        from lints.codec import encode
        from lints.examine import queries_of

        def step(path: str, data: bytes) -> tuple[bytes]:
            return (encode(queries_of(path, data)),)

        for name, data in zip(chunks[::2], chunks[1::2], strict=True):
            self._within(FILE_SECONDS, partial(step, name.decode(), data))

    def _build(self, chunks: list[bytes]) -> None:
        """`step, dialect`, the `Drafts` of the steps before, `path, bytes` of each file; answers with the `Drafts`
        after it."""
        from lints.schema.steps import STEPS

        readers = STEPS[chunks[0].decode()].modules
        self._import("lints.schema.sources", *(f"lints.schema.{name}" for name in readers))
        from lints.codec import encode
        from lints.schema.sources import READERS

        step, dialect, before, *rest = chunks
        files = _Announced(self, dict(zip((name.decode() for name in rest[::2]), rest[1::2], strict=True)))

        def read() -> tuple[bytes]:
            catalog = self._catalog(before)
            READERS[step.decode()](catalog, files, dialect.decode())
            written = encode(catalog.drafts())
            self._held = (written, catalog)
            return (written,)

        self._within(BUILD_SECONDS, read)

    def _classify(self, chunks: list[bytes]) -> None:
        """`declarations, dialect, Drafts`; answers with the model."""
        self._import("lints.schema.catalog", "lints.schema.classify")
        from lints.codec import decode, encode
        from lints.schema.classify import classify
        from lints.schema.declared import DeclarationError, Declarations

        declared, dialect, drafts = chunks

        def step() -> tuple[bytes]:
            schema = self._catalog(drafts).freeze()
            return (encode(classify(schema, decode(declared, Declarations), dialect.decode())),)

        self._within(BUILD_SECONDS, step, refusal=DeclarationError)

    def _catalog(self, written: bytes) -> Catalog:
        """The catalog that holds such drafts, for somebody to change: the one of the last step, most often."""
        from lints.codec import decode
        from lints.schema.catalog import Catalog, Drafts

        before, catalog = self._held
        self._held = (b"", None)
        if catalog is not None and before == written:
            return catalog
        return Catalog.of(decode(written, Drafts)) if written else Catalog()

    def _within(
        self,
        seconds: float,
        step: Callable[[], tuple[bytes, ...]],
        *,
        refusal: type[Exception] | None = None,
    ) -> None:
        """Run a step within its CPU time and send what it gives."""
        self._slow = False
        self._since = time.process_time()
        signal.setitimer(signal.ITIMER_PROF, seconds)
        try:
            answer = (b"r", *step())
        except Exception as error:  # noqa: BLE001 - the boundary: whatever a hostile file breaks, the run goes on
            if refusal is not None and isinstance(error, refusal):
                answer = (b"e", str(error).encode("utf-8", "replace"))
            else:
                self._starved = isinstance(error, MemoryError)
                answer = (b"f", f"the analysis failed ({type(error).__name__})".encode())
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
        self.watch()
        if answer[0] == b"r" and (self._starved or self._slow):
            answer = (b"s", *answer[1:])
        self.send(*answer)

    def watch(self) -> None:
        """Note whether much CPU time went by since the last look: parsers give up, and another day they may not."""
        now = time.process_time()
        self._slow |= now - self._since > _SLOW_SECONDS
        self._since = now

    def _import(self, *modules: str) -> None:
        """Import what a step needs before its time runs; its memory counts from there."""
        if self._imported.issuperset(modules):
            return
        with contextlib.suppress(ValueError, OSError):  # a system without this limit still has the others
            resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        for name in modules:
            import_module(name)
        self._imported.update(modules)
        gc.freeze()  # what is imported stays
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_AS, (_address_space() + MEMORY_BYTES, resource.RLIM_INFINITY))


class _Announced(dict[str, bytes]):
    """Files that say which of them is looked at, so that one that ends the child is known by its name."""

    def __init__(self, child: _Child, files: Mapping[str, bytes]) -> None:
        super().__init__(files)
        self._child = child

    def __getitem__(self, path: str) -> bytes:
        signal.setitimer(signal.ITIMER_PROF, BUILD_SECONDS)
        self._child.watch()
        self._child.send(b"p", path.encode())
        return super().__getitem__(path)


def _address_space() -> int:
    return _pages(0) * resource.getpagesize()


def _resident() -> int:
    """Resident memory in bytes; 0 where it can't be told. The peak would be that of the parent, until it is passed."""
    with contextlib.suppress(OSError):
        return _pages(1) * resource.getpagesize()
    return 0


def _pages(column: int) -> int:
    with open("/proc/self/statm", "rb") as file:  # noqa: PTH123 OSError where there is none
        return int(file.read().split()[column])
