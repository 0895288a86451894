"""Make the database from nothing: migrations, the past, an API key per tenant. No network, and safe to repeat.

A database that is already there keeps its rows; it only gets the migrations it has not seen.
"""

from __future__ import annotations

import argparse
import sqlite3
from pathlib import Path

import generate
from history.timeline import Timeline
from service import settings
from service.clock import now, parse
from service.db.connection import connect
from service.db.migrate import migrate
from service.db.tenant_safe import TenantSession
from service.identifiers import key_hash, new_api_key
from service.ops import console
from service.repositories.identity import IdentityRepository

KEYS = settings.VAR / "keys"


def key_file(tenant_id: str) -> Path:
    """Where a tenant's key is kept for `make smoke`, readable by the owner only."""
    return KEYS / f"{tenant_id}.key"


def issue_keys(connection: sqlite3.Connection) -> int:
    """A new key for every tenant whose kept key is missing or not accepted (any more); the number issued."""
    KEYS.mkdir(mode=0o700, exist_ok=True)
    issued = 0
    for tenant in settings.tenants():
        identity = IdentityRepository(TenantSession(connection, tenant.id))
        file = key_file(tenant.id)
        if file.is_file() and identity.active_key(key_hash(file.read_text(encoding="ascii").strip())) is not None:
            continue
        api_key = new_api_key(tenant.id)
        file.unlink(missing_ok=True)
        file.touch(mode=0o600, exist_ok=False)
        file.write_text(api_key + "\n", encoding="ascii")
        identity.add_key(label="bootstrap", key_hash=key_hash(api_key), at=now())
        issued += 1
    return issued


def operation() -> console.Measured:
    parser = argparse.ArgumentParser(prog="python -m service.ops.bootstrap", description=__doc__)
    parser.add_argument("--as-of", help="the clock the past is relative to, if there is no database yet (default: now)")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    try:
        as_of = now() if arguments.as_of is None else parse(arguments.as_of)
    except ValueError as error:
        raise console.CannotRunError(f"--as-of: {error}") from error
    created = not settings.DATABASE.is_file()
    if created:
        generate.write_database(Timeline.at(as_of, arguments.seed))
    connection = connect(settings.DATABASE)
    try:
        applied = migrate(connection, settings.MIGRATIONS, at=now())
        issued = issue_keys(connection)
    finally:
        connection.close()
    return {"created": int(created), "keys_issued": issued, "migrations_applied_now": applied}


if __name__ == "__main__":
    console.run(operation)
