"""Run the configured Golden Path and self-check commands for real and keep what happened as evidence.

Nothing of the outcome is interpreted here: controls judge the record.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from gate import process
from gate.interruption import Stop
from gate.model import GateError, Row

DEFAULT_TIMEOUT_SECONDS = 300
TAIL_CHARACTERS = 2000
COMMAND_CHARACTERS = 4000


def run_path(
    path: str, commands: Sequence[Mapping[str, Any]], root: Path, environment: Mapping[str, str], stop: Stop
) -> Iterator[Row]:
    """Run the commands of `golden_path` or `self_checks` in order; each yields a step of a `golden_path_run` record.

    The first failure ends the Golden Path (what follows builds on it); self-checks all run. Raises GateError when a
    command can't be started at all.
    """
    for command in commands:
        step = _step(command, root, environment, stop)
        if stop.requested:
            raise KeyboardInterrupt
        yield step
        if path == "golden_path" and (step["exit_code"] != 0 or step["timed_out"]):
            return


def _step(command: Mapping[str, Any], root: Path, environment: Mapping[str, str], stop: Stop) -> Row:
    from gate.report.redact import redact

    argv = command["run"]
    timeout = command.get("timeout_seconds", DEFAULT_TIMEOUT_SECONDS)
    try:
        ended = process.run(argv, root, timeout_seconds=timeout, environment=environment, stop=stop, merged=True)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise GateError(f"{command['name']}: {argv[0]!r} can't be started: {reason}") from None
    return {
        "name": command["name"],
        "command": " ".join(argv)[:COMMAND_CHARACTERS],
        "exit_code": ended.exit_code,
        "timed_out": ended.timed_out,
        "duration_ms": ended.duration_ms,
        "output_sha256": ended.stdout_sha256,
        "output_tail": redact(ended.stdout)[-TAIL_CHARACTERS:],  # cut afterwards: half a secret is not recognised
    }
