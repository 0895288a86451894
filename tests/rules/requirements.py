"""Every requirement, the controls that ask it, and an example that passes and one that fails.

`python -m tests.rules.requirements` prints the table.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from gate.model import Example, Policy
from gate.reading import read_yaml

SEEDS = Path(__file__).with_name("seeds.yaml")


def table(loaded: Policy) -> Iterator[str]:
    """The lines of a Markdown table."""
    yield "| requirement | controls | passes | fails |"
    yield "|---|---|---|---|"
    document: dict[str, list[dict[str, Any]]] = read_yaml(SEEDS.read_bytes(), SEEDS.name).value
    for entries in document.values():
        for entry in entries:
            if "none" in entry:
                yield f"| {entry['says']} | none: {entry['none']} | | |"
                continue
            control = loaded.control(entry["controls"][0])
            assert control is not None, entry
            ids = ", ".join(entry["controls"])
            partly = f" (partly: {entry['partly']})" if "partly" in entry else ""
            good, bad = (_name(control.examples, passes=passes) for passes in (True, False))
            yield f"| {entry['says']} | {ids}{partly} | {good} | {bad} |"


def _name(examples: Sequence[Example], *, passes: bool) -> str:
    return next(example.name for example in examples if example.passes is passes)


def main() -> None:
    from tests.rules.conftest import all_packs

    with tempfile.TemporaryDirectory() as folder:
        sys.stdout.write("\n".join(table(all_packs(Path(folder)))) + "\n")


if __name__ == "__main__":
    main()
