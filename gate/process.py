"""One process of the judged project: no shell, no secrets, a process group of its own, a time-out, and an end.

A signal to the gate ends the process without tearing the gate's own steps apart (see `interruption`). What the process
left running in its group ends with it; a service that daemonised itself is its own affair.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from gate.interruption import Stop

MAX_OUTPUT_BYTES = 64 << 10
MAX_WRITTEN_BYTES = 256 << 20
_SLICE_SECONDS = 0.2
# What the gate signs with must not reach the code it judges.
PRIVATE = ("GATE_", "ACTIONS_ID_TOKEN_REQUEST", "SIGSTORE_ID_TOKEN", "COSIGN_", "VAULT_", "AWS_SECRET", "AZURE_CLIENT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a process ended. `exit_code` is negative for a signal; of each stream the last 64 KiB are kept.

    One that prints more than 256 MiB is killed, and its output says so at its end.
    """

    exit_code: int
    timed_out: bool
    duration_ms: int
    stdout: str
    stderr: str
    stdout_sha256: str
    """Digest of the whole of standard output."""


def run(
    argv: Sequence[str],
    root: Path,
    *,
    timeout_seconds: int,
    environment: Mapping[str, str],
    stop: Stop | None,
    merged: bool = False,
) -> Ended:
    """Run one process in `root`. With `stop` it is killed when somebody asks to stop; without, nothing cuts it short.

    `merged` sends standard error where standard output goes, in the order they came. Raises OSError and ValueError when
    it can't be started at all.
    """
    kept = {name: value for name, value in environment.items() if not name.startswith(PRIVATE)}
    timed_out = False
    started = time.monotonic()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            list(argv), cwd=root, env=kept, stdin=subprocess.DEVNULL, stdout=out,
            stderr=subprocess.STDOUT if merged else errors, start_new_session=True,
        )  # fmt: skip
        with contextlib.ExitStack() as leaving:
            leaving.callback(_kill, process.pid)
            if stop is not None:
                leaving.enter_context(stop.ending(process.pid))
            while True:
                left = started + timeout_seconds - time.monotonic()
                try:
                    exit_code = process.wait(timeout=max(0, min(left, _SLICE_SECONDS)))
                    break
                except subprocess.TimeoutExpired:
                    timed_out = left <= 0
                    if not timed_out and _size(out) + _size(errors) <= MAX_WRITTEN_BYTES:
                        continue
                _kill(process.pid)
                exit_code = process.wait()
                if not timed_out:
                    os.pwrite(out.fileno(), b"\ngate: killed, because it printed too much\n", _size(out))
                break
        return Ended(
            exit_code=exit_code,
            timed_out=timed_out,
            duration_ms=int((time.monotonic() - started) * 1000),
            stdout=_tail(out),
            stderr=_tail(errors),
            stdout_sha256=_digest(out),
        )


def _kill(group: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def _size(file: IO[bytes]) -> int:
    return os.fstat(file.fileno()).st_size


def _tail(file: IO[bytes]) -> str:
    file.seek(max(0, _size(file) - MAX_OUTPUT_BYTES))
    return file.read(MAX_OUTPUT_BYTES).decode("utf-8", "replace")


def _digest(file: IO[bytes]) -> str:
    """Of what is there now: a process that made itself a daemon may write on for ever."""
    digest = hashlib.sha256()
    left = _size(file)
    file.seek(0)
    while left > 0 and (chunk := file.read(min(left, 1 << 20))):
        digest.update(chunk)
        left -= len(chunk)
    return digest.hexdigest()
