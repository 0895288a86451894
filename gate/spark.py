"""The controls' SQL on Apache Spark, for evidence that has outgrown one machine: the same text, the same answers.

Records are typed and checked by the embedded store and handed over as Arrow. The files of event stores are read where
they lie, which every executor must be able to: exactly those that the manifest names, hashed once more right before.
The functions of the portable subset that Spark does not have are SQL functions of the same names. ANSI mode makes
overflow an error there as it is in DuckDB.
The extra `spark` installs what this needs; Java 17 or newer must be there.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import re
import sys
import tempfile
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from gate.model import Kind, QueryError, Row, UndecidedError
from gate.store import MAX_ROWS, SPACES, UPPER, Segment, Store, StoredRows, TableDef, all_tables, sorted_rows

QUERY_SECONDS = 900

_FLOOR = "CASE WHEN {a} % {b} <> 0 AND ({a} < 0) <> ({b} < 0) THEN {a} DIV {b} - 1 ELSE {a} DIV {b} END"
_FUNCTIONS = {
    "days_between(a BIGINT, b BIGINT) RETURNS BIGINT": _FLOOR.format(a="(b - a)", b="CAST(86400000 AS BIGINT)"),
    "hours_between(a BIGINT, b BIGINT) RETURNS BIGINT": _FLOOR.format(a="(b - a)", b="CAST(3600000 AS BIGINT)"),
    "minutes_between(a BIGINT, b BIGINT) RETURNS BIGINT": _FLOOR.format(a="(b - a)", b="CAST(60000 AS BIGINT)"),
    "int_div(a BIGINT, b BIGINT) RETURNS BIGINT": _FLOOR.format(a="a", b="b"),
    "lower_ascii(a STRING) RETURNS STRING": f"translate(a, '{UPPER}', '{UPPER.lower()}')",
    "trim_space(a STRING) RETURNS STRING": f"trim(BOTH '{SPACES}' FROM a)",
    "starts_with(a STRING, b STRING) RETURNS BOOLEAN": "startswith(a, b)",
    "ends_with(a STRING, b STRING) RETURNS BOOLEAN": "endswith(a, b)",
}  # fmt: skip

_TYPES = {"BIGINT": "bigint", "VARCHAR": "string", "BOOLEAN": "boolean"}
_SETTINGS = {
    "spark.sql.ansi.enabled": "true",
    "spark.sql.ansi.doubleQuotedIdentifiers": "true",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.caseSensitive": "false",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "OFF",
}

# One Spark context a process is all that Spark has.
_STARTING = threading.Lock()


class SparkStore:
    """The evidence of one run as tables on Spark, with the interface of `Store`."""

    def __init__(self, kinds: Iterable[Kind], as_of: datetime, master: str) -> None:
        kinds = tuple(kinds)
        self._store = Store(kinds, as_of)
        self._tables = {name: table for name, (table, _) in all_tables(kinds).items()}
        self._segments: dict[str, list[Segment]] = {}
        self._session = session(master)

    def load(self, kind: str, rows: Sequence[Row]) -> None:
        """Insert the records of a kind. Raises QueryError."""
        if isinstance(rows, StoredRows):
            for segment in rows.segments:
                self._segments.setdefault(segment.table, []).append(segment)
            rows = rows.records
        self._store.load(kind, rows)

    def lock(self) -> None:
        """Hand all tables to Spark; nothing is loaded any more. Raises QueryError."""
        for name in self._store.table_names():
            with self._failing(f"handing over {name}"):
                frame = self._session.createDataFrame(self._store.arrow(name))
                for segment in self._segments.get(name, ()):
                    frame = frame.union(self._read(self._tables[name], segment))
                frame.createOrReplaceTempView(name)
        self._store.lock()

    def _read(self, table: TableDef, segment: Segment) -> Any:
        """The rows of a segment as its table has them (see `gate.store`)."""
        from pyspark.sql import functions as f

        if any(character in segment.path for character in "*?[]{}\\"):
            raise QueryError(f"{segment.path}: Spark would take this name for a pattern; move the store")
        with open(segment.path, "rb") as file:  # noqa: PTH123 the path is text
            if hashlib.file_digest(file, "sha256").hexdigest() != segment.sha256:
                raise QueryError(f"{segment.path}: changed after it was checked")
        names = ["_at", *([] if table.array else ["_line", "_source", "_digest"]), *(c.name for c in table.columns)]
        types = {"_at": "bigint", "_line": "bigint", "_source": "bigint", "_digest": "binary"}
        types |= {column.name: _TYPES[column.type] for column in table.columns}
        shape = ", ".join(f"`{name}` {types[name]}" for name in names)
        rows = self._session.read.schema(shape).parquet(f"file://{segment.path}")
        columns = [(f.col("_at") + f.lit(segment.base)).cast("bigint").alias("evidence_id")]
        columns += [f.col(f"`{column.name}`") for column in table.columns]
        if not table.array:
            place = f.lit(1) if segment.first is not None else (f.col("_source") + 1).cast("int")
            line = f.col("_line")
            if segment.first is not None:
                line = f.col("_metadata.row_index") + f.lit(segment.first)
            paths, digests = (f.array(*(f.lit(source[i]) for source in segment.sources)) for i in (0, 1))
            columns += [
                f.element_at(paths, place).alias("source_path"), line.cast("bigint").alias("source_line"),
                f.element_at(digests, place).alias("source_digest"), f.lower(f.hex("_digest")).alias("record_digest"),
                f.lit(segment.verified).alias("verified"), f.lit(segment.signer).cast("string").alias("signer"),
            ]  # fmt: skip
        return rows.select(*columns)

    def ask(self, query: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Run one checked query and return its rows in the order of their text. Raises QueryError."""
        text = named(query, parameters)
        tag = f"gate-{id(self)}"
        timer = threading.Timer(QUERY_SECONDS, self._session.interruptTag, [tag])
        timer.start()
        self._session.addTag(tag)
        try:
            with self._failing("the query"):
                frame = self._session.sql(text, args=dict(parameters))
                found = frame.limit(MAX_ROWS + 1).collect()
                names = frame.columns
        finally:
            timer.cancel()
            self._session.removeTag(tag)
        if len(found) > MAX_ROWS:
            raise QueryError(f"the query returns more than {MAX_ROWS:,} rows")
        return sorted_rows([dict(zip(names, row, strict=True)) for row in found])

    def close(self) -> None:
        """Drop the tables."""
        for name in self._store.table_names():
            self._session.catalog.dropTempView(name)

    @contextlib.contextmanager
    def _failing(self, what: str) -> Iterator[None]:
        from py4j.protocol import Py4JError
        from pyspark.errors import PySparkException

        try:
            yield
        except (PySparkException, Py4JError, OSError, MemoryError) as error:
            said = (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
            raise QueryError(f"Spark: {what}: {said}") from None


def named(query: str, parameters: Mapping[str, Any]) -> str:
    """The query with `$name` as Spark spells a parameter; integers are BIGINT. Strings and comments stay."""

    def spelled(found: re.Match[str]) -> str:
        return f"CAST(:{found[1]} AS BIGINT)" if type(parameters.get(found[1])) is int else f":{found[1]}"

    parts = re.split(r"('(?:[^']|'')*'|\"[^\"]*\"|--[^\n]*|/\*.*?\*/)", query, flags=re.DOTALL)
    return "".join([part if number % 2 else re.sub(r"\$(\w+)", spelled, part) for number, part in enumerate(parts)])


def session(master: str) -> Any:
    """A session of its own on Spark at `master`. Raises UndecidedError when Spark can't be had."""
    try:
        import pyarrow  # noqa: F401  # Spark asks for it late, in ten lines
        from pyspark.sql import SparkSession
    except ImportError as missing:
        raise UndecidedError(f"engine: {missing.name} is not installed: pip install 'tenantgate[spark]'") from None
    with _STARTING:
        logging.getLogger("SQLQueryContextLogger").disabled = True
        logging.getLogger("DataFrameQueryContextLogger").disabled = True
        builder = SparkSession.builder.appName("tenantgate").master(master)
        for name, value in {**_SETTINGS, **_local_settings(master)}.items():
            builder = builder.config(name, value)
        try:
            with _quiet():
                found = builder.getOrCreate().newSession()
            for signature, body in _FUNCTIONS.items():
                found.sql(f"CREATE OR REPLACE TEMPORARY FUNCTION {signature} RETURN {body}")
        except Exception as error:  # noqa: BLE001  # Java, py4j and Spark each fail in their own way
            said = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
            raise UndecidedError(f"engine: Spark at {master} did not start: {said}; is Java 17 installed?") from None
    return found


def _local_settings(master: str) -> dict[str, str]:
    if not master.startswith("local"):
        return {}
    return {
        "spark.driver.bindAddress": "127.0.0.1", "spark.driver.host": "127.0.0.1", "spark.sql.shuffle.partitions": "2",
        "spark.sql.warehouse.dir": tempfile.gettempdir(),
    }  # fmt: skip


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Java writes to the standard error it inherits before any setting is read; it gets one that goes nowhere."""
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
