"""The labelled statements: blocks of `-- title`, `-- verdict [rule]`, SQL; one verdict per statement of the SQL."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

CORPUS = Path(__file__).parent / "corpus"
DIALECTS = {"mysql", "sqlite", "tsql", "clickhouse", "bigquery", "snowflake", "redshift", "duckdb"}


class Case(NamedTuple):
    name: str
    verdicts: tuple[str, ...]
    rule: str | None
    sql: str
    dialect: str


def load() -> list[Case]:
    cases: list[Case] = []
    for path in sorted(CORPUS.glob("*.sql")):
        dialect = path.stem.split("-")[0]
        for block in path.read_text(encoding="utf-8").strip().split("\n\n"):
            title, label, *lines = block.splitlines()
            words = label.removeprefix("-- ").split()
            rule = next((w for w in words if w.startswith("TEN")), None)
            verdicts = tuple(w for w in words if w not in (rule, ";"))
            cases.append(
                Case(
                    f"{path.stem}: {title.removeprefix('-- ')}",
                    verdicts,
                    rule,
                    "\n".join(lines),
                    dialect if dialect in DIALECTS else "postgres",
                )
            )
    return cases
