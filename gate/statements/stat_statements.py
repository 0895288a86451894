"""Statements of pg_stat_statements, read from a running PostgreSQL in a read-only transaction."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from gate.model import GateError, UndecidedError
from gate.statements.connection import MARK, reading
from gate.statements.observed import MAX_DISTINCT, Record
from gate.statements.shapes import normalised

if TYPE_CHECKING:
    import psycopg

_VIEW = """
    SELECT n.nspname,
           EXISTS (SELECT 1 FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'total_exec_time')
    FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
    JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = 'pg_stat_statements'
    WHERE e.extname = 'pg_stat_statements'
"""
_HIDDEN = "<insufficient privilege>"
_SETTING = re.compile(r"\bcurrent_setting\s*\(\s*\$\d+", re.IGNORECASE)


def read_statements(dsn: str, settings: Sequence[str]) -> Record:
    """What pg_stat_statements holds of the database that `dsn` names. Raises GateError; no message has the password.

    `settings` are the model's: the name in `current_setting($1)` is not kept, and is taken to be the only one.
    """
    with reading(dsn, "--from pg_stat_statements") as connection:
        record = Record(source=f"pg_stat_statements of {connection.info.dbname}")
        _read(connection, record, settings)
        return record


def _read(connection: psycopg.Connection, record: Record, settings: Sequence[str]) -> None:
    view = connection.execute(_VIEW).fetchone()
    if view is None:
        raise GateError(
            "--from pg_stat_statements: the extension is not installed in this database;"
            " CREATE EXTENSION pg_stat_statements"
        )
    from psycopg import sql

    time = sql.Identifier("total_exec_time" if view[1] else "total_time")
    query = sql.SQL(
        "SELECT query, calls, rows, {} FROM {}.pg_stat_statements"
        " WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) LIMIT {}"
    ).format(time, sql.Identifier(view[0]), MAX_DISTINCT + 1)
    hidden = lost = 0
    only = next(iter(settings)) if len(settings) == 1 else None
    restored = unnamed = 0
    for text, calls, rows, milliseconds in connection.execute(query):
        if text is None:
            lost += 1
        elif text == _HIDDEN:
            hidden += 1
        elif "pg_stat_statements" not in text and MARK not in text:
            if _SETTING.search(text):
                unnamed += only is None
                restored += only is not None
                text = _SETTING.sub(f"current_setting('{only}'", text) if only is not None else text
            record.add(normalised(text), calls=int(calls), rows=int(rows), milliseconds=float(milliseconds))
    if hidden:
        record.lost.append(f"{hidden:,} statements of other roles; GRANT pg_read_all_stats")
    if lost:
        record.lost.append(f"{lost:,} statements whose text PostgreSQL dropped; raise pg_stat_statements.max")
    _evictions(connection, record, view[0])
    track = connection.execute("SELECT current_setting('pg_stat_statements.track', true)").fetchone()
    if track is not None and track[0] == "top":
        record.notes.append("statements inside functions are not tracked (pg_stat_statements.track = top)")
    if unnamed:
        record.notes.append(
            f"the setting in {unnamed:,} statements is not kept and counts as nothing; declare the one that holds the"
            " tenant under settings in tenancy.yaml"
        )
    if restored:
        record.notes.append(f"the setting in {restored:,} statements is taken to be {only}: its name is not kept")
    record.notes.append("constants are parameters in it: a tenant that is written into the text can't be told from one")
    if not record.statements and not record.lost:
        raise UndecidedError("--from pg_stat_statements: it holds no statement of this database yet")


def _evictions(connection: psycopg.Connection, record: Record, schema: str) -> None:
    """PostgreSQL 14 tells how often the least used statements were thrown away."""
    from psycopg import sql

    there = connection.execute("SELECT to_regclass(%s)", (f'"{schema}".pg_stat_statements_info',)).fetchone()
    if there is None or there[0] is None:
        return
    query = sql.SQL("SELECT dealloc FROM {}.pg_stat_statements_info").format(sql.Identifier(schema))
    found = connection.execute(query).fetchone()
    if found is not None and found[0]:
        record.notes.append(
            f"the least used statements were thrown away {found[0]:,} times; raise pg_stat_statements.max"
        )
