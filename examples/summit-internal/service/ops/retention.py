"""Which tables expire, by which rule, and the statements that count, bury and delete what is due.

A row is due when it is older than its data class's window for its tenant. It is buried first (a tombstone names it),
then exactly the buried rows are deleted. Children go with their parent and get tombstones of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from service.clock import stamp
from service.db.tenant_safe import TenantSession
from service.ops.console import CannotRunError

DATA_CLASSES = (
    "audit_log",
    "customer_export",
    "decision_log",
    "evidence",
    "operational_log",
    "prospect_pii",
    "usage_record",
)

ROWS_DUE = """
SELECT (SELECT count(*) FROM leads
         WHERE tenant_id = :tenant_id AND status <> 'converted' AND created_at < :prospect_pii)
     + (SELECT count(*) FROM exports WHERE tenant_id = :tenant_id AND created_at < :customer_export)
     + (SELECT count(*) FROM policy_decisions WHERE tenant_id = :tenant_id AND decided_at < :decision_log)
     + (SELECT count(*) FROM workflow_executions WHERE tenant_id = :tenant_id AND started_at < :operational_log)
     + (SELECT count(*) FROM audit_events WHERE tenant_id = :tenant_id AND occurred_at < :audit_log)
     + (SELECT count(*) FROM meter_events WHERE tenant_id = :tenant_id AND occurred_at < :usage_record)
     + (SELECT count(*) FROM evidence_bundles
         WHERE tenant_id = :tenant_id AND NOT legal_hold AND created_at < :evidence) AS rows_due
""".strip()

ROWS_ON_HOLD = """
SELECT count(*) FROM evidence_bundles WHERE tenant_id = :tenant_id AND legal_hold AND created_at < :evidence
""".strip()

BURIED_AND_GONE = """
SELECT count(*) FROM tombstones AS t
 WHERE t.tenant_id = :tenant_id AND t.purge_run_id = :purge_run_id
   AND t.row_id NOT IN (SELECT id FROM leads WHERE tenant_id = :tenant_id)
   AND t.row_id NOT IN (SELECT id FROM lead_routings WHERE tenant_id = :tenant_id)
   AND t.row_id NOT IN (SELECT id FROM exports WHERE tenant_id = :tenant_id)
   AND t.row_id NOT IN (SELECT id FROM export_jobs WHERE tenant_id = :tenant_id)
   AND t.row_id NOT IN (SELECT id FROM policy_decisions WHERE tenant_id = :tenant_id)
   AND t.row_id NOT IN (SELECT id FROM workflow_executions WHERE tenant_id = :tenant_id)
   AND t.row_id NOT IN (SELECT id FROM audit_events WHERE tenant_id = :tenant_id)
   AND t.row_id NOT IN (SELECT source || '/' || id FROM meter_events WHERE tenant_id = :tenant_id)
   AND t.row_id NOT IN (SELECT id FROM evidence_bundles WHERE tenant_id = :tenant_id)
   AND t.row_id NOT IN (SELECT a.id FROM evidence_artifacts AS a
                          JOIN evidence_bundles AS b ON b.id = a.bundle_id WHERE b.tenant_id = :tenant_id)
""".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Expiring:
    """A table whose rows expire. `bury` takes the window's cutoff; `delete` removes what this run buried."""

    table: str
    data_class: str
    count: str
    bury: str
    delete: str


# Children come before their parents, so that deleting in this order never breaks a reference.
EXPIRING: tuple[Expiring, ...] = (
    Expiring(
        table="lead_routings",
        data_class="prospect_pii",
        count="SELECT count(*) FROM lead_routings WHERE tenant_id = :tenant_id",
        bury="""
            INSERT INTO tombstones (tenant_id, purge_run_id, table_name, row_id, data_class, purged_at)
            SELECT r.tenant_id, :purge_run_id, 'lead_routings', r.id, 'prospect_pii', :purged_at
              FROM lead_routings AS r
              JOIN leads AS l ON l.tenant_id = r.tenant_id AND l.id = r.lead_id
             WHERE r.tenant_id = :tenant_id AND l.status <> 'converted' AND l.created_at < :cutoff
        """,
        delete="""
            DELETE FROM lead_routings
             WHERE tenant_id = :tenant_id
               AND id IN (SELECT row_id FROM tombstones
                           WHERE tenant_id = :tenant_id AND purge_run_id = :purge_run_id
                             AND table_name = 'lead_routings')
        """,
    ),
    Expiring(
        table="leads",
        data_class="prospect_pii",
        count="SELECT count(*) FROM leads WHERE tenant_id = :tenant_id",
        bury="""
            INSERT INTO tombstones (tenant_id, purge_run_id, table_name, row_id, data_class, purged_at)
            SELECT tenant_id, :purge_run_id, 'leads', id, 'prospect_pii', :purged_at
              FROM leads
             WHERE tenant_id = :tenant_id AND status <> 'converted' AND created_at < :cutoff
        """,
        delete="""
            DELETE FROM leads
             WHERE tenant_id = :tenant_id
               AND id IN (SELECT row_id FROM tombstones
                           WHERE tenant_id = :tenant_id AND purge_run_id = :purge_run_id AND table_name = 'leads')
        """,
    ),
    Expiring(
        table="export_jobs",
        data_class="customer_export",
        count="SELECT count(*) FROM export_jobs WHERE tenant_id = :tenant_id",
        bury="""
            INSERT INTO tombstones (tenant_id, purge_run_id, table_name, row_id, data_class, purged_at)
            SELECT j.tenant_id, :purge_run_id, 'export_jobs', j.id, 'customer_export', :purged_at
              FROM export_jobs AS j
              JOIN exports AS e ON e.tenant_id = j.tenant_id AND e.id = j.export_id
             WHERE j.tenant_id = :tenant_id AND e.created_at < :cutoff
        """,
        delete="""
            DELETE FROM export_jobs
             WHERE tenant_id = :tenant_id
               AND id IN (SELECT row_id FROM tombstones
                           WHERE tenant_id = :tenant_id AND purge_run_id = :purge_run_id
                             AND table_name = 'export_jobs')
        """,
    ),
    Expiring(
        table="exports",
        data_class="customer_export",
        count="SELECT count(*) FROM exports WHERE tenant_id = :tenant_id",
        bury="""
            INSERT INTO tombstones (tenant_id, purge_run_id, table_name, row_id, data_class, purged_at)
            SELECT tenant_id, :purge_run_id, 'exports', id, 'customer_export', :purged_at
              FROM exports
             WHERE tenant_id = :tenant_id AND created_at < :cutoff
        """,
        delete="""
            DELETE FROM exports
             WHERE tenant_id = :tenant_id
               AND id IN (SELECT row_id FROM tombstones
                           WHERE tenant_id = :tenant_id AND purge_run_id = :purge_run_id AND table_name = 'exports')
        """,
    ),
    Expiring(
        table="policy_decisions",
        data_class="decision_log",
        count="SELECT count(*) FROM policy_decisions WHERE tenant_id = :tenant_id",
        bury="""
            INSERT INTO tombstones (tenant_id, purge_run_id, table_name, row_id, data_class, purged_at)
            SELECT tenant_id, :purge_run_id, 'policy_decisions', id, 'decision_log', :purged_at
              FROM policy_decisions
             WHERE tenant_id = :tenant_id AND decided_at < :cutoff
        """,
        delete="""
            DELETE FROM policy_decisions
             WHERE tenant_id = :tenant_id
               AND id IN (SELECT row_id FROM tombstones
                           WHERE tenant_id = :tenant_id AND purge_run_id = :purge_run_id
                             AND table_name = 'policy_decisions')
        """,
    ),
    Expiring(
        table="workflow_executions",
        data_class="operational_log",
        count="SELECT count(*) FROM workflow_executions WHERE tenant_id = :tenant_id",
        bury="""
            INSERT INTO tombstones (tenant_id, purge_run_id, table_name, row_id, data_class, purged_at)
            SELECT tenant_id, :purge_run_id, 'workflow_executions', id, 'operational_log', :purged_at
              FROM workflow_executions
             WHERE tenant_id = :tenant_id AND started_at < :cutoff
        """,
        delete="""
            DELETE FROM workflow_executions
             WHERE tenant_id = :tenant_id
               AND id IN (SELECT row_id FROM tombstones
                           WHERE tenant_id = :tenant_id AND purge_run_id = :purge_run_id
                             AND table_name = 'workflow_executions')
        """,
    ),
    Expiring(
        table="audit_events",
        data_class="audit_log",
        count="SELECT count(*) FROM audit_events WHERE tenant_id = :tenant_id",
        bury="""
            INSERT INTO tombstones (tenant_id, purge_run_id, table_name, row_id, data_class, purged_at)
            SELECT tenant_id, :purge_run_id, 'audit_events', id, 'audit_log', :purged_at
              FROM audit_events
             WHERE tenant_id = :tenant_id AND occurred_at < :cutoff
        """,
        delete="""
            DELETE FROM audit_events
             WHERE tenant_id = :tenant_id
               AND id IN (SELECT row_id FROM tombstones
                           WHERE tenant_id = :tenant_id AND purge_run_id = :purge_run_id
                             AND table_name = 'audit_events')
        """,
    ),
    Expiring(
        table="meter_events",
        data_class="usage_record",
        count="SELECT count(*) FROM meter_events WHERE tenant_id = :tenant_id",
        bury="""
            INSERT INTO tombstones (tenant_id, purge_run_id, table_name, row_id, data_class, purged_at)
            SELECT tenant_id, :purge_run_id, 'meter_events', source || '/' || id, 'usage_record', :purged_at
              FROM meter_events
             WHERE tenant_id = :tenant_id AND occurred_at < :cutoff
        """,
        delete="""
            DELETE FROM meter_events
             WHERE tenant_id = :tenant_id
               AND source || '/' || id IN (SELECT row_id FROM tombstones
                                            WHERE tenant_id = :tenant_id AND purge_run_id = :purge_run_id
                                              AND table_name = 'meter_events')
        """,
    ),
    Expiring(
        table="evidence_artifacts",
        data_class="evidence",
        count="""
            SELECT count(*) FROM evidence_artifacts AS a
              JOIN evidence_bundles AS b ON b.id = a.bundle_id
             WHERE b.tenant_id = :tenant_id
        """,
        bury="""
            INSERT INTO tombstones (tenant_id, purge_run_id, table_name, row_id, data_class, purged_at)
            SELECT b.tenant_id, :purge_run_id, 'evidence_artifacts', a.id, 'evidence', :purged_at
              FROM evidence_artifacts AS a
              JOIN evidence_bundles AS b ON b.id = a.bundle_id
             WHERE b.tenant_id = :tenant_id AND NOT b.legal_hold AND b.created_at < :cutoff
        """,
        delete="""
            DELETE FROM evidence_artifacts
             WHERE bundle_id IN (SELECT id FROM evidence_bundles WHERE tenant_id = :tenant_id)
               AND id IN (SELECT row_id FROM tombstones
                           WHERE tenant_id = :tenant_id AND purge_run_id = :purge_run_id
                             AND table_name = 'evidence_artifacts')
        """,
    ),
    Expiring(
        table="evidence_bundles",
        data_class="evidence",
        count="SELECT count(*) FROM evidence_bundles WHERE tenant_id = :tenant_id",
        bury="""
            INSERT INTO tombstones (tenant_id, purge_run_id, table_name, row_id, data_class, purged_at)
            SELECT tenant_id, :purge_run_id, 'evidence_bundles', id, 'evidence', :purged_at
              FROM evidence_bundles
             WHERE tenant_id = :tenant_id AND NOT legal_hold AND created_at < :cutoff
        """,
        delete="""
            DELETE FROM evidence_bundles
             WHERE tenant_id = :tenant_id
               AND id IN (SELECT row_id FROM tombstones
                           WHERE tenant_id = :tenant_id AND purge_run_id = :purge_run_id
                             AND table_name = 'evidence_bundles')
        """,
    ),
)


def cutoffs(session: TenantSession, *, at: datetime) -> Mapping[str, str]:
    """Data class → the time before which the tenant's rows are due. No window for a class is an error, not forever."""
    rows = session.all("SELECT data_class, retain_days FROM retention_policies WHERE tenant_id = :tenant_id")
    windows = {row["data_class"]: stamp(at - timedelta(days=row["retain_days"])) for row in rows}
    missing = set(DATA_CLASSES) - windows.keys()
    if missing:
        raise CannotRunError(f"tenant {session.tenant_id} has no retention window for {', '.join(sorted(missing))}")
    return {data_class: windows[data_class] for data_class in DATA_CLASSES}
