"""Steady state: the database is sound, every reference holds, and every registered tenant has its rows."""

from __future__ import annotations

import argparse

from service import settings
from service.db.connection import connect
from service.db.tenant_safe import TenantSession
from service.ops import console, snapshot


def operation() -> console.Measured:
    argparse.ArgumentParser(prog="python -m service.ops.integrity", description=__doc__).parse_args()
    connection = connect(settings.DATABASE, read_only=True)
    try:
        (verdict,) = connection.execute("PRAGMA integrity_check").fetchone()
        broken = len(connection.execute("PRAGMA foreign_key_check").fetchall())
        rows = [TenantSession(connection, tenant.id).count(snapshot.COUNT_ALL) for tenant in settings.tenants()]
    finally:
        connection.close()
    measured = {
        "broken_references": broken,
        "rows": sum(rows),
        "tenants": len(rows),
        "tenants_without_rows": rows.count(0),
    }
    if verdict != "ok" or broken or 0 in rows:
        raise console.DidNotHoldError(f"integrity check says {verdict!r}", measured)
    return measured


if __name__ == "__main__":
    console.run(operation)
