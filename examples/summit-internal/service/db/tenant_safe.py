"""The tenant-safe wrapper: a session is opened for one tenant and supplies that tenant to every statement.

Repositories get a `TenantSession` and nothing else, so no repository can name another tenant. The wrapper checks that
a statement asks for `:tenant_id`; it cannot see *where* in the statement the value is used. That is what the gate's
lint proves.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

_ASKS_FOR_TENANT = re.compile(r":tenant_id\b")

Value = str | int | None


class TenantScopeError(Exception):
    """A statement that does not take the session's tenant, or a caller that tried to supply its own."""


class TenantSession:
    """A database connection that speaks for one tenant."""

    __slots__ = ("_connection", "_tenant_id")

    def __init__(self, connection: sqlite3.Connection, tenant_id: str) -> None:
        if not tenant_id:
            raise TenantScopeError("a session needs a tenant; an empty one does not mean everybody")
        self._connection = connection
        self._tenant_id = tenant_id

    @property
    def tenant_id(self) -> str:
        return self._tenant_id

    def all(self, sql: str, /, **values: Value) -> list[sqlite3.Row]:
        return self._execute(sql, values).fetchall()

    def one(self, sql: str, /, **values: Value) -> sqlite3.Row | None:
        """The first row or None."""
        row: sqlite3.Row | None = self._execute(sql, values).fetchone()
        return row

    def count(self, sql: str, /, **values: Value) -> int:
        """The single integer a counting query returns."""
        return int(self._execute(sql, values).fetchone()[0])

    def run(self, sql: str, /, **values: Value) -> int:
        """Execute a write; the number of rows it changed."""
        return self._execute(sql, values).rowcount

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, with the write lock taken at the start so that it cannot fail half way."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def _execute(self, sql: str, values: dict[str, Value]) -> sqlite3.Cursor:
        if "tenant_id" in values:
            raise TenantScopeError("the session supplies tenant_id; a caller must not")
        if not _ASKS_FOR_TENANT.search(sql):
            raise TenantScopeError(f"a statement must bind :tenant_id: {' '.join(sql.split())[:80]}")
        return self._connection.execute(sql, {**values, "tenant_id": self._tenant_id})
