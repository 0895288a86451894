"""The queries of a policy, tried on empty tables when it loads: what is wrong with one is no surprise in CI."""

from __future__ import annotations

import string
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from gate import sql
from gate.model import Control, GateError, Kind
from gate.reading import Document, did_you_mean

_RESERVED_PARAMETERS = frozenset({"as_of", "control"})


class Probe:
    """An empty store that queries are tried on; each text once, since many controls of a pack may share one.

    `kind_of` says of each table which kind of evidence it holds.
    """

    def __init__(self, kinds: Mapping[str, Kind]) -> None:
        from gate.store import Store, all_tables

        self.store = Store(kinds.values(), datetime(2026, 1, 1, tzinfo=UTC))
        self.store.lock()
        self.kind_of = {name: kind.name for name, (_, kind) in all_tables(kinds.values()).items()}
        self._queries: dict[str, sql.Query] = {}
        self._columns: dict[tuple[str, tuple[tuple[str, str], ...]], list[tuple[str, str]]] = {}

    def query(self, text: str) -> sql.Query:
        if text not in self._queries:
            self._queries[text] = sql.check(text, self.store.connection)
        return self._queries[text]

    def columns(self, text: str, bound: Mapping[str, Any]) -> list[tuple[str, str]]:
        key = (text, tuple(sorted((name, type(value).__name__) for name, value in bound.items())))
        if key not in self._columns:
            self._columns[key] = self.store.columns(text, bound)
        return self._columns[key]


def check_queries(document: Document, control: Control, probe: Probe) -> None:
    """A control's query and clock. Raises GateError with the line of what is wrong."""
    parameters: set[str] = set()
    for key, text in (("query", control.query), ("clock", control.clock)):
        if text is None:
            continue
        query = check_text(document, key, text, control.evidence, control.params, probe)
        parameters |= query.parameters
        _check_columns(document, control, key, text, query.parameters, probe)
    for name in sorted(set(control.params) - parameters - placeholders(document, control.message)):
        raise document.error(("params", name), f"params: {name!r} is used by neither query nor message")


def check_text(
    document: Document, key: str, text: str, evidence: Iterable[str], params: Iterable[str], probe: Probe
) -> sql.Query:
    """One query: in the portable subset, on declared evidence, with known parameters."""
    from gate.store import CALENDAR

    known = probe.kind_of
    first = document.line((key,)) + 1  # a block scalar's text starts on the next line
    try:
        query = probe.query(text)
    except sql.SqlError as error:
        raise GateError(f"{document.name}:{first + error.line - 1}: {key}: {error}") from None
    for name in sorted(query.ctes & set(known)):
        raise document.error((key,), f"{key}: the CTE {name!r} hides the evidence table of that name; rename it")
    for name in sorted(query.tables - set(known) - {CALENDAR}):
        raise document.error((key,), f"{key}: unknown table {name!r}{did_you_mean(name, list(known))}")
    for name in sorted({known[t] for t in query.tables if t in known} - set(evidence)):
        raise document.error((key,), f"{key}: reads {name!r}; declare it under evidence")
    for name in sorted(query.parameters - set(params) - _RESERVED_PARAMETERS):
        raise document.error((key,), f"{key}: ${name} is not a parameter{did_you_mean(name, list(params))}")
    return query


# The columns that place a finding, and what they must be.
_TEXT_COLUMNS = frozenset({"path", "source_path", "snippet", "fingerprint", "tenant", "aside", "aside_because"})
# Kinds of the lints, whose rows may say that a finding is set aside (`model.Aside`). No other evidence can.
_ASIDE_KINDS = frozenset(
    {"data_access", "tenancy_table", "schema_finding", "suppression", "baseline_entry", "coverage", "code_pattern"}
)
_INTEGER_COLUMNS = frozenset({"line", "source_line", "col", "end_line", "end_col", "since_at", "due_at"})
INTEGERS = frozenset({"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"})
_SCALARS = INTEGERS | {"VARCHAR", "BOOLEAN", "NULL"}


def columns_of(
    document: Document, key: str, text: str, bound: Mapping[str, Any], probe: Probe
) -> list[tuple[str, str]]:
    """Bind the query against the empty tables: wrong columns and types are load errors, not surprises in CI."""
    import duckdb

    try:
        columns = probe.columns(text, bound)
    except (duckdb.Error, UnicodeEncodeError) as error:
        raise document.error((key,), f"{key}: {str(error).splitlines()[0][:240]}") from None
    names = [name for name, _ in columns]
    for index, (name, sql_type) in enumerate(columns):
        problem = _wrong_type(name, sql_type)
        if name.lower() in (other.lower() for other in names[:index]):
            problem = f"two columns are named {name!r}"
        if problem:
            raise document.error((key,), f"{key}: {problem}")
    return columns


def _check_columns(
    document: Document, control: Control, key: str, text: str, parameters: Iterable[str], probe: Probe
) -> None:
    given = {**control.params, "as_of": 0, "control": control.id}
    names = [name for name, _ in columns_of(document, key, text, {name: given[name] for name in parameters}, probe)]
    if "subject" not in names:
        raise document.error((key,), f"{key}: must return a column named subject")
    if "aside" in names and not _ASIDE_KINDS & set(control.evidence):
        raise document.error((key,), f"{key}: only findings of code can be set aside, and it reads none; drop aside")
    if key == "clock":
        if set(names) != {"subject", "since_at", "due_at"}:
            raise document.error((key,), "clock: must return exactly subject, since_at, due_at")
        return
    for name in sorted(placeholders(document, control.message) - set(names) - set(control.params)):
        raise document.error(
            ("message",),
            f"message: {{{name}}} is neither a column of the query nor a parameter{did_you_mean(name, names)}",
        )


def _wrong_type(name: str, sql_type: str) -> str | None:
    """Why a column of that name may not have that type, or None."""
    if sql_type not in _SCALARS:
        return f"the column {name} is of type {sql_type[:40]}; a control returns integers, text and booleans"
    if name in _INTEGER_COLUMNS and sql_type not in INTEGERS | {"NULL"}:
        return f"the column {name} must be an integer, not {sql_type}"
    if name in _TEXT_COLUMNS and sql_type not in ("VARCHAR", "NULL"):
        return f"the column {name} must be text, not {sql_type}"
    return None


def placeholders(document: Document, message: str) -> set[str]:
    """The names in braces. A width or conversion is refused: `{count:>999999999}` is a text of that length."""
    try:
        fields = list(string.Formatter().parse(message))
    except ValueError as error:
        raise document.error(("message",), f"message: {error}") from None
    for _, name, spec, conversion in fields:
        if name is not None and (spec or conversion):
            raise document.error(("message",), f"message: write {{{name}}} alone, without a width or conversion")
    return {name for _, name, _, _ in fields if name is not None}
