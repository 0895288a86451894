"""Evidence tables in DuckDB, locked down before any policy SQL runs.

A kind of evidence is a JSON Schema and a table at once. `tables` says how: scalars are columns (`date-time` becomes
UTC epoch milliseconds, `date` the milliseconds of its midnight), a nested object's fields are columns with a joined
name (`rto.seconds` → `rto_seconds`), an array is a table of its own (`drill_report__components`) that refers to its
record by `evidence_id`. Beside the schema's fields each record has `evidence_id`, `source_path`, `source_line`,
`source_digest` (of the file), `record_digest` (of the record as canonical JSON), `verified` and `signer`.
"""

from __future__ import annotations

import contextlib
import re
import resource
import shutil
import tempfile
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from gate.model import GateError, Kind, QueryError, Row
from gate.reading import epoch_ms, parse_date, parse_time

QUERY_SECONDS = 30
QUERY_BYTES = 2 << 30
MAX_ROWS = 100_000
CALENDAR_WEEKS = 160
CALENDAR = "calendar_week"
UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
SPACES = "\t\n\v\f\r \u00a0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000"

_PLAIN_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,62}")
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
    found = (TableDef(name=kind.name, columns=tuple(columns)), *arrays)
    for table in found:
        ours = ["evidence_id"] if table.array else ["evidence_id", *(name for name, _ in _SOURCE_COLUMNS)]
        twice = _twice([*ours, *(column.name for column in table.columns)])
        if twice:
            raise GateError(f"{kind.source}: kind {kind.name}: two fields become the column {twice!r}; rename one")
    return found


def all_tables(kinds: Iterable[Kind]) -> dict[str, tuple[TableDef, Kind]]:
    """Every table of the kinds by name. Raises GateError when two would have one name."""
    found = [(table, kind) for kind in kinds for table in tables(kind)]
    twice = _twice([CALENDAR, *(table.name for table, _ in found)])
    if twice:
        where = next(kind.source for table, kind in reversed(found) if table.name == twice)
        raise GateError(f"{where}: two tables are named {twice!r}; rename the kind or the field")
    return {table.name: (table, kind) for table, kind in found}


def _twice(names: Sequence[str]) -> str | None:
    """The first name that stood there before; SQL does not tell upper from lower case."""
    seen: set[str] = set()
    for name in names:
        if name.lower() in seen:
            return name
        seen.add(name.lower())
    return None


def _columns_of(
    kind: Kind, schema: Mapping[str, Any], path: tuple[str, ...], columns: list[Column], arrays: list[TableDef]
) -> None:
    for name, node in schema.get("properties", {}).items():
        here = (*path, name)
        if not _PLAIN_NAME.fullmatch(name):
            raise GateError(
                f"{kind.source}: kind {kind.name}: the field {name[:40]!r} must be a plain name (a-z, 0-9, _)"
            )
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A Parquet file of an event store: rows of one table, as `gate.ingest.staging` writes them.

    `base` plus a row's ordinal is its evidence id; `sources` are (name, SHA-256) of what the events were read from.
    Where `first` is set there is one source, whose lines from `first` on are the rows in their order.
    """

    path: str
    sha256: str
    table: str
    records: int
    base: int
    sources: tuple[tuple[str, str], ...]
    first: int | None = None
    verified: bool = False
    signer: str | None = None
    doubt: str = ""
    """Why its records count as nobody's word, and what to do about it."""


class StoredRows(Sequence[Row]):
    """The records of a kind of which most lie in an event store: they become tables without being read into memory.

    Going through them as rows is possible, for what must have each (a bundle), and slow.
    """

    def __init__(self, records: Sequence[Row], segments: Sequence[Segment], read: Callable[[], Iterator[Row]]) -> None:
        self.records = records
        self.segments = tuple(segments)
        self._read = read
        self.mains = tuple(segment for segment in segments if "__" not in segment.table)

    def __len__(self) -> int:
        return len(self.records) + sum(segment.records for segment in self.mains)

    def __iter__(self) -> Iterator[Row]:
        yield from self.records
        yield from self._read()

    def __getitem__(self, index: Any) -> Any:
        return list(self)[index]


def unverified(rows: Sequence[Row]) -> tuple[list[str], int]:
    """What records did not verify, a file of an event store once and with the reason, and how many these are."""
    if not isinstance(rows, StoredRows):
        claims = [row for row in rows if not row.get("verified", False)]
        places = [f"{row.get('source_path', 'a record')} is not verified" for row in claims]
        return places, len(places)
    places, count = unverified(rows.records)
    files = [segment for segment in rows.mains if not segment.verified]
    said = list(dict.fromkeys(file.doubt or f"{Path(file.path).name} is not verified" for file in files))
    return [*places, *said], count + sum(file.records for file in files)


EVENT_MEMORY = "640MB"


class Store:
    """The evidence of one run as tables. `load` everything, `lock`, then `ask`.

    Once it is locked the engine can open no file but those of event stores that were loaded.
    """

    def __init__(self, kinds: Iterable[Kind], as_of: datetime) -> None:
        import duckdb

        self._patience = 1
        self._files: list[str] = []
        self._locked = False
        self._spill: str | None = None

        self._connection = duckdb.connect(
            ":memory:",
            config={
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
                "allow_community_extensions": "false",
                "python_enable_replacements": "false",
                "threads": "1",  # in one thread, rows keep their order and errors name the same row every time
                "memory_limit": "1GB",
                # Where NULL sorts is the engine's choice where a query does not say it: as Spark and MySQL choose.
                "default_null_order": "nulls_first_on_asc_last_on_desc",
            },
        )
        self._tables = {name: table for name, (table, _) in all_tables(kinds).items()}
        self.as_of = as_of
        for table in self._tables.values():
            source = () if table.array else _SOURCE_COLUMNS
            body = ", ".join(["evidence_id BIGINT", *(f'"{c.name}" {c.type}' for c in table.columns),
                              *(f"{name} {sql_type}" for name, sql_type in source)])  # fmt: skip
            self._connection.execute(f'CREATE TABLE "{table.name}" ({body})')
        self._define_functions()
        self._calendar()

    def _attach(self, segments: Sequence[Segment]) -> None:
        """Make each table of the segments a view of its loaded records and of the files.

        For these the engine may use two processors, and spills what does not fit its memory into a folder of its own.
        """
        if not segments:
            return
        self._allow([segment.path for segment in segments])
        if self._spill is None:
            self._spill = tempfile.mkdtemp(prefix="gate-spill-")
            weakref.finalize(self, shutil.rmtree, self._spill, ignore_errors=True)
            self._connection.execute(f"SET temp_directory = {_quoted(self._spill)}")
            self._connection.execute(f"SET memory_limit = '{EVENT_MEMORY}'")
            self._connection.execute("SET threads = 2")
        self._patience += sum(segment.records for segment in segments) // 1_000_000
        for name in {segment.table for segment in segments}:
            table = self._tables[name]
            columns = ["evidence_id", *(f'"{c.name}"' for c in table.columns)]
            columns += [] if table.array else [column for column, _ in _SOURCE_COLUMNS]
            parts = [f'SELECT {", ".join(columns)} FROM "_{name}"']  # noqa: S608 names of columns are plain
            parts += [_of_segment(table, segment) for segment in segments if segment.table == name]
            self._connection.execute(f'ALTER TABLE "{name}" RENAME TO "_{name}"')
            self._connection.execute(f'CREATE VIEW "{name}" AS {" UNION ALL ".join(parts)}')

    def _allow(self, paths: Sequence[str]) -> None:
        for path in paths:
            if any(character in path for character in "*?["):
                raise QueryError(f"{path}: the engine would take this name for a pattern; move the store")
            self._files.append(path)

    def add_view(self, name: str, like: str, paths: Mapping[str, Sequence[str]]) -> None:
        """A view of Parquet files with the columns of the table `like`, which is empty. `paths` has for each file the
        names of the sources that its records are of."""
        self._allow(list(paths))
        columns = ", ".join(row[0] for row in self._connection.execute(f'DESCRIBE "{like}"').fetchall())
        parts = [f'SELECT {columns} FROM "{like}"']  # noqa: S608 the table is ours
        for path, sources in paths.items():
            names = f"list_extract([{', '.join(map(_quoted, sources))}]::VARCHAR[], _source + 1)"
            known = columns.replace("source_line", "_line AS source_line")
            known = known.replace("source_path", f"{names} AS source_path")
            parts.append(f"SELECT {known} FROM read_parquet({_quoted(path)})")  # noqa: S608 the path is quoted
        self._connection.execute(f'CREATE VIEW "{name}" AS {" UNION ALL ".join(parts)}')

    def _define_functions(self) -> None:
        # On Spark these are SQL functions of the same names (gate/spark.py); floor division makes negatives agree, and
        # letters and spaces are spelled out because engines differ in their Unicode tables.
        floor = "{a} // {b} - CASE WHEN {a} % {b} <> 0 AND ({a} < 0) <> ({b} < 0) THEN 1 ELSE 0 END"
        for name, unit in (("days_between", 86_400_000), ("hours_between", 3_600_000), ("minutes_between", 60_000)):
            body = floor.format(a="(CAST(b AS BIGINT) - CAST(a AS BIGINT))", b=str(unit))
            self._connection.execute(f"CREATE MACRO {name}(a, b) AS {body}")
        body = floor.format(a="CAST(a AS BIGINT)", b="CAST(b AS BIGINT)")
        self._connection.execute(f"CREATE MACRO int_div(a, b) AS {body}")
        self._connection.execute(f"CREATE MACRO lower_ascii(a) AS translate(a, '{UPPER}', '{UPPER.lower()}')")
        self._connection.execute(f"CREATE MACRO trim_space(a) AS trim(a, '{SPACES}')")

    def _calendar(self) -> None:
        rows = calendar_weeks(self.as_of)
        self._connection.execute(
            f"CREATE TABLE {CALENDAR} (week VARCHAR, starts_at BIGINT, ends_at BIGINT, ordinal BIGINT)"
        )
        self._insert(CALENDAR, ["VARCHAR", "BIGINT", "BIGINT", "BIGINT"], list(zip(*rows, strict=True)))

    def load(self, kind: str, rows: Sequence[Row]) -> None:
        """Insert the records of a kind. What does not fit its column (a time without an offset …) raises QueryError."""
        if isinstance(rows, StoredRows):
            self.load(kind, rows.records)
            self._attach(rows.segments)
            return
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
        import duckdb

        # One list parameter a column: inserting row by row costs a millisecond a row.
        values = ", ".join(f"unnest(${i}::{sql_type}[])" for i, sql_type in enumerate(types, 1))
        try:
            self._connection.execute(f'INSERT INTO "{table}" SELECT {values}', [list(c) for c in columns])
        except (duckdb.Error, UnicodeEncodeError, OverflowError) as error:
            raise QueryError(f"{table}: a record does not fit: {_first_line(error)}") from None

    def lock(self) -> None:
        """No file can be opened any more but those loaded, and no setting changed."""
        if not self._locked:
            self._locked = True
            if self._files:
                self._connection.execute(f"SET allowed_paths = [{', '.join(map(_quoted, self._files))}]")
            self._connection.execute("SET enable_external_access = false")
            self._connection.execute("SET lock_configuration = true")

    @property
    def connection(self) -> Any:
        return self._connection

    def columns(self, query: str, parameters: Mapping[str, Any]) -> list[tuple[str, str]]:
        """The names and SQL types of the columns a query returns; it is bound to the tables, not run."""
        self.lock()
        with _bounded():
            found = self._connection.execute(f"DESCRIBE {query}", _bind(parameters)).fetchall()
        return [(str(name), str(sql_type).strip('"')) for name, sql_type, *_ in found]

    def ask(self, query: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Run one checked query and return its rows in the order of their text. Raises QueryError."""
        import duckdb

        self.lock()
        seconds = QUERY_SECONDS * self._patience
        timer = threading.Timer(seconds, self._connection.interrupt)
        timer.start()
        try:
            with _bounded():
                cursor = self._connection.execute(query, _bind(parameters))
                names = [d[0] for d in cursor.description]
                found = cursor.fetchmany(MAX_ROWS + 1)
        except duckdb.InterruptException:
            raise QueryError(f"the query took longer than {seconds} s") from None
        except MemoryError:
            raise QueryError("the query needs too much memory") from None
        except (duckdb.Error, UnicodeEncodeError) as error:
            raise QueryError(_first_line(error)) from None
        finally:
            timer.cancel()
        if len(found) > MAX_ROWS:
            raise QueryError(f"the query returns more than {MAX_ROWS:,} rows")
        return sorted_rows([dict(zip(names, row, strict=True)) for row in found])

    def table_names(self) -> tuple[str, ...]:
        """Every table there is."""
        return (CALENDAR, *self._tables)

    def arrow(self, table: str) -> Any:
        """A table as a `pyarrow.Table`, for another engine."""
        return self._connection.sql(f'FROM "{table}"').to_arrow_table()


def sorted_rows(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows in the order of their text, so that an answer does not depend on the engine."""
    return sorted(rows, key=lambda row: [(value is None, str(value)) for value in row.values()])


def _of_segment(table: TableDef, segment: Segment) -> str:
    """The rows of a segment as its table has them."""
    columns = [f"CAST({segment.base} + _at AS BIGINT) AS evidence_id", *(f'"{c.name}"' for c in table.columns)]
    if not table.array:
        names, digests = (", ".join(_quoted(source[i]) for source in segment.sources) for i in (0, 1))
        index, line = (
            ("1", f"{segment.first} + file_row_number") if segment.first is not None else ("_source + 1", "_line")
        )
        columns += [f"list_extract([{names}], {index})", line, f"list_extract([{digests}], {index})"]
        columns += ["lower(hex(_digest))", "true" if segment.verified else "false"]
        columns.append("CAST(NULL AS VARCHAR)" if segment.signer is None else _quoted(segment.signer))
    return f"SELECT {', '.join(columns)} FROM read_parquet({_quoted(segment.path)}, file_row_number = true)"  # noqa: S608 all of it is quoted


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


@contextlib.contextmanager
def _bounded() -> Iterator[None]:
    """Bounds the address space while a query runs: DuckDB's own limit does not count a string that grows and grows."""
    before, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = _address_space() + QUERY_BYTES
    if before != resource.RLIM_INFINITY:
        limit = min(limit, before)
    with contextlib.suppress(ValueError, OSError):  # a platform without that limit
        resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    try:
        yield
    finally:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_AS, (before, hard))


def _address_space() -> int:
    """The bytes of address space this process has; 64 GiB where that can't be told, which still is a bound."""
    try:
        return int(Path("/proc/self/statm").read_text("ascii").split()[0]) * resource.getpagesize()
    except OSError:
        return 64 << 30


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:300]


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
        with contextlib.suppress(OverflowError):  # at either end of the calendar
            start = monday - timedelta(weeks=back)
            year, week, _ = start.isocalendar()
            weeks.append((f"{year:04d}-W{week:02d}", epoch_ms(start), epoch_ms(start + timedelta(weeks=1)), back))
    return weeks


def _dig(value: Any, path: tuple[str, ...]) -> Any:
    for part in path:
        if not isinstance(value, Mapping):
            return None
        value = value.get(part)
    return value


def misfit(kind: Kind) -> Callable[[Row], str | None]:
    """Says why a record that fits its kind's schema does not fit its tables: a time that is none. None when it does."""
    times = [(table.array, column) for table in tables(kind) for column in table.columns if column.format]

    def said(row: Row) -> str | None:
        for array, column in times:
            for item in (_dig(row, array) or ()) if array else (row,):
                try:
                    _value(column, _dig(item, column.path))
                except QueryError as error:
                    return str(error)
        return None

    return said


def _value(column: Column, value: Any) -> Any:
    if value is None or not column.format:
        return value
    try:
        if column.format == "date":
            day = parse_date(value)
            return epoch_ms(datetime(day.year, day.month, day.day, tzinfo=UTC))
        return epoch_ms(parse_time(value))
    except (ValueError, TypeError) as error:
        raise QueryError(f"{'.'.join(column.path) or 'value'}: not a {column.format}: {error}") from None
