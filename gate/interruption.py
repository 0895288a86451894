"""SIGINT, SIGTERM and SIGHUP end what runs now, once; what has to be put back and written down still is."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_SLICE_SECONDS = 0.1


class Stop:
    """Whether somebody asked to stop. A signal raises nothing: it is remembered, and kills the process that runs."""

    def __init__(self) -> None:
        self.requested = False
        self._group: int | None = None

    @contextlib.contextmanager
    def ending(self, group: int) -> Iterator[None]:
        """While the block runs, a signal ends this process group; also one that came just before."""
        self._group = group
        if self.requested:
            self._kill()
        try:
            yield
        finally:
            self._group = None

    def sleep(self, seconds: float) -> None:
        """Sleep, but not on after a signal."""
        until = time.monotonic() + seconds
        while not self.requested and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, _SLICE_SECONDS))

    def receive(self, _number: int, _frame: FrameType | None) -> None:
        """The signal handler. It writes past Python's buffers, which may be in use at this moment."""
        self.requested = True
        self._kill()
        with contextlib.suppress(OSError):
            os.write(2, b"gate: stopping; what must not be left half done is still being finished\n")

    def _kill(self) -> None:
        if self._group is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._group, signal.SIGKILL)


@contextlib.contextmanager
def stoppable() -> Iterator[Stop]:
    """Handle the signals while the block runs. Only the main thread can; elsewhere nothing changes."""
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = {number: signal.signal(number, stop.receive) for number in _SIGNALS}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
