"""Ingest a million events: the judge beside python-jsonschema on the same lines, and `gate ingest` as a whole process.

python bench/ingest.py [EVENTS]     # prints the tables; 1,000,000 events (409 MB of NDJSON) by default

python-jsonschema is timed on a sample of the lines, in this process, and scaled to the rest; the verdicts of both on the
sample must be the same. The judge's time is of one process as well. `gate ingest` does more: it finds duplicates, writes
Parquet and commits; it uses two processes.
"""

from __future__ import annotations

import gc
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from measure import once

GATE = str(Path(sys.executable).parent / "gate")
SCHEMA = Path(__file__).parent.parent / "rules" / "finops" / "schemas" / "meter_event.json"
SAMPLE = 20_000
METERS = ("policy.cpu_milliseconds", "storage.gb_hours", "egress.bytes", "api.calls")


def write(path: Path, count: int) -> None:
    """So many meter events of 400 tenants over 28 days; one in 100 has no tenant, one in 250 is not valid."""
    event = json.loads(SCHEMA.read_text())["examples"][0]
    rng = random.Random(1)
    with path.open("w", encoding="utf-8") as file:
        for number in range(count):
            day, hour, minute, second = number % 28 + 1, number % 24, number % 60, number % 59
            event["id"] = f"meter-{number}"
            event["time"] = f"2026-10-{day:02}T{hour:02}:{minute:02}:{second:02}Z"
            event["recordedtime"] = f"2026-10-{day:02}T{hour:02}:{minute:02}:{second + 1:02}Z"
            event["tenantid"] = f"tenant-{rng.randrange(400)}"
            event["data"]["meter"] = event["subject"] = rng.choice(METERS)
            event["data"]["quantity"] = rng.randrange(1000) if number % 250 else "many"
            held = event.pop("tenantid") if number % 100 == 1 else None
            file.write(json.dumps(event, separators=(",", ":")) + "\n")
            if held is not None:
                event["tenantid"] = held


def project(root: Path) -> None:
    (root / "gate.yaml").write_text('version: 1\npolicy_version: "1"\nproject: bench\npacks: [finops, tenant-zero]\n')


def timed(work: Callable[[], int]) -> tuple[int, float]:
    """What it counted, and the CPU seconds it took: the best of three."""
    best = float("inf")
    for _ in range(3):
        started = time.process_time()
        found = work()
        best = min(best, time.process_time() - started)
    return found, best


def verdicts(path: Path, root: Path, count: int) -> str:
    """Judge the first lines with both."""
    import jsonschema

    from gate import policy
    from gate.ingest import judge, run
    from gate.reading import parse_time
    from gate.tree import WorkTree

    rules = run.rules_of(policy.load(WorkTree(root, versioned=False)), None, None, parse_time("2026-11-21T00:00:00Z"))
    judged = judge.Judge(rules)
    checker = jsonschema.FormatChecker(formats=())
    checker.checks("date-time", raises=ValueError)(lambda v: not isinstance(v, str) or bool(parse_time(v)))
    reference = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text()), format_checker=checker)
    with path.open("rb") as file:
        sample = [next(file).rstrip(b"\n") for _ in range(min(SAMPLE, count))]
    same = sum(isinstance(judged(line), judge.Held) != reference.is_valid(json.loads(line)) for line in sample)
    gc.disable()
    accepted, ours = timed(lambda: sum(type(judged(line)) is tuple for line in sample))
    _, theirs = timed(lambda: sum(reference.is_valid(json.loads(line)) for line in sample))
    gc.enable()
    scale = count / len(sample)
    return (
        f"| what, CPU seconds for {count:,} events | s | ratio |\n|---|---|---|\n"
        f"| python-jsonschema and json ({len(sample):,} events, scaled) | {theirs * scale:.1f} | 1 |\n"
        f"| gate.ingest.judge, one process (the same events, scaled) | {ours * scale:.1f} | {theirs / ours:.0f} x faster |\n"
        f"\nthe same verdict on {same:,} of {len(sample):,} events, {accepted:,} accepted\n\n"
    )


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        root, path = Path(folder), Path(folder, "events.ndjson")
        project(root)
        write(path, count)
        sys.stdout.write(f"{count:,} events, {path.stat().st_size / 1e6:.0f} MB\n\n" + verdicts(path, root, count))
        sys.stdout.write(
            "| gate ingest | wall s | CPU s | MiB of the largest process | exit |\n|---|---|---|---|---|\n"
        )
        for name, argv in (("into an empty store", []), ("the same again: all duplicates", [])):
            done = once([GATE, "ingest", str(path), "-C", str(root), *argv])
            sys.stdout.write(f"| {name} | {done.wall:.1f} | {done.cpu:.1f} | {done.memory:.0f} | {done.exit_code} |\n")
        held = sum(file.stat().st_size for file in (root / ".gate").rglob("*") if file.is_file())
        sys.stdout.write(f"\nthe store takes {held / 1e6:.0f} MB\n")


if __name__ == "__main__":
    main()
