"""Run the configured commands (Golden Path, self-checks, purge) for real and keep what happened as evidence.

Each runs as a process group of its own with a time-out and without secrets in its environment; its output is kept as a
digest and a tail. Nothing of the outcome is interpreted here: controls judge the record.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gate.model import GateError

DEFAULT_TIMEOUT_SECONDS = 300
TAIL_BYTES = 2000
MAX_OUTPUT_BYTES = 64 << 20
# What the gate signs with must not reach the code it judges.
_PRIVATE = ("GATE_", "ACTIONS_ID_TOKEN_REQUEST", "SIGSTORE_ID_TOKEN", "COSIGN_", "VAULT_", "AWS_SECRET", "AZURE_CLIENT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """How a command ended. `exit_code` is negative for a signal; `output` is stdout and stderr as they came."""

    name: str
    command: str
    exit_code: int
    timed_out: bool
    duration_ms: int
    output: bytes

    def to_record(self) -> dict[str, Any]:
        """A step of a `golden_path_run` record."""
        from gate.report.redact import redact

        return {
            "name": self.name,
            "command": self.command,
            "exit_code": self.exit_code,
            "timed_out": self.timed_out,
            "duration_ms": self.duration_ms,
            "output_sha256": hashlib.sha256(self.output).hexdigest(),
            "output_tail": redact(self.output[-TAIL_BYTES:].decode("utf-8", "replace")),
        }


def run(name: str, argv: Sequence[str], root: Path, *, timeout_seconds: int, environment: Mapping[str, str]) -> Ran:
    """Run one command in `root`. Raises GateError when it can't be started at all."""
    kept = {key: value for key, value in environment.items() if not key.startswith(_PRIVATE)}
    started = time.monotonic()
    timed_out = False
    with tempfile.TemporaryFile() as sink:
        try:
            process = subprocess.Popen(
                list(argv), cwd=root, env=kept, stdin=subprocess.DEVNULL, stdout=sink, stderr=subprocess.STDOUT,
                start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            raise GateError(f"{name}: {argv[0]!r} can't be started: {error.strerror}") from None
        with _killed_afterwards(process):
            try:
                exit_code = process.wait(timeout=timeout_seconds)
            except subprocess.TimeoutExpired:
                timed_out = True
                os.killpg(process.pid, signal.SIGKILL)
                exit_code = process.wait()
        sink.seek(0)
        output = sink.read(MAX_OUTPUT_BYTES)
    return Ran(
        name=name,
        command=" ".join(argv),
        exit_code=exit_code,
        timed_out=timed_out,
        duration_ms=int((time.monotonic() - started) * 1000),
        output=output,
    )


@contextlib.contextmanager
def _killed_afterwards(process: subprocess.Popen[bytes]) -> Iterator[None]:
    try:
        yield
    finally:
        # What the command left running in its group ends with it; a service that daemonised itself is its own affair.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        if process.poll() is None:
            process.wait()


def run_path(
    path: str, commands: Sequence[Mapping[str, Any]], root: Path, environment: Mapping[str, str]
) -> Iterator[Ran]:
    """Run the commands of `golden_path` or `self_checks` in order; the first failure ends the path."""
    for command in commands:
        ran = run(
            command["name"],
            command["run"],
            root,
            timeout_seconds=command.get("timeout_seconds", DEFAULT_TIMEOUT_SECONDS),
            environment=environment,
        )
        yield ran
        if path == "golden_path" and (ran.exit_code != 0 or ran.timed_out):
            return
