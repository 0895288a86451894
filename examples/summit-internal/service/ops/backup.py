"""Back up a database and describe the backup: its digest, when it was taken, and every tenant's rows and checksum."""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path
from typing import Any

from service import settings
from service.clock import epoch_ms, now
from service.db.connection import connect
from service.db.tenant_safe import TenantSession
from service.ops import console, snapshot
from service.ops.workspace import Workspace, copy


def take(database: Path, directory: Path) -> dict[str, Any]:
    """Write `<time>.sqlite` and, last, its `<time>.json`: a backup without a description does not count as one."""
    directory.mkdir(parents=True, exist_ok=True)
    at = now()
    file = directory / f"{at:%Y%m%dT%H%M%S%fZ}.sqlite"
    copy(database, file)
    connection = connect(file, read_only=True)
    try:
        tenants = [snapshot.take(TenantSession(connection, tenant.id)) for tenant in settings.tenants()]
    finally:
        connection.close()
    description = {
        "file": file.name,
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        "taken_at_ms": epoch_ms(at),
        "tenants": {t.tenant: {"rows": t.rows, "tables": dict(t.tables), "sha256": t.sha256} for t in tenants},
    }
    temporary = file.with_suffix(".part")
    temporary.write_text(json.dumps(description, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    temporary.replace(file.with_suffix(".json"))
    return description


def latest(directory: Path) -> dict[str, Any]:
    """The description of the newest backup whose file still has the digest it was written with."""
    descriptions = [json.loads(path.read_text(encoding="utf-8")) for path in directory.glob("*.json")]
    for description in sorted(descriptions, key=lambda d: int(d["taken_at_ms"]), reverse=True):
        file = directory / description["file"]
        if file.is_file() and hashlib.sha256(file.read_bytes()).hexdigest() == description["sha256"]:
            chosen: dict[str, Any] = description
            return chosen
    raise console.CannotRunError(f"no usable backup in {directory.name}/ ({len(descriptions)} described)")


def operation() -> console.Measured:
    parser = argparse.ArgumentParser(prog="python -m service.ops.backup", description=__doc__)
    parser.add_argument("--drill", help="back up this drill's working copy instead of the live database")
    arguments = parser.parse_args()
    if arguments.drill is None:
        taken = take(settings.DATABASE, settings.VAR / "backups")
    else:
        workspace = Workspace.named(arguments.drill)
        workspace.require()
        taken = take(workspace.database, workspace.backups)
    return {
        "backup_sha256": taken["sha256"],
        "rows": sum(tenant["rows"] for tenant in taken["tenants"].values()),
        "tenants": len(taken["tenants"]),
    }


if __name__ == "__main__":
    console.run(operation)
