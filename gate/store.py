"""Evidence tables in DuckDB, locked down before any policy SQL runs.

A kind of evidence is a JSON Schema and a table at once. `tables` says how: scalars are columns (`date-time` becomes
UTC epoch milliseconds, `date` the milliseconds of its midnight), a nested object's fields are columns with a joined
name (`rto.seconds` → `rto_seconds`), an array is a table of its own (`drill_report__components`) that refers to its
record by `evidence_id`. Beside the schema's fields each record has `evidence_id`, `source_path`, `source_line`,
`source_digest` (of the file), `record_digest` (of the record as canonical JSON), `verified` and `signer`.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from gate.model import GateError, Kind, QueryError, Row
from gate.reading import epoch_ms, parse_date, parse_time

QUERY_SECONDS = 30
CALENDAR_WEEKS = 160

_SQL_TYPES = {"integer": "BIGINT", "string": "VARCHAR", "boolean": "BOOLEAN"}
_SOURCE_COLUMNS = (
    ("source_path", "VARCHAR"),
    ("source_line", "BIGINT"),
    ("source_digest", "VARCHAR"),
    ("record_digest", "VARCHAR"),
    ("verified", "BOOLEAN"),
    ("signer", "VARCHAR"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column: its name, SQL type and where its value stands in a record (`format` tells times apart)."""

    name: str
    type: str
    path: tuple[str, ...]
    format: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableDef:
    """A table: the record's own (`array` empty) or that of one array in it."""

    name: str
    columns: tuple[Column, ...]
    array: tuple[str, ...] = ()


def tables(kind: Kind) -> tuple[TableDef, ...]:
    """The tables of a kind. Raises GateError for a schema that has no portable table."""
    columns: list[Column] = []
    arrays: list[TableDef] = []
    _columns_of(kind, kind.schema, (), columns, arrays)
    names = [c.name for c in columns] + [name for name, _ in _SOURCE_COLUMNS] + ["evidence_id"]
    twice = sorted({n for n in names if names.count(n) > 1})
    if twice:
        raise GateError(f"{kind.source}: kind {kind.name}: two fields become the column {twice[0]!r}; rename one")
    return (TableDef(name=kind.name, columns=tuple(columns)), *arrays)


def _columns_of(
    kind: Kind, schema: Mapping[str, Any], path: tuple[str, ...], columns: list[Column], arrays: list[TableDef]
) -> None:
    for name, node in schema.get("properties", {}).items():
        here = (*path, name)
        types = node.get("type", "string" if "enum" in node or "const" in node else None)
        wanted = [t for t in (types if isinstance(types, list) else [types]) if t != "null"]
        if len(wanted) != 1 or wanted[0] not in (*_SQL_TYPES, "object", "array"):
            raise GateError(f"{kind.source}: kind {kind.name}: {'.'.join(here)} needs exactly one portable type")
        if wanted[0] == "object":
            _columns_of(kind, node, here, columns, arrays)
        elif wanted[0] == "array":
            arrays.append(_array_table(kind, node, here))
        else:
            columns.append(_column("_".join(here), wanted[0], node.get("format", ""), here))


def _array_table(kind: Kind, node: Mapping[str, Any], path: tuple[str, ...]) -> TableDef:
    items = node.get("items", {})
    inner: list[Column] = []
    deeper: list[TableDef] = []
    if items.get("type") == "object":
        _columns_of(kind, items, (), inner, deeper)
    elif items.get("type") in _SQL_TYPES:
        inner.append(_column("value", items["type"], items.get("format", ""), ()))
    if not inner or deeper:
        raise GateError(f"{kind.source}: kind {kind.name}: {'.'.join(path)} must hold scalars or flat objects")
    return TableDef(name=f"{kind.name}__{'_'.join(path)}", columns=tuple(inner), array=path)


def _column(name: str, json_type: str, fmt: str, path: tuple[str, ...]) -> Column:
    temporal = fmt in ("date-time", "date")
    return Column(
        name=name, type="BIGINT" if temporal else _SQL_TYPES[json_type], path=path, format=fmt if temporal else ""
    )


class Store:
    """The evidence of one run as tables. `load` everything, `lock`, then `ask`."""

    def __init__(self, kinds: Iterable[Kind], as_of: datetime) -> None:
        import duckdb

        self._connection = duckdb.connect(
            ":memory:",
            config={
                "enable_external_access": "false",
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
                "allow_community_extensions": "false",
                "threads": "2",
                "memory_limit": "1GB",
            },
        )
        self._tables = {table.name: table for kind in kinds for table in tables(kind)}
        self.as_of = as_of
        for table in self._tables.values():
            source = () if table.array else _SOURCE_COLUMNS
            body = ", ".join(["evidence_id BIGINT", *(f'"{c.name}" {c.type}' for c in table.columns),
                              *(f"{name} {sql_type}" for name, sql_type in source)])  # fmt: skip
            self._connection.execute(f'CREATE TABLE "{table.name}" ({body})')
        self._define_functions()
        self._calendar()

    def _define_functions(self) -> None:
        # On another engine these are SQL functions of the same names; floor division makes negatives agree.
        for name, unit in (("days_between", 86_400_000), ("hours_between", 3_600_000), ("minutes_between", 60_000)):
            self._connection.execute(f"CREATE MACRO {name}(a, b) AS (CAST(b AS BIGINT) - CAST(a AS BIGINT)) // {unit}")
        self._connection.execute("CREATE MACRO int_div(a, b) AS CAST(a AS BIGINT) // CAST(b AS BIGINT)")

    def _calendar(self) -> None:
        rows = calendar_weeks(self.as_of)
        self._connection.execute(
            "CREATE TABLE calendar_week (week VARCHAR, starts_at BIGINT, ends_at BIGINT, ordinal BIGINT)"
        )
        self._insert("calendar_week", ["VARCHAR", "BIGINT", "BIGINT", "BIGINT"], list(zip(*rows, strict=True)))

    def load(self, kind: str, rows: Sequence[Row]) -> None:
        """Insert the records of a kind. Times that aren't RFC 3339 with an offset raise QueryError."""
        for table in self._tables.values():
            if table.name == kind or table.name.startswith(f"{kind}__"):
                self._load_table(table, rows)

    def _load_table(self, table: TableDef, rows: Sequence[Row]) -> None:
        entries: list[tuple[int, Any]] = []
        for number, row in enumerate(rows):
            if table.array:
                entries.extend((number, item) for item in _dig(row, table.array) or ())
            else:
                entries.append((number, row))
        if not entries:
            return
        columns = [[number for number, _ in entries]]
        types = ["BIGINT"]
        for column in table.columns:
            columns.append([_value(column, _dig(item, column.path)) for _, item in entries])
            types.append(column.type)
        if not table.array:
            for name, sql_type in _SOURCE_COLUMNS:
                default = False if name == "verified" else None
                columns.append([item.get(name, default) for _, item in entries])
                types.append(sql_type)
        self._insert(table.name, types, columns)

    def _insert(self, table: str, types: Sequence[str], columns: Sequence[Sequence[Any]]) -> None:
        # One list parameter a column: inserting row by row costs a millisecond a row.
        values = ", ".join(f"unnest(${i}::{sql_type}[])" for i, sql_type in enumerate(types, 1))
        self._connection.execute(f'INSERT INTO "{table}" SELECT {values}', [list(c) for c in columns])

    def lock(self) -> None:
        """No setting can be changed any more."""
        self._connection.execute("SET lock_configuration = true")

    @property
    def connection(self) -> Any:
        return self._connection

    def columns(self, query: str, parameters: Mapping[str, Any]) -> list[str]:
        """The column names a query returns, found by running it on the tables as they are."""
        return [d[0] for d in self._connection.execute(query, _bind(parameters)).description]

    def ask(self, query: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Run one checked query and return its rows in the order of their text. Raises QueryError."""
        import duckdb

        timer = threading.Timer(QUERY_SECONDS, self._connection.interrupt)
        timer.start()
        try:
            cursor = self._connection.execute(query, _bind(parameters))
            names = [d[0] for d in cursor.description]
            rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        except duckdb.InterruptException:
            raise QueryError(f"the query took longer than {QUERY_SECONDS} s") from None
        except duckdb.Error as error:
            raise QueryError((str(error).splitlines() or ["the query failed"])[0][:300]) from None
        finally:
            timer.cancel()
        return sorted(rows, key=lambda row: [(value is None, str(value)) for value in row.values()])


def _bind(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters as DuckDB binds them: integers are BIGINT, or `$days * 86400000` would overflow."""
    import duckdb

    return {
        name: duckdb.LongValue(value) if isinstance(value, int) and not isinstance(value, bool) else value
        for name, value in parameters.items()
    }


def calendar_weeks(as_of: datetime) -> list[tuple[str, int, int, int]]:
    """ISO weeks in UTC from CALENDAR_WEEKS back up to the week of `as_of`: (name, start, end, weeks before now)."""
    monday = datetime(as_of.year, as_of.month, as_of.day, tzinfo=UTC) - timedelta(days=as_of.weekday())
    weeks = []
    for back in range(CALENDAR_WEEKS, -1, -1):
        start = monday - timedelta(weeks=back)
        year, week, _ = start.isocalendar()
        weeks.append((f"{year}-W{week:02d}", epoch_ms(start), epoch_ms(start + timedelta(weeks=1)), back))
    return weeks


def _dig(value: Any, path: tuple[str, ...]) -> Any:
    for part in path:
        if not isinstance(value, Mapping):
            return None
        value = value.get(part)
    return value


def _value(column: Column, value: Any) -> Any:
    if value is None or not column.format:
        return value
    try:
        if column.format == "date":
            day = parse_date(value)
            return epoch_ms(datetime(day.year, day.month, day.day, tzinfo=UTC))
        return epoch_ms(parse_time(value))
    except (ValueError, TypeError):
        raise QueryError(f"{'.'.join(column.path)}: not a {column.format} with an offset") from None
