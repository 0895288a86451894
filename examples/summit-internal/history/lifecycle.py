"""Which expiring rows ever existed, when each became due, and which weekly run buried it.

Rows that are gone leave only their tombstone and their share of the manifests' counts; rows still alive are written to
the database. Both come from here, so that the database and the manifests tell one story.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from history.timeline import Timeline, Week
from service import settings

RETAIN_DAYS = {
    "audit_log": 400,
    "customer_export": 30,
    "decision_log": 180,
    "evidence": 730,
    "operational_log": 180,
    "prospect_pii": 365,
    "usage_record": 400,
}
SHORTER_FOR = {("acme-eu", "prospect_pii"): 270}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A table whose rows expire, and about how many a tenant makes. `child` goes with its parent."""

    table: str
    prefix: str
    data_class: str
    per_month: int
    child: tuple[str, str] | None = None


TABLES = (
    Kept(table="leads", prefix="lead", data_class="prospect_pii", per_month=9, child=("lead_routings", "rout")),
    Kept(table="exports", prefix="exp", data_class="customer_export", per_month=8, child=("export_jobs", "job")),
    Kept(table="policy_decisions", prefix="dec", data_class="decision_log", per_month=60),
    Kept(table="workflow_executions", prefix="wfx", data_class="operational_log", per_month=40),
    Kept(table="audit_events", prefix="aud", data_class="audit_log", per_month=30),
    Kept(table="meter_events", prefix="mev", data_class="usage_record", per_month=45),
    Kept(
        table="evidence_bundles", prefix="evb", data_class="evidence", per_month=1, child=("evidence_artifacts", "art")
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """`due_at` is when its window ends; `run` is the weekly run that buried it, or None while it is alive."""

    table: str
    tenant: str
    id: str
    data_class: str
    created_at: datetime
    due_at: datetime
    run: Week | None
    on_hold: bool = False
    child_id: str | None = None
    """The id of its child row, which shares its fate. A bundle's or an export's is always there, a lead's often."""


def retain_days(tenant: str, data_class: str) -> int:
    return SHORTER_FOR.get((tenant, data_class), RETAIN_DAYS[data_class])


def rows(timeline: Timeline) -> tuple[Row, ...]:
    """All of them, in a fixed order."""
    found: list[Row] = []
    for tenant in settings.tenants():
        for kept in TABLES:
            draw = timeline.random(f"lifecycle:{tenant.id}:{kept.table}")
            window = timedelta(days=retain_days(tenant.id, kept.data_class))
            found += [
                _row(draw, kept, tenant.id, due_at=due_at, window=window, run=run)
                for due_at, run in _due_times(timeline, draw, kept, window)
            ]
    held = timeline.random("lifecycle:hold")
    bundles = TABLES[-1]
    window = timedelta(days=RETAIN_DAYS["evidence"])
    found += [
        _row(
            held, bundles, "globex", due_at=timeline.as_of - timedelta(days=days), window=window, run=None, on_hold=True
        )
        for days in (150, 149)
    ]
    return tuple(found)


def _due_times(
    timeline: Timeline, draw: random.Random, kept: Kept, window: timedelta
) -> Iterator[tuple[datetime, Week | None]]:
    recorded = timeline.recorded_weeks()
    since = timeline.weeks()[0].start - timedelta(days=1)
    for run in recorded:
        # A week is a no-op because nothing came due since the run before it.
        if not run.noop:
            for _ in range(draw.randint(0, 1 + kept.per_month // 12)):
                yield _between(draw, since, run.run_at), run
        since = run.run_at
    # Due since the last run: what the next purge will find.
    for _ in range(draw.randint(1, 3)):
        yield _between(draw, since, timeline.as_of), None
    alive = timeline.as_of + timedelta(minutes=1)
    for _ in range(kept.per_month * window.days // 30):
        yield _between(draw, alive, timeline.as_of + window), None


def _between(draw: random.Random, start: datetime, end: datetime) -> datetime:
    """Strictly inside, to the millisecond."""
    milliseconds = int((end - start) / timedelta(milliseconds=1))
    return start + timedelta(milliseconds=draw.randint(1, milliseconds - 1))


def _row(
    draw: random.Random,
    kept: Kept,
    tenant: str,
    *,
    due_at: datetime,
    window: timedelta,
    run: Week | None,
    on_hold: bool = False,
) -> Row:
    row_id = f"{kept.prefix}_{draw.getrandbits(64):016x}"
    with_child = kept.child is not None and (kept.table != "leads" or draw.random() < 0.6)
    return Row(
        table=kept.table,
        tenant=tenant,
        id=row_id,
        data_class=kept.data_class,
        created_at=due_at - window,
        due_at=due_at,
        run=run,
        on_hold=on_hold,
        child_id=f"{kept.child[1]}_{draw.getrandbits(64):016x}" if kept.child and with_child else None,
    )


def child_table(table: str) -> str:
    """The table of a row's `child_id`."""
    return next(kept.child[0] for kept in TABLES if kept.table == table and kept.child)
