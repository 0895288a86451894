"""Audit streams: one a tenant, numbered, chained by digest, and pinned by a checkpoint every night.

A stream begins in the middle: what is past its retention is gone, and the checkpoints say from which number on it is
whole.
"""

from __future__ import annotations

from datetime import timedelta

from history.streams import Record, Records, Stream, digest, merged, moment
from history.timeline import Timeline
from service import settings
from service.settings import Tenant

A_DAY = {"summit-internal": 4, "acme-eu": 3, "globex": 2, "initech": 2}
NIGHTLY = 14
"""So many days back a checkpoint of every night is kept; before them, one a week."""
ACTIONS = (
    ("lead.read", "leads"), ("export.download", "exports"), ("deal.update", "deals"), ("user.invite", "users"),
    ("policy.read", "policies"), ("evidence.read", "evidence_bundles"), ("export.create", "exports"),
)  # fmt: skip


def records(timeline: Timeline) -> Records:
    return merged(_of(timeline, tenant) for tenant in settings.tenants())


def _of(timeline: Timeline, tenant: Tenant) -> Records:
    draw = timeline.random(f"audit:{tenant.id}")
    source = f"https://audit.summit.example/{tenant.id}"
    stream = Stream(tenant.id, source, "audit", draw)
    checkpoints: list[Record] = []
    sequence = first = draw.randint(8_000, 40_000)
    previous = digest({"before": tenant.id})
    for midnight in (*timeline.days(), timeline.midnight):
        end = min(midnight + timedelta(days=1), timeline.settled)
        seconds = int((end - midnight).total_seconds()) - 60
        count = A_DAY[tenant.id] * max(seconds, 0) // 86_340
        for offset in sorted(draw.sample(range(max(seconds, 1)), count)):
            action, table = draw.choice(ACTIONS)
            at = midnight + timedelta(seconds=offset)
            event = stream.emit(
                "audit_event", "event", f"audit-{tenant.id}-{sequence}", at, f"{table}:{draw.getrandbits(32):08x}",
                {
                    "sequence": sequence, "previous_digest": previous,
                    "actor": f"{draw.choice(('operator-1', 'operator-2', 'viewer-1'))}@{tenant.id}.example",
                    "actor_tenant": tenant.id, "action": action, "resource": table, "resource_tenant": tenant.id,
                    "outcome": "denied" if draw.random() < 0.03 else "allowed",
                },
                recorded=at + timedelta(milliseconds=draw.randint(5, 900)),
            )  # fmt: skip
            previous = digest(event)
            sequence += 1
        nightly = timeline.midnight - midnight < timedelta(days=NIGHTLY)
        if sequence > first and (nightly or midnight.weekday() == 6):
            checkpoints.append(
                {
                    "id": f"checkpoint-{tenant.id}-{midnight:%Y%m%d}", "tenantid": tenant.id, "stream": source,
                    "first_sequence": first, "last_sequence": sequence - 1, "head_digest": previous,
                    "taken_at": moment(max(end, midnight)),
                }
            )  # fmt: skip
    return {**stream.records, "audit_checkpoint": checkpoints}
