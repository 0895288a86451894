"""Small projects, `=== path` before each file: a comment `want: verdict` labels what stands between it and the last one.

The worst verdict of the statements in these lines counts; `silent` wants none.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lints.scan import scan
from lints.schema import build_model

FOLDER = Path(__file__).parent / "labelled"
SCHEMA = b"""
create table tenants (id uuid primary key, name text);
create table ports (id uuid primary key, tenant_id uuid not null references tenants(id), name text);
create table boats (id uuid primary key, tenant_id uuid not null references tenants(id), name text, port_id uuid);
create table logs (id uuid primary key, boat_id uuid not null references boats(id), body text);
"""
WORST = ("proven", "weak", "unparsed", "opaque", "violation")
LABEL = re.compile(r"(?://|#)\s*want:(\w+)")


def judged(path: Path) -> tuple[dict[str, str], dict[str, str]]:
    """What is wanted at each labelled line, and what is found there."""
    parts = re.split(r"^=== (\S+)\n", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    files = {f"src/{name}": text.encode() for name, text in zip(parts[1::2], parts[2::2], strict=True)}
    files["migrations/1.sql"] = SCHEMA
    facts = scan(sorted(files.items()), build_model(files, {}))
    wanted: dict[str, str] = {}
    found: dict[str, str] = {}
    for name, data in files.items():
        last = 0
        for number, line in enumerate(data.decode().split("\n"), 1):
            label = LABEL.search(line)
            if label is None:
                continue
            here = [row.verdict for row in facts.accesses if row.path == name and last < row.line <= number]
            place, last = f"{name}:{number} {line.strip()}", number
            wanted[place] = label.group(1)
            found[place] = max(here, key=WORST.index) if here else "silent"
    return wanted, found


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.txt")), ids=lambda path: path.stem)
def test_every_statement_of_a_project_is_judged_as_it_is_labelled(path: Path) -> None:
    wanted, found = judged(path)
    assert wanted
    assert found == wanted
