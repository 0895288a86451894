"""One activity's process: no shell, a process group of its own, a time-out, and an end when somebody stops the run.

`gate.commands` keeps the two streams together and leaves a signal to the interpreter; here they are apart, because
measurements stand on standard output, and a signal ends the process without tearing the runner's own steps apart.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from gate.commands import _PRIVATE as PRIVATE
from gate.drills.interruption import Stop

MAX_OUTPUT_BYTES = 64 << 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a process ended. `exit_code` is negative for a signal; of each stream the last 64 KiB are kept."""

    exit_code: int
    timed_out: bool
    stdout: str
    stderr: str


def run(
    argv: Sequence[str], root: Path, *, timeout_seconds: int, environment: Mapping[str, str], stop: Stop | None
) -> Ended:
    """Run one process in `root`. With `stop` it is killed when somebody asks to stop; without, nothing cuts it short.

    Raises OSError and ValueError when it can't be started at all.
    """
    kept = {name: value for name, value in environment.items() if not name.startswith(PRIVATE)}
    timed_out = False
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            list(argv), cwd=root, env=kept, stdin=subprocess.DEVNULL, stdout=out, stderr=errors, start_new_session=True
        )
        with contextlib.ExitStack() as leaving:
            # What the process left running in its group ends with it.
            leaving.callback(_kill, process.pid)
            if stop is not None:
                leaving.enter_context(stop.ending(process.pid))
            try:
                exit_code = process.wait(timeout=timeout_seconds)
            except subprocess.TimeoutExpired:
                timed_out = True
                _kill(process.pid)
                exit_code = process.wait()
        return Ended(exit_code=exit_code, timed_out=timed_out, stdout=_tail(out), stderr=_tail(errors))


def _kill(group: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def _tail(file: IO[bytes]) -> str:
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - MAX_OUTPUT_BYTES))
    return file.read().decode("utf-8", "replace")
