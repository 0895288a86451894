"""The team ledger: the same two tables on PostgreSQL, one writer at a time, commits only when durable.

Writers queue for an advisory lock, and primary keys make a fork impossible should one not. So the role that appends
needs no more than USAGE on the schema, SELECT and INSERT on its two tables: without UPDATE and DELETE, the database
itself keeps the gate from changing what it recorded. Only making the ledger takes an owner.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from attestations.ledger.errors import Code, LedgerError
from attestations.ledger.store import Session, statements

if TYPE_CHECKING:
    import psycopg

SCHEMA: Final = "tenantgate_ledger"
_DDL: Final = (
    f"CREATE SCHEMA {SCHEMA}",
    f"CREATE TABLE {SCHEMA}.entry (idx bigint PRIMARY KEY, body bytea NOT NULL, hashes bytea NOT NULL)",
    f"CREATE TABLE {SCHEMA}.checkpoint (size bigint PRIMARY KEY, note bytea NOT NULL)",
)
_SQL: Final = statements(mark="%s", schema=f"{SCHEMA}.", contains="position(%s::bytea in body) > 0")
# Ordinary, permanent tables without triggers, rules or row security: what is inserted is stored, and survives a crash.
_TABLES: Final = """
    SELECT c.relname::text, c.relkind::text, c.relpersistence::text, c.relhastriggers, c.relhasrules, c.relrowsecurity,
           (SELECT string_agg(a.attname || ' ' || a.atttypid::regtype || ' ' || a.attnotnull, ',' ORDER BY a.attnum)
            FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)
    FROM pg_catalog.pg_class c WHERE c.relnamespace = %s::regnamespace AND c.relkind <> 'i' ORDER BY 1
"""
_EXPECTED: Final = [
    ("checkpoint", "r", "p", False, False, False, "size bigint true,note bytea true"),
    ("entry", "r", "p", False, False, False, "idx bigint true,body bytea true,hashes bytea true"),
]
_PREPARE: Final = """
    SELECT pg_catalog.set_config('search_path', 'pg_catalog', true), pg_catalog.set_config('lock_timeout', %s, true)
"""
_LOCK: Final = "SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtext(%s))"
_DURABLE: Final = frozenset({"on", "remote_apply"})
_CODES: Final = {  # SQLSTATE, or its class; PostgreSQL documentation, appendix A
    "55P03": Code.BUSY,
    "40P01": Code.BUSY,
    "23505": Code.BUSY,  # somebody who does not queue was first; nothing of ours is stored
    "53100": Code.DISK_FULL,
    "25006": Code.UNWRITABLE,
    "42501": Code.UNWRITABLE,
    "3F000": Code.MISSING,
    "42P01": Code.SCHEMA,
    "42703": Code.SCHEMA,
    "58": Code.IO,
    "XX": Code.CORRUPT,
}


class PostgresStore:
    """A ledger in schema `tenantgate_ledger` of a database. Threads may share it; a forked child must open its own."""

    def __init__(self, url: str, *, writable: bool, timeout: float) -> None:
        """Connect by a libpq URL (`postgresql://…`, with `sslmode` and the like). Raises LedgerError."""
        self._url = url
        self._writable = writable
        self._timeout = timeout
        self._pid = os.getpid()
        self._lock = threading.RLock()
        self._connection: psycopg.Connection | None = None
        self.where = "PostgreSQL"
        self._connect()

    def _connect(self) -> None:
        with _refusing(self.where):
            self._connection = connection = _connect(self._url, self._timeout)
        self.where = f"PostgreSQL database {connection.info.dbname} on {connection.info.host or 'localhost'}"
        try:
            with self.read():
                self._check_tables(connection)
                self.durability = "read-only"
            if self._writable:
                with self.write():  # what would keep a commit from being durable is said now
                    self.durability = f"postgresql {connection.info.server_version}, {_durability(connection)}"
        except BaseException:
            connection.close()
            raise

    @contextmanager
    def read(self) -> Iterator[Session]:
        with self._lock, _refusing(self.where):
            connection = self._open()
            with connection.transaction():
                connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                connection.execute("SELECT pg_catalog.set_config('search_path', 'pg_catalog', true)")
                yield Session(connection, _SQL, "%s")

    @contextmanager
    def write(self) -> Iterator[Session]:
        with self._lock, _refusing(self.where):
            connection = self._open()
            with connection.transaction():
                # READ COMMITTED: what is read after the lock was had is what the writer before left.
                connection.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
                connection.execute(_PREPARE, (f"{int(self._timeout * 1000)}ms",))
                connection.execute(_LOCK, (SCHEMA,))
                self._check_tables(connection)
                self._check_durable(connection)
                yield Session(connection, _SQL, "%s")

    def damage(self) -> list[str]:
        return []  # the audit reads every row; the server's own checks (checksums, amcheck) are its administrator's

    def reconnect(self) -> bool:
        with self._lock:
            connection, self._connection = self._open_or_lost(), None
            if connection is not None:
                connection.close()
            self._connect()
        return True

    def _open_or_lost(self) -> psycopg.Connection | None:
        if os.getpid() != self._pid:
            raise LedgerError(Code.UNAVAILABLE, f"{self.where}: opened before a fork; open it again in the child")
        return self._connection

    def close(self) -> None:
        """Idempotent."""
        with self._lock:
            connection, self._connection = self._connection, None
            if connection is not None and os.getpid() == self._pid:
                connection.close()

    def _open(self) -> psycopg.Connection:
        connection = self._open_or_lost()
        if connection is None or connection.closed:
            raise LedgerError(Code.UNAVAILABLE, f"{self.where}: closed, or the connection is lost; open it again")
        return connection

    def _check_tables(self, connection: psycopg.Connection) -> None:
        if connection.execute(_TABLES, (SCHEMA,)).fetchall() != _EXPECTED:
            message = f"{self.where}: schema {SCHEMA} does not hold just the two plain, permanent tables of a ledger"
            raise LedgerError(Code.SCHEMA, message)

    def _check_durable(self, connection: psycopg.Connection) -> None:
        # In each transaction: a pooler may have put us on another server process, and servers reload their settings.
        (commit,) = connection.execute("SELECT current_setting('synchronous_commit')").fetchone() or ("",)
        if commit not in _DURABLE:
            connection.execute("SET LOCAL synchronous_commit TO on")
        answered = _durability(connection)
        if answered not in {f"fsync on, full_page_writes on, synchronous_commit {level}" for level in _DURABLE}:
            raise LedgerError(Code.NOT_DURABLE, f"{self.where}: {answered}; the server would lose acknowledged entries")


def create(url: str, genesis: str, *, timeout: float) -> None:
    """Make the schema, its tables and the signed checkpoint of the empty tree in one transaction; never over another.

    Raises LedgerError; EXISTS when the schema does.
    """
    where = "PostgreSQL"
    with _refusing(where):
        connection = _connect(url, timeout)
        try:
            with connection.transaction():
                connection.execute(_LOCK, (SCHEMA,))
                if connection.execute("SELECT to_regnamespace(%s)", (SCHEMA,)).fetchone() != (None,):
                    raise LedgerError(Code.EXISTS, f"{where}: schema {SCHEMA} exists already; it is never replaced")
                connection.execute("SET LOCAL synchronous_commit TO on")
                for statement in _DDL:
                    connection.execute(statement)
                Session(connection, _SQL, "%s").insert([], 0, genesis)
        finally:
            connection.close()


def _connect(url: str, timeout: float) -> psycopg.Connection:
    try:
        import psycopg
    except ImportError:
        message = "a ledger on PostgreSQL needs the driver; install tenantgate[postgres]"
        raise LedgerError(Code.UNAVAILABLE, message) from None
    try:
        psycopg.conninfo.conninfo_to_dict(url)
    except psycopg.Error:  # its message quotes the URL, password and all
        message = "the ledger's address is not a libpq URL such as postgresql://user@host/database"
        raise LedgerError(Code.UNAVAILABLE, message) from None
    # No server-side prepared statements: a pooler between could run them elsewhere.
    return psycopg.connect(url, autocommit=True, connect_timeout=max(1, int(timeout)), prepare_threshold=None)


def _durability(connection: psycopg.Connection) -> str:
    names = ("fsync", "full_page_writes", "synchronous_commit")
    found = connection.execute("SELECT " + ", ".join(f"current_setting('{name}')" for name in names)).fetchone() or ()
    return ", ".join(f"{name} {value}" for name, value in zip(names, found, strict=True))


@contextmanager
def _refusing(where: str) -> Iterator[None]:
    try:
        import psycopg
    except ImportError:
        yield
        return
    try:
        yield
    except psycopg.Error as error:
        state = error.sqlstate or ""
        code = _CODES.get(state) or _CODES.get(state[:2]) or Code.UNAVAILABLE
        text = error.diag.message_primary or str(error).splitlines()[0]
        raise LedgerError(code, f"{where}: {text}") from None
