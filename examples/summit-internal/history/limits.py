"""Quotas and rate limits of every tenant, how much of them was used, and what happened when they were tried."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from history.streams import Record, Records, merged, moment
from history.timeline import Timeline
from service import settings
from service.settings import Tenant

METERS = {
    # Meter: kind, unit, ceiling, length of a period in seconds, what happens beyond.
    "exports.downloaded": ("quota", "download", 10_000, 86_400, "deny"),
    "copilot.suggestions": ("quota", "suggestion", 20_000, 86_400, "deny"),
    "evidence.bundles": ("quota", "bundle", 5_000, 86_400, "queue"),
    "api.requests": ("rate", "request", 10_000, 60, "throttle"),
    "leads.ingested": ("rate", "lead", 2_000, 60, "throttle"),
}
HARD = {"internal": 20, "pro": 10, "white-label": 15, "enterprise": 40}
"""Thousandths of a ceiling that a plan gives."""
KEPT_DAYS = 100
"""How long the daily figures are kept."""
BUSY_EVERY = 23
"""Days between two on which a tenant comes to its soft limit; every third time it reaches the hard one."""


def records(timeline: Timeline) -> Records:
    meters: list[Record] = [
        {"id": f"meter-{name}", "meter": name, "kind": kind, "unit": unit, "ceiling": ceiling}
        for name, (kind, unit, ceiling, _, _) in METERS.items()
    ]
    return merged([{"meter": meters}, *(_of(timeline, tenant) for tenant in settings.tenants())])


def _hard(tenant: Tenant, meter: str) -> int:
    return METERS[meter][2] * HARD[tenant.plan] // 1000


def _of(timeline: Timeline, tenant: Tenant) -> Records:
    usage, alerts = _use(timeline, tenant)
    return {
        "tenant_limit": list(_limits(tenant)),
        "limit_usage": usage,
        "limit_alert": alerts,
        "limit_probe": list(_probes(timeline, tenant)),
    }


def _limits(tenant: Tenant) -> Iterator[Record]:
    for meter, (kind, _, _, seconds, beyond) in METERS.items():
        hard = _hard(tenant, meter)
        yield {
            "id": f"limit-{tenant.id}-{meter}", "tenantid": tenant.id, "plan": tenant.plan, "meter": meter,
            "kind": kind, "soft": hard * 4 // 5, "hard": hard, "period_seconds": seconds, "on_exceed": beyond,
            "policyversion": settings.POLICY_VERSION,
        }  # fmt: skip


def _use(timeline: Timeline, tenant: Tenant) -> tuple[list[Record], list[Record]]:
    """Day by day, the running one too."""
    draw = timeline.random(f"limits:{tenant.id}")
    usage: list[Record] = []
    alerts: list[Record] = []
    shift = draw.randint(0, BUSY_EVERY - 1)
    days = [(day, day + timedelta(days=1), day + timedelta(days=1, minutes=5)) for day in timeline.days()[-KEPT_DAYS:]]
    days.append((timeline.midnight, timeline.midnight + timedelta(days=1), max(timeline.midnight, timeline.settled)))
    days[-2] = (days[-2][0], days[-2][1], min(days[-2][2], timeline.as_of))
    for number, (start, end, measured) in enumerate(days):
        for place, (meter, (kind, *_)) in enumerate(METERS.items()):
            hard = _hard(tenant, meter)
            busy = (number + shift) % BUSY_EVERY == 0 and place == number % len(METERS) and end <= timeline.midnight
            full = busy and (number + shift) % (3 * BUSY_EVERY) == 0
            used = hard if full else hard * draw.randint(81, 97) // 100 if busy else hard * draw.randint(5, 70) // 100
            refused = draw.randint(1, 40) if full else 0
            name = f"{tenant.id}-{meter}-{start:%Y%m%d}"
            usage.append(
                {
                    "id": f"use-{name}", "tenantid": tenant.id, "meter": meter, "kind": kind,
                    "period_start": moment(start), "period_end": moment(end), "used": used, "refused": refused,
                    "measured_at": moment(measured),
                }
            )  # fmt: skip
            if busy:
                alerts.append(_alert(name, tenant, meter, kind, start + timedelta(hours=draw.randint(8, 20)), full))
    return usage, alerts


def _alert(name: str, tenant: Tenant, meter: str, kind: str, at: datetime, full: bool) -> Record:
    return {
        "id": f"alert-{name}", "tenantid": tenant.id, "meter": meter, "kind": kind,
        "level": "hard" if full else "soft", "raised_at": moment(at), "incident": f"inc-{name}" if full else None,
        "shown_in_admin_ui": True,
    }  # fmt: skip


def _probes(timeline: Timeline, tenant: Tenant) -> Iterator[Record]:
    """Each month every limit is exceeded on purpose; and a tenant without any limit is refused."""
    for midnight in timeline.days()[::-30]:
        at = moment(midnight + timedelta(hours=3))
        for meter, (kind, *_) in METERS.items():
            hard = _hard(tenant, meter)
            yield {
                "id": f"try-{tenant.id}-{meter}-{midnight:%Y%m%d}", "tenantid": tenant.id, "meter": meter,
                "kind": kind, "configured": True, "sent": hard + 25, "admitted": hard, "probed_at": at,
            }  # fmt: skip
        if tenant.plan == "internal":
            yield {
                "id": f"try-nobody-{midnight:%Y%m%d}", "tenantid": "no-limits-probe", "meter": "api.requests",
                "kind": "rate", "configured": False, "sent": 50, "admitted": 0, "probed_at": at,
            }  # fmt: skip
