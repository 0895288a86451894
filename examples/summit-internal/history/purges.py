"""Weekly purge manifests, numbered and chained in the order they were recorded.

`previous_digest` is the SHA-256 of the manifest before, as canonical JSON. One week was never recorded: the chain goes
on past it, from the week before to the week after, so nobody can slip a manifest in later without breaking it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from history.lifecycle import Row, child_table, rows
from history.records import canonical_sha256, encode, second
from history.timeline import Timeline, Week
from service import __version__, settings
from service.ops import purge
from service.ops.retention import BURIED_AND_GONE, DATA_CLASSES, EXPIRING, ROWS_DUE

PERFORMED_BY = "retention-job@summit.example"
VERIFIED_BY = "data-steward@summit.example"


def manifests(timeline: Timeline) -> Mapping[str, bytes]:
    """File name → bytes, in the order they were recorded."""
    everything = rows(timeline)
    files: dict[str, bytes] = {}
    previous: str | None = None
    for sequence, week in enumerate(timeline.recorded_weeks(), start=1):
        manifest = _manifest(week, everything, sequence=sequence, previous=previous)
        files[f"{week.id}.json"] = encode(manifest)
        previous = canonical_sha256(manifest)
    return files


def _manifest(week: Week, everything: Sequence[Row], *, sequence: int, previous: str | None) -> dict[str, object]:
    before = _alive(everything, week.run_at, include_buried_by=week)
    after = _alive(everything, week.run_at, include_buried_by=None)
    purged = {table: before[table] - after[table] for table in before}
    total = sum(purged.values())
    on_hold = sum(row.on_hold and row.due_at < week.run_at for row in everything)
    # A late manifest: the run was on time, its verification and recording were not.
    verified_at = week.run_at + (timedelta(days=5, hours=20) if week.late else timedelta(minutes=20))
    return {
        "id": f"purge-{week.id}",
        "week": week.id,
        "period_start": second(week.start),
        "period_end": second(week.end),
        "sequence": sequence,
        "previous_digest": previous,
        "scope": {
            "tenants": [tenant.id for tenant in settings.tenants()],
            "systems": [purge.SYSTEM],
            "tables": [table.table for table in EXPIRING],
        },
        "data_classes": list(DATA_CLASSES),
        "trigger": "retention" if total else "noop",
        "noop": not total,
        "noop_query": None if total else ROWS_DUE,
        "method": purge.METHOD,
        "technique": purge.TECHNIQUE,
        "tool": purge.TOOL,
        "tool_version": __version__,
        "counts": [
            {"table": t.table, "before": before[t.table], "purged": purged[t.table], "after": after[t.table]}
            for t in EXPIRING
        ],
        "tombstone_validation": {"query": BURIED_AND_GONE, "expected": total, "observed": total},
        "exceptions": [{"reason": "legal hold", "table": "evidence_bundles", "rows": on_hold}] if on_hold else [],
        "performed_by": PERFORMED_BY,
        "performed_at": second(week.run_at),
        "verified_by": VERIFIED_BY,
        "verified_at": second(verified_at),
        "residual": purge.RESIDUAL,
        "recorded_at": second(verified_at + timedelta(minutes=5)),
    }


def _alive(everything: Sequence[Row], at: datetime, *, include_buried_by: Week | None) -> Counter[str]:
    """Rows per table that existed at a run: created by then, and not buried by it or before, save by the run named."""
    counts = Counter({table.table: 0 for table in EXPIRING})
    for row in everything:
        buried = row.run is not None and row.run.run_at <= at and row.run != include_buried_by
        if row.created_at <= at and not buried:
            counts[row.table] += 1
            if row.child_id is not None:
                counts[child_table(row.table)] += 1
    return counts
