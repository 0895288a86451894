"""The controls' SQL on Apache Spark, for evidence that has outgrown one machine: the same text, the same answers.

Records are typed and checked by the embedded store and handed over as Arrow; the functions of the portable subset that
Spark does not have are SQL functions of the same names. ANSI mode makes overflow an error there as it is in DuckDB.
The extra `spark` installs what this needs; Java 17 or newer must be there.
"""

from __future__ import annotations

import contextlib
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
from gate.store import MAX_ROWS, SPACES, UPPER, Store, sorted_rows

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
        self._store = Store(kinds, as_of)
        self._session = session(master)

    def load(self, kind: str, rows: Sequence[Row]) -> None:
        """Insert the records of a kind. Raises QueryError."""
        self._store.load(kind, rows)

    def lock(self) -> None:
        """Hand all tables to Spark; nothing is loaded any more."""
        for name in self._store.table_names():
            with self._failing(f"handing over {name}"):
                self._session.createDataFrame(self._store.arrow(name)).createOrReplaceTempView(name)
        self._store.lock()

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
        except (PySparkException, Py4JError, ConnectionError, MemoryError) as error:
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
