"""The labelled statements: blocks of `-- title`, `-- verdict [rule]`, SQL; one verdict per statement of the SQL.

Those of `corpus/` speak of the harbour; each folder of `projects/` has a schema of its own, which the tool reads.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import yaml

from lints.ddl.guards import with_guards
from lints.schema import build_model, read_declarations
from lints.tenancy import Model

from . import harbour

CORPUS = Path(__file__).parent / "corpus"
PROJECTS = Path(__file__).parent / "projects"
DIALECTS = {
    "mysql",
    "sqlite",
    "tsql",
    "oracle",
    "clickhouse",
    "bigquery",
    "snowflake",
    "redshift",
    "duckdb",
    "spark",
    "trino",
}


class Case(NamedTuple):
    name: str
    verdicts: tuple[str, ...]
    rule: str | None
    sql: str
    dialect: str
    model: Model


@cache
def load() -> tuple[Case, ...]:
    """The statements about the harbour."""
    return tuple(
        case
        for path in sorted(CORPUS.glob("*.sql"))
        for case in _cases(path, path.stem, path.stem.split("-")[0], harbour.MODEL)
    )


@cache
def projects() -> tuple[Case, ...]:
    """The statements about other schemas, each as `lints.schema` reads it."""
    found: list[Case] = []
    for folder in sorted(p for p in PROJECTS.iterdir() if p.is_dir()):
        dialect = folder.name.split("-")[-1]
        declared = folder / "tenancy.yaml"
        said = read_declarations(
            yaml.safe_load(declared.read_text("utf-8")) if declared.exists() else {}, declared.name
        )
        schema = {"migrations/1.sql": (folder / "schema.sql").read_bytes()}
        model = with_guards(build_model(schema, said, dialect=dialect), said)
        found += _cases(folder / "statements.sql", folder.name, dialect, model)
    return tuple(found)


def everything() -> tuple[Case, ...]:
    return load() + projects()


def _cases(path: Path, name: str, dialect: str, model: Model) -> Iterator[Case]:
    for block in path.read_text(encoding="utf-8").strip().split("\n\n"):
        title, label, *lines = block.splitlines()
        words = label.removeprefix("-- ").split()
        rule = next((w for w in words if w.startswith("TEN")), None)
        yield Case(
            f"{name}: {title.removeprefix('-- ')}",
            tuple(w for w in words if w not in (rule, ";")),
            rule,
            "\n".join(lines),
            dialect if dialect in DIALECTS else "postgres",
            model,
        )
