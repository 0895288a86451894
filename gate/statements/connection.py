"""A read-only transaction on somebody's PostgreSQL, with refusals that tell no password."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from gate.model import GateError

if TYPE_CHECKING:
    import psycopg

STATEMENT_SECONDS = 30
CONNECT_SECONDS = 10
MARK = "/* tenantgate */"
"""Stands in the gate's own statements, so that it does not judge what it asked itself."""


@contextmanager
def reading(dsn: str, option: str) -> Iterator[psycopg.Connection]:
    """A connection by libpq's URL or `key=value` text, inside one read-only transaction with a statement timeout.

    `option` is the option that asked, for the one line of a GateError.
    """
    try:
        import psycopg
    except ImportError:
        raise GateError(f"{option} needs psycopg: pip install 'tenantgate[postgres]'") from None
    try:
        psycopg.conninfo.conninfo_to_dict(dsn)
    except psycopg.Error:  # its message quotes the text, password and all
        said = "the connection is none that libpq understands; give postgresql://user@host/database"
        raise GateError(f"{option}: {said}") from None
    try:
        with psycopg.connect(dsn, connect_timeout=CONNECT_SECONDS, prepare_threshold=None) as connection:
            connection.read_only = True
            connection.execute(f"SET LOCAL statement_timeout = '{STATEMENT_SECONDS}s'")
            connection.execute("SET LOCAL search_path = pg_catalog")
            yield connection
    except psycopg.Error as error:
        said = (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
        raise GateError(f"{option}: {said}") from None
