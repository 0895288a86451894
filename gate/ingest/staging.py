"""Accepted records → Parquet with a column for each field, duplicates and conflicts found, and what was held kept.

All of it is DuckDB over files, out of core under a memory limit. Beside a kind's own columns each row has `_at` (its
ordinal in the batch), `_line`, `_source` and `_digest`, the SHA-256 of the record as canonical JSON. The records
themselves are kept too, as JSON Lines in zstd: the Parquet is made from them and never from the bytes that came in.
"""

# ruff: noqa: S608 every name and string in the SQL here goes through identifier() and quoted()

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gate.ingest.forgetting import is_held
from gate.ingest.formats import identifier, quoted
from gate.ingest.judge import PARKED, REJECTED, event_type, kind_of
from gate.ingest.manifest import HELD, Manifest
from gate.ingest.workers import HELD as HELD_NAME
from gate.ingest.workers import staged
from gate.model import UndecidedError
from gate.store import TableDef, tables

MEMORY = "512MB"
PARQUET = "(FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)"
RAW_COLUMNS = "{'o': 'BIGINT', 'f': 'BIGINT', 'l': 'BIGINT', 'd': 'VARCHAR', 'e': %s}"
_HELD_COLUMNS = (
    "{'o': 'BIGINT', 'f': 'BIGINT', 'l': 'BIGINT', 'outcome': 'VARCHAR', 'reason': 'VARCHAR', 'detail': 'VARCHAR', "
    "'kind': 'VARCHAR', 'identity': 'VARCHAR', 'digest': 'VARCHAR', 'size': 'BIGINT', 'bytes': 'VARCHAR'}"
)


@dataclass(frozen=True, slots=True)
class Part:
    """A Parquet file of one table, not yet in its place; without a table, the records it was made from."""

    kind: str
    table: TableDef | None
    path: Path


class Staging:
    """One run's work between judging and committing."""

    def __init__(self, folder: Path, schemas: Mapping[str, Mapping[str, Any]], manifest: Manifest) -> None:
        import duckdb

        self._folder = folder
        self._tables = {name: tables(kind_of(name, schema)) for name, schema in schemas.items()}
        self._keys = {name: _key(name, schema) for name, schema in schemas.items()}
        self._manifest = manifest
        self.parts: list[Part] = []
        self._slice = 0
        self._longest = 0
        self._conflicts = folder / "conflicts.parquet"
        spill = folder / "spill"
        spill.mkdir()
        self._db = duckdb.connect(
            ":memory:",
            config={
                "autoinstall_known_extensions": "false", "autoload_known_extensions": "false", "threads": "2",
                "memory_limit": MEMORY, "temp_directory": str(spill), "python_enable_replacements": "false",
            },
        )  # fmt: skip
        self._run("CREATE TABLE dropped (ord BIGINT)")

    def _run(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        import duckdb

        try:
            rows: list[tuple[Any, ...]] = self._db.execute(sql, list(parameters)).fetchall()
        except duckdb.Error as error:
            said = (str(error).splitlines() or [""])[0]
            raise UndecidedError(f"{self._folder.parent.parent}: nothing was ingested: {said[:200]}") from None
        return rows

    def convert(self, blocks: Mapping[int, Sequence[str]], longest: int) -> None:
        """Turn the accepted records of these blocks into Parquet, and remove their files. By block: its kinds."""
        self._slice += 1
        self._longest = max(self._longest, longest)
        for kind in sorted({kind for kinds in blocks.values() for kind in kinds}):
            files = [staged(self._folder, number, kind) for number in sorted(blocks) if kind in blocks[number]]
            main, *arrays = self._tables[kind]
            shape = _struct(self._tables[kind])
            source = _read_json(files, RAW_COLUMNS % quoted(shape), longest)
            fields = [f"{_typed(c.format, 'e', c.path)} AS {identifier(c.name)}" for c in main.columns]
            chosen = ", ".join(["o AS _at", "l AS _line", "f AS _source", "unhex(d) AS _digest", *fields])
            self._copy(kind, main, f"SELECT {chosen} FROM {source}")
            for table in arrays:
                inner = f"SELECT o, unnest({_path('e', table.array)}) AS i FROM {source}"
                values = [f"{_typed(c.format, 'i', c.path)} AS {identifier(c.name)}" for c in table.columns]
                self._copy(kind, table, f"SELECT {', '.join(['o AS _at', *values])} FROM ({inner}) AS unnested")
            raw = self._folder / f"{self._slice:04}.{kind}.jsonl.zst"
            with raw.open("wb") as file:
                for path in files:
                    file.write(path.read_bytes())
                    path.unlink()
            self.parts.append(Part(kind, None, raw))

    def _copy(self, kind: str, table: TableDef, query: str) -> None:
        path = self._folder / f"{self._slice:04}.{table.name}.parquet"
        self._run(f"COPY ({query}) TO {quoted(str(path))} {PARQUET}")
        self.parts.append(Part(kind, table, path))

    def _mains(self) -> list[Part]:
        return [part for part in self.parts if part.table is not None and not part.table.array]

    def duplicates(self) -> tuple[int, int]:
        """Find the records whose identity was seen before, in this batch or the store: the same again, or in conflict.

        Returns how many of each; neither is among the accepted any more, and conflicts are among the held.
        """
        new = self._mains()
        stored: dict[str, list[str]] = {}
        for _, file in self._manifest.files():
            if _is_main(file.table):
                stored.setdefault(file.table, []).append(str(self._manifest.store / file.name))
        if not new:
            return 0, 0
        keys = _union([f"SELECT {self._keys[p.kind]} AS k FROM read_parquet({quoted(str(p.path))})" for p in new])
        self._run(f"CREATE TABLE suspect AS SELECT k FROM ({keys}) GROUP BY k HAVING count(*) > 1")
        known = [
            f"SELECT {self._key_of(kind)} AS k FROM read_parquet({_files(paths)})" for kind, paths in stored.items()
        ]
        if known:
            self._run(
                f"INSERT INTO suspect SELECT DISTINCT n.k FROM ({keys}) AS n "
                f"SEMI JOIN ({_union(known)}) AS o ON n.k = o.k"
            )
        if self._run("SELECT count(*) FROM suspect")[0][0] == 0:
            return 0, 0
        chosen = (
            "SELECT {ord} AS ord, {identity} AS identity, _digest, {source} AS _source, _line, {kind} AS kind "
            "FROM read_parquet({path}) WHERE {key} IN (SELECT k FROM suspect)"
        )
        rows = [
            chosen.format(ord="_at", identity=_identity(self._keys[p.kind]), source="_source", kind=quoted(p.kind),
                          path=quoted(str(p.path)), key=self._keys[p.kind])
            for p in new
        ] + [  # what is stored was before all of this, and no two of it have one identity
            chosen.format(ord="CAST(-1 AS BIGINT)", identity=_identity(self._key_of(kind)), source="-1",
                          kind=quoted(kind), path=_files(paths), key=self._key_of(kind))
            for kind, paths in stored.items()
        ]  # fmt: skip
        self._run(
            "CREATE TABLE seen AS SELECT ord, identity, _source, _line, kind, _digest, "
            "first_value(_digest) OVER same = _digest AND first_value(kind) OVER same = kind AS again, "
            "first_value(_source) OVER same AS first_source, first_value(_line) OVER same AS first_line, "
            f"row_number() OVER same AS n FROM ({_union(rows)}) WINDOW same AS (PARTITION BY identity ORDER BY ord)"
        )
        self._run("DELETE FROM seen WHERE n = 1 OR ord < 0")
        self._run("INSERT INTO dropped SELECT ord FROM seen")
        again, conflicts = self._run("SELECT count(*) FILTER (again), count(*) FILTER (NOT again) FROM seen")[0]
        if conflicts:
            self._hold_conflicts()
        return int(again), int(conflicts)

    def _key_of(self, kind: str) -> str:
        return self._keys.get(kind) or _key(kind, {})

    def _hold_conflicts(self) -> None:
        raw = [part.path for part in self.parts if part.table is None]
        records = _read_json(raw, RAW_COLUMNS % "'JSON'", self._longest)
        self._run(
            f"COPY (SELECT s.ord AS o, s._source AS f, s._line AS l, {quoted(REJECTED)} AS outcome, "
            "'conflict' AS reason, concat('its id stands for another record, at line ', s.first_line, "
            "CASE WHEN s.first_source < 0 THEN ' of an earlier batch' WHEN s.first_source = s._source THEN '' "
            "ELSE concat(' of source ', s.first_source + 1) END) AS detail, s.kind AS kind, s.identity AS identity, "
            "lower(hex(s._digest)) AS digest, strlen(r.e) AS size, encode(CAST(r.e AS VARCHAR)) AS bytes "
            f"FROM seen AS s JOIN {records} AS r ON r.o = s.ord WHERE NOT s.again) "
            f"TO {quoted(str(self._conflicts))} {PARQUET}"
        )

    def finish(self) -> Iterator[tuple[Part, int]]:
        """The accepted records without those dropped: each part that holds any, with its number of rows."""
        dropping = self._run("SELECT count(*) FROM dropped")[0][0]
        left = 0  # of the part that the next ones without rows of their own belong to
        for part in self.parts:
            if part.table is None:
                rows = 0
            else:
                if dropping:
                    kept = part.path.with_suffix(".kept")
                    self._run(
                        f"COPY (SELECT p.* FROM read_parquet({quoted(str(part.path))}) AS p ANTI JOIN dropped AS d "
                        f"ON d.ord = p._at) TO {quoted(str(kept))} {PARQUET}"
                    )
                    kept.replace(part.path)
                rows = int(self._run(f"SELECT count(*) FROM read_parquet({quoted(str(part.path))})")[0][0])
                left = left if part.table.array else rows
            if rows or (left and part.table is None):
                yield part, rows
            else:
                part.path.unlink()

    def hold(
        self, numbers: Sequence[int], longest: int, digests: Sequence[str], at_ms: int, *, replay: bool
    ) -> tuple[Path | None, list[tuple[str, str, int]], int]:
        """Keep what was parked or rejected, each once: the file (None: nothing), (outcome, reason, records), and how
        many were held before and count as duplicates. What a replay parks again stays where it is."""
        files = [staged(self._folder, number, HELD_NAME) for number in numbers]
        sources = ", ".join(quoted(d) for d in digests)
        parts = []
        if files:
            parts.append(
                "SELECT o, f, l, outcome, reason, detail, kind, identity, CASE WHEN size > 0 THEN digest ELSE "
                f"sha256(concat(list_extract([{sources}], f + 1), ':', l, ':', reason)) END AS digest, size, "
                f"from_base64(bytes) AS bytes FROM {_read_json(files, _HELD_COLUMNS, longest)}"
            )
        if self._conflicts.exists():
            parts.append(f"SELECT * FROM read_parquet({quoted(str(self._conflicts))})")
        if not parts:
            return None, [], 0
        before = [str(self._manifest.store / file.name) for _, file in self._manifest.files() if is_held(file.name)]
        known = "SELECT digest, outcome FROM (SELECT NULL AS digest, NULL AS outcome) WHERE false"
        if before:
            known = f"SELECT digest, outcome FROM read_parquet({_files(before)})"
        self._run(
            f"CREATE TABLE held AS SELECT *, row_number() OVER (PARTITION BY digest, outcome ORDER BY o) = 1 AND "
            f"NOT EXISTS (SELECT 1 FROM ({known}) AS k WHERE k.digest = h.digest AND k.outcome = h.outcome) AS fresh "
            f"FROM ({_union(parts)}) AS h"
        )
        again = 0 if replay else int(self._run("SELECT count(*) FROM held WHERE NOT fresh")[0][0])
        counted = "true" if replay else "fresh"
        reasons = self._run(
            f"SELECT outcome, reason, count(*) FROM held WHERE {counted} GROUP BY ALL ORDER BY 3 DESC, 1, 2"
        )
        path = self._folder / "held.parquet"
        self._run(
            f"COPY (SELECT o AS _at, f AS _source, l AS _line, outcome, reason, detail, kind, identity, digest, size, "
            f"bytes, {int(at_ms)} AS held_at FROM held WHERE fresh ORDER BY o) TO {quoted(str(path))} {PARQUET}"
        )
        rows = int(self._run("SELECT count(*) FROM held WHERE fresh")[0][0])
        return (path if rows else None), [(str(o), str(r), int(n)) for o, r, n in reasons], again

    def examples(self) -> list[tuple[str, str, int, int, str]]:
        """The first place of each reason: (outcome, reason, source, line, detail)."""
        if not self._run("SELECT 1 FROM duckdb_tables() WHERE table_name = 'held'"):
            return []
        return [
            (str(o), str(r), int(f), int(line), str(d))
            for o, r, f, line, d in self._run(
                "SELECT outcome, reason, arg_min(f, o), arg_min(l, o), arg_min(detail, o) FROM held GROUP BY ALL"
            )
        ]

    def parked(self, more: Sequence[Path], without: Sequence[str] = ()) -> tuple[int, int | None]:
        """How many records are parked and not accepted or rejected since, and since when (epoch ms) the oldest is.

        `more` are the accepted and held files of this run, in their places or not; `without` those that it replaces.
        """
        names = [f.name for _, f in self._manifest.files() if is_held(f.name) and f.name not in set(without)]
        held = [str(self._manifest.store / name) for name in names]
        held += [str(path) for path in more if path.name in ("held.parquet", "kept.parquet")]
        if not held:
            return 0, None
        found = self._run(f"SELECT count(*), min(held_at) FROM ({self.open_parked(held, more)})")[0]
        return int(found[0]), None if found[1] is None else int(found[1])

    def open_parked(self, held: Sequence[str], more: Sequence[Path]) -> str:
        """The query for what is parked still: nothing of its identity was accepted, nor its bytes rejected, since."""
        accepted = [
            (f.table, str(self._manifest.store / f.name)) for _, f in self._manifest.files() if _is_main(f.table)
        ]
        accepted += [(p.kind, str(p.path)) for p in self._mains() if p.path in set(more)]
        table = f"read_parquet({_files(held)})"
        gone = f"SELECT digest FROM {table} WHERE outcome = '{REJECTED}'"
        query = f"SELECT * FROM {table} WHERE outcome = '{PARKED}' AND digest NOT IN ({gone})"
        if accepted:
            names = [(_identity(self._key_of(kind)), quoted(path)) for kind, path in accepted]
            known = _union([f"SELECT {name} AS identity FROM read_parquet({path})" for name, path in names])
            parked = f"SELECT identity FROM {table} WHERE outcome = '{PARKED}'"
            again = f"SELECT k.identity FROM ({known}) AS k SEMI JOIN ({parked}) AS p ON k.identity = p.identity"
            query += f" AND (identity IS NULL OR identity NOT IN ({again}))"
        return query

    def replayed(self) -> Iterator[tuple[int, bytes]]:
        """The bytes of what is parked still, with the place in the order they were parked in."""
        held = [str(self._manifest.store / f.name) for _, f in self._manifest.files() if is_held(f.name)]
        if not held:
            return
        cursor = self._db.cursor().execute(
            f"SELECT bytes, digest FROM ({self.open_parked(held, [])}) ORDER BY held_at, _at"
        )
        number = 0
        while rows := cursor.fetchmany(1024):
            for data, digest in rows:
                number += 1
                beside = self._manifest.store / HELD / f"{digest}.bytes"
                yield number, bytes(data) if data is not None else beside.read_bytes()

    def close(self) -> None:
        with contextlib.suppress(Exception):
            self._db.close()


def _is_main(table: str) -> bool:
    return bool(table) and "__" not in table


def _key(kind: str, schema: Mapping[str, Any]) -> str:
    """SQL for 64 bits that records of one identity share. They only choose what is compared; they decide nothing.

    A kind that the policy no longer has was one of events if it has their columns; its records meet no new ones else.
    """
    fields = schema.get("properties", {})
    if event_type(schema) is not None:
        return 'hash("source", "id")'
    if fields.get("id", {}).get("type") == "string":
        return f"""hash({quoted(f"kind:{kind}")}, "id")"""
    return f"hash({quoted(f'record:{kind}')}, _digest)"


def _identity(key: str) -> str:
    """SQL for what `judge.identity_of` says of a record, from its `_key`."""
    first, second = key.removeprefix("hash(").removesuffix(")").split(", ")
    if first == '"source"':
        return """concat(strlen("source"), ':', "source", "id")"""
    if second == '"id"':
        return f"""concat({first}, ':', "id")"""
    return f"concat({first}, ':', hex(_digest))"


def _struct(found: Sequence[TableDef]) -> str:
    """The DuckDB type that a kind's records are read as."""
    tree: dict[str, Any] = {}
    for table in found:
        if not table.array:
            for column in table.columns:
                _graft(tree, column.path, "VARCHAR" if column.format else column.type)
            continue
        inner: dict[str, Any] = {}
        scalar = ""
        for column in table.columns:
            if column.path:
                _graft(inner, column.path, "VARCHAR" if column.format else column.type)
            else:
                scalar = "VARCHAR" if column.format else column.type
        _graft(tree, table.array, f"{scalar or _sql_type(inner)}[]")
    return _sql_type(tree)


def _graft(tree: dict[str, Any], path: Sequence[str], leaf: str) -> None:
    for name in path[:-1]:
        tree = tree.setdefault(name, {})
    tree[path[-1]] = leaf


def _sql_type(tree: Mapping[str, Any]) -> str:
    inner = ", ".join(f"{identifier(n)} {t if isinstance(t, str) else _sql_type(t)}" for n, t in tree.items())
    return f"STRUCT({inner})"


def _path(root: str, path: Sequence[str]) -> str:
    return ".".join([root, *map(identifier, path)])


def time_sql(value: str) -> str:
    """SQL for the epoch milliseconds of an RFC 3339 time: cut off below the millisecond, not rounded."""
    cut = f"regexp_replace(upper({value}), '(\\.\\d{{3}})\\d+', '\\1')"
    return f"epoch_ms(CAST(CASE WHEN strlen({value}) = 20 THEN upper({value}) ELSE {cut} END AS TIMESTAMPTZ))"


def _typed(fmt: str, root: str, path: Sequence[str]) -> str:
    """A field as its column holds it."""
    value = _path(root, path)
    if fmt == "date-time":
        return time_sql(value)
    if fmt == "date":
        return f"epoch_ms(CAST(CAST({value} AS DATE) AS TIMESTAMP))"
    return value


def _read_json(files: Sequence[Path], columns: str, longest: int) -> str:
    # The buffer of each thread is a multiple of it; DuckDB's default would refuse a longer line.
    limit = max(16 << 20, longest + 1024)
    return (
        f"read_json({_files([str(f) for f in files])}, format = 'newline_delimited', auto_detect = false, "
        f"columns = {columns}, maximum_object_size = {limit}, compression = 'zstd')"
    )


def _files(names: Sequence[str]) -> str:
    return "[" + ", ".join(map(quoted, names)) + "]"


def _union(queries: Sequence[str]) -> str:
    return " UNION ALL ".join(queries)


def sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
