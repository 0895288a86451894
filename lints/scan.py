"""Source files and a tenancy model to facts a gate decides on: one row per data access and what was proven of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lints.context.callees import called
from lints.extract import Suppression
from lints.patterns import regex
from lints.rows import Access, Callee, CodeFacts, Judged, Prove, TableFact, Unanalysed, fingerprint, mark
from lints.tenancy import Model, Ownership

VERDICTS = ("proven", "weak", "opaque", "violation", "unparsed")
_COUNTED = (
    "files_analysed", "files_partial", "files_skipped", "files_other", "statements", *VERDICTS, "statements_unrelated",
    "statements_unclassified", "unclassified", "not_sql", "twins", "orm_unknown",
)  # fmt: skip

_SOURCES = {".js": ("ts", "tsx"), ".jsx": ("tsx",), ".mjs": ("mts",), ".cjs": ("cts",)}
"""Endings of what files are compiled to, and of what they are compiled from."""
_SQLC = regex(r"\s*-- name:\s*(\w+)\s*:")


def scan(
    files: Iterable[tuple[str, bytes]],
    model: Model,
    *,
    declared: Mapping[str, Any] | None = None,
    prove: Prove | None = None,
) -> CodeFacts:
    """Judge every statement in `files`, pairs of (relative path, bytes), here and now (whole trees: `project`).

    `declared` is the parsed `tenancy.yaml`, for its carriers and path classes. A file that is no source file of a known
    language is counted (`files_other`) and left alone. Numbers: `files_analysed`, `files_skipped`, `files_partial`,
    `files_other`, `statements`, one per verdict, `statements_unrelated` (nothing of a tenant in them),
    `statements_unclassified` (of those: proven but for tables that nobody classified), `unclassified` (of those: not in
    tests, migrations and seeds), `not_sql` (prose), `orm_unknown` (ORM calls on models that are not known), `twins`.
    """
    from lints.examine import examine
    from lints.extract import language_of
    from lints.judge import Judge
    from lints.schema.declared import read_declarations

    judge = Judge(model, read_declarations(declared), prove)
    return facts_of(
        model,
        (judge.judge(examine(path, data)) if language_of(path) is not None else other(path) for path, data in files),
    )


def other(path: str) -> Judged:
    """A file that is no source code."""
    return Judged(path=path, numbers={"files_other": 1})


def facts_of(model: Model, judged: Iterable[Judged]) -> CodeFacts:
    """The facts of a tree, in a fixed order whatever the order of its files: twins dropped, fingerprints numbered."""
    rows: list[Access] = []
    paths: set[str] = set()
    counts: Counter[str] = Counter()
    suppressions: list[Suppression] = []
    unanalysed: list[Unanalysed] = []
    callees: list[Callee] = []
    for one in judged:
        rows.extend(one.accesses)
        paths.add(one.path)
        for name, number in one.numbers.items():
            counts[name] += number
        suppressions.extend(one.suppressions)
        unanalysed.extend(one.unanalysed)
        callees.extend(one.callees)
    rows = called(rows, callees)
    rows.sort(key=lambda r: (r.path, r.line, r.column, r.rule or "", r.table, r.sql))
    kept = _without_twins(rows, paths)
    seen: Counter[tuple[str, str, str]] = Counter()
    for row in kept:
        key = (row.rule or "", row.table, row.statement)
        mark(row, fingerprint(*key, str(seen[key])))
        seen[key] += 1
    return CodeFacts(
        accesses=tuple(kept),
        tables=tuple(_tables(model, kept)),
        suppressions=tuple(sorted(suppressions, key=lambda s: (s.path, s.line))),
        unanalysed=tuple(sorted(unanalysed, key=lambda u: (u.path, u.line, u.reason))),
        numbers=dict.fromkeys(_COUNTED, 0) | dict(sorted(counts.items())) | {"twins": len(rows) - len(kept)},
    )


def _without_twins(rows: Sequence[Access], paths: set[str]) -> list[Access]:
    """Rows of a `.js` file that the `.ts` it was compiled from has too, and of a query of sqlc, are not told twice."""
    queries = {
        (f"{row.path.rpartition('/')[2]}.go", row.function, row.rule, row.table)
        for row in rows
        if row.path.endswith(".sql") and row.function is not None
    }
    rows = [row for row in rows if _generated_query(row) not in queries]
    told: dict[str, set[tuple[str | None, str, str]]] = {}
    for row in rows:
        told.setdefault(row.path, set()).add((row.rule, row.table, row.statement))
    originals = {path: _original(path, paths) for path in told}
    return [
        row
        for row in rows
        if (original := originals[row.path]) is None
        or (row.rule, row.table, row.statement) not in told.get(original, set())
    ]


def _generated_query(row: Access) -> tuple[str, str, str | None, str] | None:
    """Where sqlc read the query that it wrote into a file of Go: `boats.sql` for `boats.sql.go`, and its name there."""
    named = _SQLC.match(row.sql) if row.path.endswith(".sql.go") else None
    return (row.path.rpartition("/")[2], named.group(1), row.rule, row.table) if named is not None else None


def _original(path: str, paths: set[str]) -> str | None:
    stem, dot, ending = path.rpartition(".")
    return next((f"{stem}.{one}" for one in _SOURCES.get(dot + ending, ()) if f"{stem}.{one}" in paths), None)


def _tables(model: Model, rows: Sequence[Access]) -> Iterable[TableFact]:
    counts: Counter[str] = Counter()
    for row in rows:
        counts.update(set(row.tables) or {row.table})
    for name, table in sorted(model.tables.items()):
        column = table.columns.get(table.tenant_column) if table.tenant_column is not None else None
        yield TableFact(
            table=name,
            ownership=table.ownership.value,
            tenant_column=table.tenant_column,
            tenant_nullable=column is not None and column.nullable and table.ownership is Ownership.OWNED,
            parent=table.parent.references if table.parent is not None else None,
            path=table.origin.path,
            line=table.origin.line,
            why=table.origin.why,
            accesses=counts[name],
        )


__all__ = ["Access", "CodeFacts", "TableFact", "Unanalysed", "facts_of", "fingerprint", "scan"]
