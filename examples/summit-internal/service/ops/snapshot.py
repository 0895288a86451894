"""What a tenant owns, table by table: row counts and a checksum that two databases can be compared by.

The statements are written out one by one, because a table name pasted into a string is a query nobody can check.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from service.db.tenant_safe import TenantSession

ROWS_OF: Mapping[str, str] = {
    "tenants": "SELECT * FROM tenants WHERE id = :tenant_id",
    "users": "SELECT * FROM users WHERE tenant_id = :tenant_id ORDER BY id",
    "memberships": "SELECT * FROM memberships WHERE tenant_id = :tenant_id ORDER BY user_id, role",
    "api_keys": "SELECT * FROM api_keys WHERE tenant_id = :tenant_id ORDER BY id",
    "tenant_features": "SELECT * FROM tenant_features WHERE tenant_id = :tenant_id ORDER BY flag_id",
    "leads": "SELECT * FROM leads WHERE tenant_id = :tenant_id ORDER BY id",
    "lead_routings": "SELECT * FROM lead_routings WHERE tenant_id = :tenant_id ORDER BY id",
    "quotes": "SELECT * FROM quotes WHERE tenant_id = :tenant_id ORDER BY id",
    "discounts": "SELECT * FROM discounts WHERE tenant_id = :tenant_id ORDER BY id",
    "approvals": "SELECT * FROM approvals WHERE tenant_id = :tenant_id ORDER BY id",
    "receipts": "SELECT * FROM receipts WHERE tenant_id = :tenant_id ORDER BY id",
    "workflow_executions": "SELECT * FROM workflow_executions WHERE tenant_id = :tenant_id ORDER BY id",
    "policy_decisions": "SELECT * FROM policy_decisions WHERE tenant_id = :tenant_id ORDER BY id",
    "copilot_suggestions": "SELECT * FROM copilot_suggestions WHERE tenant_id = :tenant_id ORDER BY id",
    "incidents": "SELECT * FROM incidents WHERE tenant_id = :tenant_id ORDER BY id",
    "incident_notes": """
        SELECT n.* FROM incident_notes AS n JOIN incidents AS i ON i.id = n.incident_id
         WHERE i.tenant_id = :tenant_id ORDER BY n.id
    """,
    "evidence_bundles": "SELECT * FROM evidence_bundles WHERE tenant_id = :tenant_id ORDER BY id",
    "evidence_artifacts": """
        SELECT a.* FROM evidence_artifacts AS a JOIN evidence_bundles AS b ON b.id = a.bundle_id
         WHERE b.tenant_id = :tenant_id ORDER BY a.id
    """,
    "audit_events": "SELECT * FROM audit_events WHERE tenant_id = :tenant_id ORDER BY id",
    "meter_events": "SELECT * FROM meter_events WHERE tenant_id = :tenant_id ORDER BY source, id",
    "quotas": "SELECT * FROM quotas WHERE tenant_id = :tenant_id ORDER BY metric",
    "invoices": "SELECT * FROM invoices WHERE tenant_id = :tenant_id ORDER BY id",
    "invoice_lines": "SELECT * FROM invoice_lines WHERE tenant_id = :tenant_id ORDER BY invoice_id, metric",
    "exports": "SELECT * FROM exports WHERE tenant_id = :tenant_id ORDER BY id",
    "export_jobs": "SELECT * FROM export_jobs WHERE tenant_id = :tenant_id ORDER BY id",
    "integrations": "SELECT * FROM integrations WHERE tenant_id = :tenant_id ORDER BY id",
    "integration_scopes": """
        SELECT * FROM integration_scopes WHERE tenant_id = :tenant_id ORDER BY integration_id, scope
    """,
    "retention_policies": "SELECT * FROM retention_policies WHERE tenant_id = :tenant_id ORDER BY data_class",
    "purge_runs": "SELECT * FROM purge_runs WHERE tenant_id = :tenant_id ORDER BY id",
    "tombstones": "SELECT * FROM tombstones WHERE tenant_id = :tenant_id ORDER BY table_name, row_id",
}

COUNT_ALL = """
SELECT (SELECT count(*) FROM tenants WHERE id = :tenant_id)
     + (SELECT count(*) FROM users WHERE tenant_id = :tenant_id)
     + (SELECT count(*) FROM memberships WHERE tenant_id = :tenant_id)
     + (SELECT count(*) FROM api_keys WHERE tenant_id = :tenant_id)
     + (SELECT count(*) FROM tenant_features WHERE tenant_id = :tenant_id)
     + (SELECT count(*) FROM leads WHERE tenant_id = :tenant_id)
     + (SELECT count(*) FROM lead_routings WHERE tenant_id = :tenant_id)
     + (SELECT count(*) FROM quotes WHERE tenant_id = :tenant_id)
     + (SELECT count(*) FROM discounts WHERE tenant_id = :tenant_id)
     + (SELECT count(*) FROM approvals WHERE tenant_id = :tenant_id)
     + (SELECT count(*) FROM receipts WHERE tenant_id = :tenant_id)
     + (SELECT count(*) FROM workflow_executions WHERE tenant_id = :tenant_id)
     + (SELECT count(*) FROM policy_decisions WHERE tenant_id = :tenant_id)
     + (SELECT count(*) FROM copilot_suggestions WHERE tenant_id = :tenant_id)
     + (SELECT count(*) FROM incidents WHERE tenant_id = :tenant_id)
     + (SELECT count(*) FROM incident_notes AS n JOIN incidents AS i ON i.id = n.incident_id
         WHERE i.tenant_id = :tenant_id)
     + (SELECT count(*) FROM evidence_bundles WHERE tenant_id = :tenant_id)
     + (SELECT count(*) FROM evidence_artifacts AS a JOIN evidence_bundles AS b ON b.id = a.bundle_id
         WHERE b.tenant_id = :tenant_id)
     + (SELECT count(*) FROM audit_events WHERE tenant_id = :tenant_id)
     + (SELECT count(*) FROM meter_events WHERE tenant_id = :tenant_id)
     + (SELECT count(*) FROM quotas WHERE tenant_id = :tenant_id)
     + (SELECT count(*) FROM invoices WHERE tenant_id = :tenant_id)
     + (SELECT count(*) FROM invoice_lines WHERE tenant_id = :tenant_id)
     + (SELECT count(*) FROM exports WHERE tenant_id = :tenant_id)
     + (SELECT count(*) FROM export_jobs WHERE tenant_id = :tenant_id)
     + (SELECT count(*) FROM integrations WHERE tenant_id = :tenant_id)
     + (SELECT count(*) FROM integration_scopes WHERE tenant_id = :tenant_id)
     + (SELECT count(*) FROM retention_policies WHERE tenant_id = :tenant_id)
     + (SELECT count(*) FROM purge_runs WHERE tenant_id = :tenant_id)
     + (SELECT count(*) FROM tombstones WHERE tenant_id = :tenant_id) AS row_count
""".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """`rows` counts all tables; `sha256` covers every value of every row, in a fixed order."""

    tenant: str
    rows: int
    tables: Mapping[str, int]
    sha256: str


def take(session: TenantSession) -> Snapshot:
    digest = hashlib.sha256()
    tables: dict[str, int] = {}
    for table, statement in ROWS_OF.items():
        rows = session.all(statement)
        tables[table] = len(rows)
        for row in rows:
            digest.update(json.dumps([table, dict(row)], sort_keys=True).encode() + b"\n")
    return Snapshot(tenant=session.tenant_id, rows=sum(tables.values()), tables=tables, sha256=digest.hexdigest())
