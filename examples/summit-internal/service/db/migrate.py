"""Applies `migrations/*.sql` in order of their numbers, each once, and refuses a file that changed afterwards."""

from __future__ import annotations

import hashlib
import re
import sqlite3
from datetime import datetime
from pathlib import Path

from service.clock import stamp

BOOKKEEPING = "0000_bookkeeping.sql"
_NAME = re.compile(r"^(\d{4})_[a-z0-9_]+\.sql$")


class MigrationError(Exception):
    """The migrations on disk and the ones the database has seen do not agree."""


def migrate(connection: sqlite3.Connection, directory: Path, *, at: datetime) -> int:
    """How many migrations were applied now."""
    connection.executescript((directory / BOOKKEEPING).read_text(encoding="utf-8"))
    seen = {row["number"]: row["file_sha256"] for row in connection.execute("SELECT * FROM schema_migrations")}
    applied = 0
    for path in sorted(directory.glob("*.sql")):
        if path.name == BOOKKEEPING:
            continue
        match = _NAME.match(path.name)
        if match is None:
            raise MigrationError(f"migrations/{path.name}: the name must look like 0001_what_it_does.sql")
        text = path.read_text(encoding="utf-8")
        digest = hashlib.sha256(text.encode()).hexdigest()
        number = match[1]
        if number in seen:
            if seen[number] != digest:
                raise MigrationError(
                    f"migrations/{path.name}: changed after it was applied; add a new migration instead"
                )
            continue
        connection.executescript(f"BEGIN;\n{text}")
        connection.execute(
            "INSERT INTO schema_migrations (number, file_sha256, applied_at) VALUES (?, ?, ?)",
            (number, digest, stamp(at)),
        )
        connection.execute("COMMIT")
        seen[number] = digest
        applied += 1
    if not seen:
        raise MigrationError(f"{directory.name}/: no migration found")
    return applied
