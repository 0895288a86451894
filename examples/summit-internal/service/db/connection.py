"""How a database file is opened. The same pragmas everywhere, so that a drill tests what production runs."""

from __future__ import annotations

import sqlite3
from pathlib import Path


class DatabaseMissingError(Exception):
    """There is no database at that path; `make bootstrap` creates it."""


def connect(path: Path, *, create: bool = False, read_only: bool = False) -> sqlite3.Connection:
    """An autocommit connection with foreign keys on; raises `DatabaseMissingError` instead of making an empty file."""
    if not create and not path.is_file():
        raise DatabaseMissingError(f"{path.name}: no database in {path.parent}; run `make bootstrap` first")
    mode = "ro" if read_only else "rwc" if create else "rw"
    # FastAPI opens a request's connection on one worker thread and may use it on another, never on two at once.
    connection = sqlite3.connect(
        f"{path.as_uri()}?mode={mode}", uri=True, isolation_level=None, check_same_thread=False
    )
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA busy_timeout = 5000")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA secure_delete = ON")
    if not read_only:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
    return connection
