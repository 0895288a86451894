"""SIGINT, SIGTERM and SIGHUP end what runs now, once; what has to be put back and written down still is."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stop:
    """Whether somebody asked to stop.

    The signal raises KeyboardInterrupt only inside `interruptible`, so that it never tears a book-keeping step apart;
    elsewhere it is remembered in `requested`.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self.requested = False
        self._say = say
        self._armed = False

    @contextlib.contextmanager
    def interruptible(self) -> Iterator[None]:
        """A stretch that a signal may cut short."""
        if self.requested:
            raise KeyboardInterrupt
        self._armed = True
        try:
            yield
        finally:
            self._armed = False

    def receive(self, number: int, _frame: FrameType | None) -> None:
        """The signal handler."""
        again = self.requested
        self.requested = True
        if self._armed:
            self._armed = False
            raise KeyboardInterrupt
        self._say(
            f"{signal.Signals(number).name}: {'still ' if again else ''}finishing what must not be left half done"
        )


@contextlib.contextmanager
def stoppable(say: Callable[[str], None]) -> Iterator[Stop]:
    """Handle the signals while the block runs. Only the main thread can; elsewhere nothing changes."""
    stop = Stop(say)
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = {number: signal.signal(number, stop.receive) for number in _SIGNALS}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
