"""A drill's own directory under `var/drills/`: a working copy of the database, its backups, and what happened when.

Drills act on the working copy only. The live database is opened once, read-only, to make the copy.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from service import settings
from service.db.connection import connect
from service.db.tenant_safe import TenantSession
from service.ops.console import CannotRunError

_NAME = re.compile(r"^[a-z][a-z0-9-]{0,63}$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    name: str

    @classmethod
    def named(cls, name: str) -> Workspace:
        """Raises `CannotRunError` for a name that could point outside `var/drills/`."""
        if not _NAME.match(name):
            raise CannotRunError(f"{name!r} is no drill name; use lower-case letters, digits and dashes")
        return cls(name=name)

    @property
    def directory(self) -> Path:
        return settings.VAR / "drills" / self.name

    @property
    def database(self) -> Path:
        return self.directory / "working.sqlite"

    @property
    def backups(self) -> Path:
        return self.directory / "backups"

    def prepare(self) -> Path:
        """Start over with a fresh copy of the live database; the copy's path."""
        self.discard()
        self.backups.mkdir(parents=True)
        copy(settings.DATABASE, self.database)
        self.remember({})
        return self.database

    def discard(self) -> bool:
        """Remove every copy of data the drill made; False if there was none."""
        existed = self.directory.is_dir()
        shutil.rmtree(self.directory, ignore_errors=not existed)
        return existed

    def open(self) -> sqlite3.Connection:
        self.require()
        return connect(self.database)

    @contextmanager
    def session(self, tenant_id: str) -> Iterator[TenantSession]:
        """A session on the working copy, for a tenant that is in the registry."""
        if tenant_id not in {tenant.id for tenant in settings.tenants()}:
            raise CannotRunError(f"{tenant_id!r} is no tenant in config/tenants.json")
        connection = self.open()
        try:
            yield TenantSession(connection, tenant_id)
        finally:
            connection.close()

    def require(self) -> None:
        if not (self.directory / "state.json").is_file():
            raise CannotRunError(f"drill {self.name} has no working copy; run `service.ops.drill prepare` first")

    def recall(self, *names: str) -> dict[str, Any]:
        """The facts of these names; an earlier step that was left out is an error."""
        self.require()
        state: dict[str, Any] = json.loads((self.directory / "state.json").read_text(encoding="utf-8"))
        missing = sorted(set(names) - state.keys())
        if missing:
            raise CannotRunError(f"drill {self.name} has not done every step before this one: no {', '.join(missing)}")
        return state

    def remember(self, facts: dict[str, Any]) -> None:
        """Add facts to the drill's state; later steps measure against them."""
        path = self.directory / "state.json"
        known = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        temporary = path.with_suffix(f".{os.getpid()}")
        temporary.write_text(json.dumps({**known, **facts}, sort_keys=True), encoding="utf-8")
        temporary.replace(path)


def copy(source: Path, target: Path) -> None:
    """A consistent copy of a database that may be in use (SQLite's online backup)."""
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    origin = connect(source, read_only=True)
    try:
        destination = sqlite3.connect(temporary)
        try:
            origin.backup(destination)
        finally:
            destination.close()
    finally:
        origin.close()
    for suffix in ("-wal", "-shm"):
        target.with_name(target.name + suffix).unlink(missing_ok=True)
    temporary.replace(target)


def add_drill_argument(parser: ArgumentParser) -> None:
    parser.add_argument("--drill", required=True, type=Workspace.named, help="name of the drill, e.g. dr-restore")
