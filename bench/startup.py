"""What it costs to start the gate, beside a bare Python and the usual ways to write a command line.

python bench/startup.py
"""

from __future__ import annotations

import sys
from pathlib import Path

from measure import compare, table

GATE = str(Path(sys.executable).parent / "gate")


def main() -> None:
    python = [sys.executable, "-c"]
    commands = {
        "python -c pass": [*python, "pass"],
        "import argparse": [*python, "import argparse"],
        "import click": [*python, "import click"],
        "gate --help": [GATE, "--help"],
        "gate --version": [GATE, "--version"],
        "gate check --help": [GATE, "check", "--help"],
        "gate explain DRL001": [GATE, "explain", "DRL001"],
        "import sigstore.verify": [*python, "import sigstore.verify"],
        "semgrep --version": [str(Path(sys.executable).parent / "semgrep"), "--version", "--disable-version-check"],
    }
    sys.stdout.write(table("start-up", compare(commands, rounds=9, cwd="/")))


if __name__ == "__main__":
    main()
