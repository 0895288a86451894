"""Fills a migrated database with the company's past: tenants and their people, deals, usage, logs, exports, tombstones.

Rows that expire come from `history.lifecycle`, the rest is made here. API keys are not history: `make bootstrap` issues
them at random and nothing derives them from the seed.
"""

from __future__ import annotations

import hashlib
import random
import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from history.lifecycle import RETAIN_DAYS, Row, child_table, retain_days, rows
from history.timeline import Timeline
from service import settings
from service.clock import stamp
from service.settings import POLICY_VERSION, Tenant

PLANS = (
    ("internal", "Internal Edition", 200),
    ("pro", "Pro", 50),
    ("enterprise", "Enterprise", 1000),
    ("white-label", "White-Label Edition", 500),
)
FLAGS = (
    ("copilot", "The copilot may propose operations", 1),
    ("exports", "Exports can be made and downloaded", 1),
    ("simulated-incidents", "Drills may open incidents marked as simulated", 1),
)
PRICES = (
    ("exports.downloaded", "download", 2),
    ("high_risk_ops.requests_total", "request", 25),
    ("policy.decisions_total", "decision", 1),
    ("revops.leads_ingested_total", "lead", 5),
    ("revops.quotes_submitted_total", "quote", 40),
    ("workflow.executions_total", "execution", 3),
)
PRICE_LIST = "2026-07"
TAGS = {
    "exports.downloaded": ("revops", "revops_pack"),
    "high_risk_ops.requests_total": ("secops", "high_risk_ops_pack"),
    "policy.decisions_total": ("secops", "high_risk_ops_pack"),
    "revops.leads_ingested_total": ("revops", "revops_pack"),
    "revops.quotes_submitted_total": ("revops", "revops_pack"),
    "workflow.executions_total": ("finops", "finops_pack"),
}
ROLES = ("viewer", "operator", "approver", "tenant-admin")
COMPANIES = ("Northwind", "Contoso", "Fabrikam", "Tailspin", "Litware", "Adatum", "Proseware", "Wingtip", "Lucerne")
INTEGRATIONS = (
    ("crm", "ingress", "active", ("contacts:read", "deals:read")),
    ("billing", "egress", "active", ("invoices:write",)),
    ("ticketing", "egress", "sandbox", ("tickets:write",)),
)
INVOICED_MONTHS = 6


def fill(connection: sqlite3.Connection, timeline: Timeline) -> None:
    """Everything in one transaction, in an order that keeps every reference whole."""
    everything = rows(timeline)
    connection.execute("BEGIN IMMEDIATE")
    _reference_data(connection)
    for tenant in settings.tenants():
        own = [row for row in everything if row.tenant == tenant.id]
        alive = [row for row in own if row.run is None]
        draw = timeline.random(f"database:{tenant.id}")
        _tenant(connection, timeline, tenant, draw)
        _revops(connection, timeline, tenant.id, _of("leads", alive), draw)
        _logs(connection, tenant, alive, draw)
        _usage(connection, timeline, tenant, _of("meter_events", alive), draw)
        _exports(connection, tenant.id, _of("exports", alive))
        _evidence(connection, tenant.id, _of("evidence_bundles", alive))
        _incidents(connection, timeline, tenant.id, draw)
        _tombstones(connection, timeline, tenant.id, own)
    connection.execute("COMMIT")


def _of(table: str, found: Sequence[Row]) -> list[Row]:
    return [row for row in found if row.table == table]


def _id(draw: random.Random, prefix: str) -> str:
    return f"{prefix}_{draw.getrandbits(64):016x}"


def _reference_data(connection: sqlite3.Connection) -> None:
    connection.executemany("INSERT INTO plans (id, title, seat_limit) VALUES (?, ?, ?)", PLANS)
    connection.executemany("INSERT INTO feature_flags (id, description, default_on) VALUES (?, ?, ?)", FLAGS)
    connection.executemany(
        "INSERT INTO price_items (metric, unit, unit_price_cents, price_list) VALUES (?, ?, ?, ?)",
        [(*price, PRICE_LIST) for price in PRICES],
    )


def _tenant(connection: sqlite3.Connection, timeline: Timeline, tenant: Tenant, draw: random.Random) -> None:
    founded = timeline.as_of - timedelta(days=900)
    connection.execute(
        "INSERT INTO tenants (id, name, plan_id, region, sla_tier, created_at) VALUES (?, ?, ?, ?, ?, ?)",
        (tenant.id, tenant.name, tenant.plan, tenant.region, tenant.sla_tier, stamp(founded)),
    )
    people = [(role, number, _id(draw, "user")) for role in ROLES for number in (1, 2)]
    domain = f"{tenant.id}.example"
    connection.executemany(
        "INSERT INTO users (tenant_id, id, email, status, created_at) VALUES (?, ?, ?, 'active', ?)",
        [(tenant.id, user, f"{role}-{number}@{domain}", stamp(founded)) for role, number, user in people],
    )
    connection.executemany(
        "INSERT INTO memberships (tenant_id, user_id, role, granted_at) VALUES (?, ?, ?, ?)",
        [(tenant.id, user, role, stamp(founded)) for role, _, user in people],
    )
    connection.executemany(
        "INSERT INTO quotas (tenant_id, metric, soft_limit, hard_limit) VALUES (?, ?, ?, ?)",
        [
            (tenant.id, "api.requests", 50_000, 60_000),
            (tenant.id, "copilot.suggestions", 400, 500),
            (tenant.id, "exports.downloaded", 80, 100),
        ],
    )
    connection.executemany(
        "INSERT INTO retention_policies (tenant_id, data_class, retain_days) VALUES (?, ?, ?)",
        [(tenant.id, data_class, retain_days(tenant.id, data_class)) for data_class in sorted(RETAIN_DAYS)],
    )
    for provider, direction, status, scopes in INTEGRATIONS:
        integration = _id(draw, "intg")
        checked = timeline.as_of - timedelta(days=draw.randint(2, 25))
        connection.execute(
            "INSERT INTO integrations (tenant_id, id, provider, direction, status, secret_ref, last_check_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (tenant.id, integration, provider, direction, status, f"vault:{tenant.id}/{provider}", stamp(checked)),
        )
        connection.executemany(
            "INSERT INTO integration_scopes (tenant_id, integration_id, scope, granted_at) VALUES (?, ?, ?, ?)",
            [(tenant.id, integration, scope, stamp(founded)) for scope in scopes],
        )


def _revops(
    connection: sqlite3.Connection, timeline: Timeline, tenant_id: str, leads: Sequence[Row], draw: random.Random
) -> None:
    for lead in leads:
        expired = lead.due_at < timeline.as_of
        if lead.child_id is None:
            status = draw.choice(("parked", "dropped") if expired else ("new", "parked", "dropped"))
        else:
            status = "routed" if expired else draw.choice(("routed", "routed", "converted"))
        connection.execute(
            "INSERT INTO leads (tenant_id, id, source, company, segment, temperature, status, is_spam, is_duplicate,"
            " created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                tenant_id,
                lead.id,
                draw.choice(("website", "intro", "partner")),
                f"{draw.choice(COMPANIES)} {draw.randint(10, 99)}",
                draw.choice(("enterprise", "mid-market", "smb")),
                draw.choice(("hot", "warm", "cold")),
                status,
                status == "dropped" and draw.random() < 0.5,
                status == "parked" and draw.random() < 0.3,
                stamp(lead.created_at),
            ),
        )
        if lead.child_id is not None:
            connection.execute(
                "INSERT INTO lead_routings (tenant_id, id, lead_id, assignee, policy_version, routed_at)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (
                    tenant_id,
                    lead.child_id,
                    lead.id,
                    draw.choice(("founder-sales", "account-executive", "partner-manager")),
                    POLICY_VERSION,
                    stamp(min(lead.created_at + timedelta(seconds=draw.randint(20, 800)), timeline.as_of)),
                ),
            )
        if status == "converted":
            _quote(connection, timeline, tenant_id, lead, draw)


def _quote(connection: sqlite3.Connection, timeline: Timeline, tenant_id: str, lead: Row, draw: random.Random) -> None:
    quote, discount = _id(draw, "quot"), _id(draw, "disc")
    list_cents = draw.randint(5_000, 90_000) * 100
    basis_points = draw.choice((0, 500, 1000, 1500, 2500))
    created = min(lead.created_at + timedelta(days=draw.randint(1, 9)), timeline.as_of)
    decided = min(created + timedelta(minutes=draw.randint(3, 55)), timeline.as_of)
    connection.execute(
        "INSERT INTO quotes (tenant_id, id, lead_id, list_cents, final_cents, status, created_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            tenant_id,
            quote,
            lead.id,
            list_cents,
            list_cents - list_cents * basis_points // 10_000,
            draw.choice(("draft", "submitted", "won", "lost")),
            stamp(created),
        ),
    )
    if not basis_points:
        return
    connection.execute(
        "INSERT INTO discounts (tenant_id, id, quote_id, basis_points, reason, created_at) VALUES (?, ?, ?, ?, ?, ?)",
        (
            tenant_id,
            discount,
            quote,
            basis_points,
            draw.choice(("design-partner", "competitive", "uplift", "volume")),
            stamp(created),
        ),
    )
    connection.execute(
        "INSERT INTO approvals (tenant_id, id, subject_type, subject_id, requested_by, approved_by, approver_role,"
        " decision, rationale, requested_at, decided_at) VALUES (?, ?, 'discount', ?, ?, ?, 'deal-desk', 'approved', ?,"
        " ?, ?)",
        (
            tenant_id,
            _id(draw, "appr"),
            discount,
            f"operator-1@{tenant_id}.example",
            f"approver-1@{tenant_id}.example",
            "within the threshold for this reason",
            stamp(created),
            stamp(decided),
        ),
    )
    connection.execute(
        "INSERT INTO receipts (tenant_id, id, action_type, action_id, actor, policy_version, result, request_sha256,"
        " occurred_at) VALUES (?, ?, 'discount.approved', ?, ?, ?, 'succeeded', ?, ?)",
        (
            tenant_id,
            _id(draw, "rcpt"),
            discount,
            f"approver-1@{tenant_id}.example",
            POLICY_VERSION,
            hashlib.sha256(discount.encode()).hexdigest(),
            stamp(decided),
        ),
    )


def _logs(connection: sqlite3.Connection, tenant: Tenant, alive: Sequence[Row], draw: random.Random) -> None:
    operations = ("lead.route", "discount.approve", "key.revoke", "retention.purge", "export.share")
    connection.executemany(
        "INSERT INTO policy_decisions (tenant_id, id, bundle, operation, actor, decision, reason, policy_version,"
        " decided_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                tenant.id,
                row.id,
                draw.choice(tenant.packs),
                draw.choice(operations),
                f"operator-{draw.randint(1, 2)}@{tenant.id}.example",
                decision,
                "within policy" if decision == "allow" else "needs a second person's approval",
                POLICY_VERSION,
                stamp(row.created_at),
            )
            for row in _of("policy_decisions", alive)
            for decision in [draw.choice(("allow", "allow", "allow", "deny"))]
        ],
    )
    connection.executemany(
        "INSERT INTO workflow_executions (tenant_id, id, pack, runner, status, policy_version, started_at, duration_ms)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                tenant.id,
                row.id,
                draw.choice(tenant.packs),
                draw.choice(("runner-a", "runner-b")),
                draw.choice(("succeeded",) * 19 + ("failed",)),
                POLICY_VERSION,
                stamp(row.created_at),
                draw.randint(40, 1400),
            )
            for row in _of("workflow_executions", alive)
        ],
    )
    connection.executemany(
        "INSERT INTO audit_events (tenant_id, id, actor, action, subject, occurred_at) VALUES (?, ?, ?, ?, ?, ?)",
        [
            (
                tenant.id,
                row.id,
                f"{draw.choice(ROLES)}-{draw.randint(1, 2)}@{tenant.id}.example",
                draw.choice(("lead.viewed", "quote.changed", "integration.checked", "user.signed-in")),
                _id(draw, "subj"),
                stamp(row.created_at),
            )
            for row in _of("audit_events", alive)
        ],
    )


def _usage(
    connection: sqlite3.Connection, timeline: Timeline, tenant: Tenant, events: Sequence[Row], draw: random.Random
) -> None:
    metered = [(row, draw.choice(PRICES), draw.randint(1, 40)) for row in events]
    connection.executemany(
        "INSERT INTO meter_events (tenant_id, id, source, metric, quantity, plan, flow_type, feature, policy_version,"
        " sla_tier, occurred_at) VALUES (?, ?, 'service', ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                tenant.id,
                row.id,
                metric,
                quantity,
                tenant.plan,
                *TAGS[metric],
                POLICY_VERSION,
                tenant.sla_tier,
                stamp(row.created_at),
            )
            for row, (metric, _, _), quantity in metered
        ],
    )
    for start, end in _months(timeline):
        lines = {
            metric: (quantity, quantity * price)
            for metric, _, price in PRICES
            for quantity in [sum(q for row, item, q in metered if item[0] == metric and start <= row.created_at < end)]
            if quantity
        }
        invoice = _id(draw, "inv")
        connection.execute(
            "INSERT INTO invoices (tenant_id, id, period, currency, total_cents, issued_at)"
            " VALUES (?, ?, ?, 'USD', ?, ?)",
            (tenant.id, invoice, f"{start:%Y-%m}", sum(cents for _, cents in lines.values()), stamp(end)),
        )
        connection.executemany(
            "INSERT INTO invoice_lines (tenant_id, invoice_id, metric, quantity, amount_cents) VALUES (?, ?, ?, ?, ?)",
            [(tenant.id, invoice, metric, quantity, cents) for metric, (quantity, cents) in lines.items()],
        )


def _months(timeline: Timeline) -> Iterable[tuple[datetime, datetime]]:
    """The last whole calendar months as half-open intervals, newest first."""
    end = timeline.as_of.replace(day=1, hour=0, minute=0, second=0)
    for _ in range(INVOICED_MONTHS):
        start = (end - timedelta(days=1)).replace(day=1)
        yield start, end
        end = start


def _exports(connection: sqlite3.Connection, tenant_id: str, exports: Sequence[Row]) -> None:
    for row in exports:
        content = "id,company\n" + "".join(f"{row.id},{company}\n" for company in COMPANIES)
        connection.execute(
            "INSERT INTO exports (tenant_id, id, kind, file_name, content, created_by, created_at, expires_at, sha256)"
            " VALUES (?, ?, 'leads', ?, ?, ?, ?, ?, ?)",
            (
                tenant_id,
                row.id,
                f"leads-{row.created_at:%Y%m%d}.csv",
                content,
                f"operator-1@{tenant_id}.example",
                stamp(row.created_at),
                stamp(row.created_at + timedelta(days=7)),
                hashlib.sha256(content.encode()).hexdigest(),
            ),
        )
        connection.execute(
            "INSERT INTO export_jobs (tenant_id, id, export_id, status, worker, queued_at, finished_at)"
            " VALUES (?, ?, ?, 'done', 'worker-1', ?, ?)",
            (tenant_id, row.child_id, row.id, stamp(row.created_at), stamp(row.created_at)),
        )


def _evidence(connection: sqlite3.Connection, tenant_id: str, bundles: Sequence[Row]) -> None:
    for row in bundles:
        connection.execute(
            "INSERT INTO evidence_bundles (id, tenant_id, subject, legal_hold, created_at) VALUES (?, ?, ?, ?, ?)",
            (row.id, tenant_id, "quarterly access review", row.on_hold, stamp(row.created_at)),
        )
        # The artifact has no tenant of its own: it is written only if the bundle is this tenant's.
        connection.execute(
            "INSERT INTO evidence_artifacts (id, bundle_id, name, sha256)"
            " SELECT ?, b.id, 'transcript.txt', ? FROM evidence_bundles AS b WHERE b.tenant_id = ? AND b.id = ?",
            (row.child_id, hashlib.sha256(row.id.encode()).hexdigest(), tenant_id, row.id),
        )


def _incidents(connection: sqlite3.Connection, timeline: Timeline, tenant_id: str, draw: random.Random) -> None:
    for title, severity in (("Slow policy decisions", "sev3"), ("Billing connector unavailable", "sev2")):
        incident = _id(draw, "inc")
        opened = timeline.as_of - timedelta(days=draw.randint(20, 300))
        connection.execute(
            "INSERT INTO incidents (id, tenant_id, title, severity, simulated, opened_at, closed_at)"
            " VALUES (?, ?, ?, ?, FALSE, ?, ?)",
            (incident, tenant_id, title, severity, stamp(opened), stamp(opened + timedelta(hours=3))),
        )
        connection.execute(
            "INSERT INTO incident_notes (id, incident_id, author, body, written_at)"
            " SELECT ?, i.id, 'sre-oncall@summit.example', 'mitigated, cause understood', ?"
            " FROM incidents AS i WHERE i.tenant_id = ? AND i.id = ?",
            (_id(draw, "note"), stamp(opened + timedelta(hours=1)), tenant_id, incident),
        )


def _tombstones(connection: sqlite3.Connection, timeline: Timeline, tenant_id: str, own: Sequence[Row]) -> None:
    for week in timeline.recorded_weeks():
        buried = [row for row in own if row.run == week]
        graves = [(row.table, _row_id(row), row.data_class) for row in buried]
        graves += [(child_table(row.table), row.child_id, row.data_class) for row in buried if row.child_id is not None]
        run_id = f"prun-{week.id}"
        connection.execute(
            "INSERT INTO purge_runs (tenant_id, id, week, purged_rows, performed_at) VALUES (?, ?, ?, ?, ?)",
            (tenant_id, run_id, week.id, len(graves), stamp(week.run_at)),
        )
        connection.executemany(
            "INSERT INTO tombstones (tenant_id, purge_run_id, table_name, row_id, data_class, purged_at)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            [(tenant_id, run_id, *grave, stamp(week.run_at)) for grave in graves],
        )


def _row_id(row: Row) -> str:
    return f"service/{row.id}" if row.table == "meter_events" else row.id
