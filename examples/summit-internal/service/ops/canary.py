"""Rows whose presence after a restore proves something.

`write` puts a random canary into every tenant *before* the backup: it must come back, and no report written in advance
can know it. `late` writes rows *after* the backup: what is lost of them is the recovery point actually achieved.
"""

from __future__ import annotations

import argparse
import secrets
from collections.abc import Iterator

from service import settings
from service.clock import epoch_ms, now
from service.db.tenant_safe import TenantSession
from service.ops import console
from service.ops.workspace import Workspace, add_drill_argument
from service.repositories.operations import OperationsRepository


def _append(workspace: Workspace, action: str, subject: str) -> Iterator[dict[str, object]]:
    connection = workspace.open()
    try:
        for tenant in settings.tenants():
            at = now()
            operations = OperationsRepository(TenantSession(connection, tenant.id))
            event_id = operations.audit(actor="drill", action=action, subject=subject, at=at)
            yield {"tenant": tenant.id, "id": event_id, "written_at_ms": epoch_ms(at)}
    finally:
        connection.close()


def operation() -> console.Measured:
    parser = argparse.ArgumentParser(prog="python -m service.ops.canary", description=__doc__)
    parser.add_argument("action", choices=["write", "late"])
    add_drill_argument(parser)
    arguments = parser.parse_args()
    workspace: Workspace = arguments.drill
    if arguments.action == "write":
        nonce = secrets.token_hex(16)
        rows = list(_append(workspace, "drill.canary", nonce))
        workspace.remember({"canary": nonce, "canary_rows": rows})
        return {"canary_written": nonce, "rows_written": len(rows)}
    rows = list(_append(workspace, "drill.after-backup", "written after the backup"))
    workspace.remember({"late_rows": rows})
    return {"rows_written": len(rows)}


if __name__ == "__main__":
    console.run(operation)
