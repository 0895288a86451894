"""Coverage-guided fuzzing: python -m tests.attestations.fuzz.run [--seconds N] [TARGET …], in an environment with atheris.

Each target gets its seconds in a process of its own; a crash, a hang of 10 s or 2 GB of memory ends it with the input.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

LIMITS = ("-timeout=10", "-rss_limit_mb=2048", "-max_len=65536", "-print_final_stats=1")


def fuzz(name: str, arguments: list[str]) -> None:
    """Run one target until libFuzzer ends the process."""
    import atheris

    with atheris.instrument_imports(include=["attestations", "gate.bundle", "rfc3161_client", "sigstore"]):
        from .mutation import dumped, flipped, mutated
        from .targets import TARGETS
    target = TARGETS[name]

    def mutate(data: bytes, limit: int, seed: int) -> bytes:
        chance = random.Random(seed)
        if chance.randrange(3):
            try:
                if target.json:
                    return dumped(mutated(json.loads(data), chance))[:limit]
                return flipped(data, chance)[:limit]
            except (ValueError, RecursionError):
                pass
        changed: bytes = atheris.Mutate(data, limit)
        return changed

    atheris.Setup([sys.argv[0], *arguments], target.run, custom_mutator=mutate)
    atheris.Fuzz()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--corpus", type=Path, help="keep what was found here (default: nowhere)")
    parser.add_argument("--here", help=argparse.SUPPRESS)
    parser.add_argument("targets", nargs="*")
    known, rest = parser.parse_known_args()
    if known.here:
        fuzz(known.here, [*rest, *known.targets])
    from .targets import TARGETS

    failed = 0
    with tempfile.TemporaryDirectory() as temporary:
        for name in known.targets or TARGETS:
            folder = (known.corpus or Path(temporary)) / name
            folder.mkdir(parents=True, exist_ok=True)
            for number, seed in enumerate(TARGETS[name].seeds()):
                (folder / f"seed-{number}").write_bytes(seed)
            started = time.monotonic()
            done = subprocess.run(
                [sys.executable, "-m", __spec__.name, "--here", name, *LIMITS, f"-max_total_time={known.seconds}",
                 f"-artifact_prefix={folder}/", str(folder)],
                capture_output=True, text=True, errors="replace", check=False,
            )  # fmt: skip
            spent = time.monotonic() - started
            units = re.search(r"number_of_executed_units: (\d+)", done.stderr)
            count = int(units[1]) if units else 0
            corpus = sum(1 for _ in folder.iterdir())
            print(f"{name:<17} {count:>9,} executions {count / spent:>8,.0f}/s {corpus:>6,} inputs kept", flush=True)
            if done.returncode:
                failed += 1
                print(done.stderr[-4000:], flush=True)
                for path in folder.glob("*-*"):
                    if path.name.startswith(("crash-", "timeout-", "oom-")):
                        print(path.name, path.read_bytes()[:2000], flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
