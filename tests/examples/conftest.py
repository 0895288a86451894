"""A private, bootstrapped copy of the example for every test, and a way to run its commands."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "summit-internal"
AS_OF = "2026-11-21T12:00:00Z"
GENERATED = shutil.ignore_patterns("var", "evidence", "__pycache__", "node_modules")


@dataclass(frozen=True, slots=True)
class Copy:
    """The example in a directory of its own."""

    root: Path

    @property
    def database(self) -> Path:
        return self.root / "var" / "summit.sqlite"

    def run(self, *argv: str, expect: int = 0) -> subprocess.CompletedProcess[str]:
        # Nothing of this process's environment helps the example to find its modules.
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "MAKE"))}
        done = subprocess.run(
            argv, cwd=self.root, env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == expect, f"{argv}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
        return done

    def python(self, *argv: str, expect: int = 0) -> subprocess.CompletedProcess[str]:
        return self.run(sys.executable, "-B", *argv, expect=expect)

    def op(self, module: str, *argv: str, expect: int = 0) -> dict[str, Any]:
        """Run an operation; the JSON on its last line."""
        done = self.python("-m", f"service.ops.{module}", *argv, expect=expect)
        return json.loads(done.stdout.splitlines()[-1]) if done.stdout.strip() else {"stderr": done.stderr.strip()}

    def make(self, target: str, expect: int = 0) -> subprocess.CompletedProcess[str]:
        return self.run("make", target, f"PYTHON={sys.executable}", expect=expect)


def copied(target: Path, source: Path = EXAMPLE) -> Copy:
    shutil.copytree(source, target, ignore=GENERATED if source == EXAMPLE else None)
    return Copy(target)


@pytest.fixture(scope="session")
def bootstrapped(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """Shared and never changed; tests work on copies of it."""
    made = copied(tmp_path_factory.mktemp("bootstrapped") / "summit")
    made.op("bootstrap", "--as-of", AS_OF)
    made.python("generate.py", "--only", "evidence", "--as-of", AS_OF)
    return made


@pytest.fixture
def example(bootstrapped: Copy, tmp_path: Path) -> Iterator[Copy]:
    """A bootstrapped copy; its service is stopped afterwards, if the test started one."""
    mine = copied(tmp_path / "summit", bootstrapped.root)
    yield mine
    if (mine.root / "var" / "service.pid").exists():
        mine.op("lifecycle", "down")
