"""Check a restored working copy against its backup, tenant by tenant, and measure what recovery really cost.

RTO runs from the failure to the end of this verification, since data nobody verified is not recovered. RPO runs from
the backup to the newest row that was lost. Seconds are rounded up.
"""

from __future__ import annotations

import argparse
from typing import Any

from service import settings
from service.clock import epoch_ms, now
from service.db.tenant_safe import TenantSession
from service.ops import console, snapshot
from service.ops.workspace import Workspace, add_drill_argument
from service.repositories.operations import OperationsRepository


def verify(workspace: Workspace) -> console.Measured:
    state = workspace.recall("canary", "canary_rows", "late_rows", "failed_at_ms", "restored_from")
    backup = state["restored_from"]
    connection = workspace.open()
    try:
        (verdict,) = connection.execute("PRAGMA integrity_check").fetchone()
        broken = len(connection.execute("PRAGMA foreign_key_check").fetchall())
        sessions = {tenant.id: TenantSession(connection, tenant.id) for tenant in settings.tenants()}
        restored = {tenant: snapshot.take(session) for tenant, session in sessions.items()}
        observed = sum(session.count(snapshot.COUNT_ALL) for session in sessions.values())
        canaries = {_subject(sessions, row) for row in state["canary_rows"]}
        lost = [row for row in state["late_rows"] if _subject(sessions, row) is None]
    finally:
        connection.close()
    expected = sum(int(tenant["rows"]) for tenant in backup["tenants"].values())
    matched = sum(
        tenant in restored and restored[tenant].sha256 == known["sha256"] for tenant, known in backup["tenants"].items()
    )
    found = state["canary"] if canaries == {state["canary"]} else "absent"
    rpo_ms = max((int(row["written_at_ms"]) - int(backup["taken_at_ms"]) for row in lost), default=0)
    rto_ms = epoch_ms(now()) - int(state["failed_at_ms"])
    measured = {
        "broken_references": broken,
        "canary": {"written": state["canary"], "found": found},
        "checksums_matched": matched,
        "restore_validation": {"query": snapshot.COUNT_ALL, "expected": str(expected), "observed": str(observed)},
        "rows_lost": len(lost),
        "rows_restored": observed,
        "rpo_ms": rpo_ms,
        "rpo_seconds": -(-rpo_ms // 1000),
        "rto_ms": rto_ms,
        "rto_seconds": -(-rto_ms // 1000),
        "tenants": len(backup["tenants"]),
    }
    if verdict != "ok" or broken:
        raise console.DidNotHoldError("the restored database is not sound", measured)
    if found != state["canary"]:
        raise console.DidNotHoldError("the canary written before the backup did not come back", measured)
    if matched != len(restored) or expected != observed or len(restored) != len(backup["tenants"]):
        raise console.DidNotHoldError("a tenant's rows differ from the backup", measured)
    return measured


def _subject(sessions: dict[str, TenantSession], row: dict[str, Any]) -> str | None:
    event = OperationsRepository(sessions[row["tenant"]]).audit_event(row["id"])
    return None if event is None else str(event["subject"])


def operation() -> console.Measured:
    parser = argparse.ArgumentParser(prog="python -m service.ops.verify_restore", description=__doc__)
    add_drill_argument(parser)
    return verify(parser.parse_args().drill)


if __name__ == "__main__":
    console.run(operation)
