"""Time commands as whole processes, in turn (A B A B …), by the kernel's own accounting of each finished child.

Shared by the benchmarks here. Seconds on a shared machine say little; what counts is the ratio to the first row, taken
pair by pair within each round.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One finished run: wall and CPU seconds (user + system), peak resident memory in MiB, exit code."""

    wall: float
    cpu: float
    memory: float
    exit_code: int


def once(argv: Sequence[str], *, cwd: str | None = None) -> Sample:
    """Run a command to its end; its output is thrown away."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    started = time.perf_counter()
    process = subprocess.Popen(
        list(argv), cwd=cwd, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )  # fmt: skip
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    scale = 1 << 20 if sys.platform == "darwin" else 1 << 10
    return Sample(
        wall=time.perf_counter() - started,
        cpu=usage.ru_utime + usage.ru_stime,
        memory=usage.ru_maxrss / scale,
        exit_code=process.returncode,
    )


def compare(
    commands: Mapping[str, Sequence[str]], *, rounds: int = 5, cwd: str | None = None
) -> dict[str, list[Sample]]:
    """Run every command once per round, after one round that does not count."""
    for argv in commands.values():
        once(argv, cwd=cwd)
    found: dict[str, list[Sample]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, argv in commands.items():
            found[name].append(once(argv, cwd=cwd))
    return found


def table(title: str, samples: Mapping[str, Sequence[Sample]]) -> str:
    """Medians, and the paired ratio of wall and CPU time to the first row."""
    first = next(iter(samples.values()))
    lines = [
        title,
        "",
        "| what | wall s | cpu s | MiB | wall ratio | cpu ratio | exit |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, runs in samples.items():
        wall = statistics.median(r.wall / f.wall for r, f in zip(runs, first, strict=True))
        cpu = statistics.median(r.cpu / f.cpu for r, f in zip(runs, first, strict=True))
        middle = [statistics.median(getattr(r, part) for r in runs) for part in ("wall", "cpu", "memory")]
        codes = ",".join(sorted({str(r.exit_code) for r in runs}))
        lines.append(
            f"| {name} | {middle[0]:.3f} | {middle[1]:.3f} | {middle[2]:.0f} | {wall:.2f} | {cpu:.2f} | {codes} |"
        )
    return "\n".join(lines) + "\n"
