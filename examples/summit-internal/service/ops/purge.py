"""Purge what the retention policies say is due, leave tombstones, and prove both.

Prints everything a purge manifest needs except who verified it and its place in the chain. The counts are taken from
the database before and after; nothing is assumed to have worked.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from service import __version__, settings
from service.clock import now, parse, stamp
from service.db.connection import connect
from service.db.tenant_safe import TenantSession
from service.identifiers import new_id
from service.ops import console
from service.ops.retention import BURIED_AND_GONE, EXPIRING, ROWS_DUE, ROWS_ON_HOLD, cutoffs
from service.ops.workspace import Workspace

TOOL = "summit-purge"
METHOD = "clear"
TECHNIQUE = "delete with secure_delete on, then vacuum and truncate the write-ahead log"
RESIDUAL = "database backups keep purged rows until they expire after 35 days"
SYSTEM = "summit-sqlite"

_WEEK = re.compile(r"^\d{4}-W\d{2}$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a run did, summed over the tenants in its scope."""

    tenants: tuple[str, ...]
    before: Mapping[str, int]
    purged: Mapping[str, int]
    after: Mapping[str, int]
    due: int
    on_hold: int
    still_due: int
    buried_and_gone: int


def purge(database: Path, *, week: str, at: datetime) -> Outcome:
    """Every tenant in one transaction: a run that fails half way has purged nothing."""
    run_id = new_id("prun")
    connection = connect(database)
    try:
        sessions = [TenantSession(connection, tenant.id) for tenant in settings.tenants()]
        windows = {session.tenant_id: cutoffs(session, at=at) for session in sessions}
        connection.execute("BEGIN IMMEDIATE")
        try:
            before = _counts(sessions)
            due = sum(session.count(ROWS_DUE, **windows[session.tenant_id]) for session in sessions)
            purged = dict.fromkeys(before, 0)
            for session in sessions:
                for table, rows in _purge_tenant(session, windows[session.tenant_id], run_id, week=week, at=at).items():
                    purged[table] += rows
            after = _counts(sessions)
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")
        if any(purged.values()):
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return Outcome(
            tenants=tuple(session.tenant_id for session in sessions),
            before=before,
            purged=purged,
            after=after,
            due=due,
            on_hold=sum(s.count(ROWS_ON_HOLD, evidence=windows[s.tenant_id]["evidence"]) for s in sessions),
            still_due=sum(session.count(ROWS_DUE, **windows[session.tenant_id]) for session in sessions),
            buried_and_gone=sum(session.count(BURIED_AND_GONE, purge_run_id=run_id) for session in sessions),
        )
    finally:
        connection.close()


def _counts(sessions: list[TenantSession]) -> dict[str, int]:
    return {table.table: sum(session.count(table.count) for session in sessions) for table in EXPIRING}


def _purge_tenant(
    session: TenantSession, windows: Mapping[str, str], run_id: str, *, week: str, at: datetime
) -> dict[str, int]:
    session.run(
        """
        INSERT INTO purge_runs (tenant_id, id, week, purged_rows, performed_at)
        VALUES (:tenant_id, :id, :week, 0, :performed_at)
        """,
        id=run_id,
        week=week,
        performed_at=stamp(at),
    )
    # Bury everything first: a child is found through its parent, which must still be there.
    for table in EXPIRING:
        session.run(table.bury, purge_run_id=run_id, purged_at=stamp(at), cutoff=windows[table.data_class])
    purged = {table.table: session.run(table.delete, purge_run_id=run_id) for table in EXPIRING}
    session.run(
        "UPDATE purge_runs SET purged_rows = :purged_rows WHERE tenant_id = :tenant_id AND id = :id",
        id=run_id,
        purged_rows=sum(purged.values()),
    )
    return purged


def describe(outcome: Outcome, *, week: str, at: datetime) -> dict[str, object]:
    """The outcome in the fields of a purge manifest."""
    total = sum(outcome.purged.values())
    monday = datetime.fromisocalendar(int(week[:4]), int(week[6:]), 1).replace(tzinfo=at.tzinfo)
    return {
        "week": week,
        "period_start": second(monday),
        "period_end": second(monday + timedelta(days=7)),
        "scope": {"tenants": list(outcome.tenants), "systems": [SYSTEM], "tables": [t.table for t in EXPIRING]},
        "data_classes": sorted({t.data_class for t in EXPIRING}),
        "trigger": "retention" if total else "noop",
        "noop": not total,
        "noop_query": None if total else ROWS_DUE,
        "method": METHOD,
        "technique": TECHNIQUE,
        "tool": TOOL,
        "tool_version": __version__,
        "counts": [
            {"table": t, "before": outcome.before[t], "purged": outcome.purged[t], "after": outcome.after[t]}
            for t in outcome.before
        ],
        "tombstone_validation": {"query": BURIED_AND_GONE, "expected": total, "observed": outcome.buried_and_gone},
        "exceptions": [{"reason": "legal hold", "table": "evidence_bundles", "rows": outcome.on_hold}]
        if outcome.on_hold
        else [],
        "performed_at": second(at),
        "residual": RESIDUAL,
    }


def check(outcome: Outcome, manifest: console.Measured) -> None:
    """Raise `DidNotHoldError` unless everything due is gone, buried and accounted for."""
    total = sum(outcome.purged.values())
    wrong = [t for t in outcome.before if outcome.before[t] - outcome.purged[t] != outcome.after[t]]
    if outcome.still_due:
        raise console.DidNotHoldError(f"{outcome.still_due} rows are still due", manifest)
    if outcome.buried_and_gone != total:
        raise console.DidNotHoldError(f"{total} rows purged, {outcome.buried_and_gone} buried and gone", manifest)
    if wrong or total < outcome.due:
        raise console.DidNotHoldError(f"before and after do not add up: {', '.join(wrong) or 'total'}", manifest)


def second(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def operation() -> console.Measured:
    parser = argparse.ArgumentParser(prog="python -m service.ops.purge", description=__doc__)
    parser.add_argument("--week", help="the ISO week the run is for, e.g. 2026-W46 (default: the current one, UTC)")
    parser.add_argument("--as-of", help="what is due is judged at this time, RFC 3339 (default: now)")
    parser.add_argument("--drill", help="purge this drill's working copy instead of the live database")
    arguments = parser.parse_args()
    try:
        at = now() if arguments.as_of is None else parse(arguments.as_of)
    except ValueError as error:
        raise console.CannotRunError(f"--as-of: {error}") from error
    year, number, _ = at.isocalendar()
    week = arguments.week if arguments.week is not None else f"{year}-W{number:02d}"
    if not _WEEK.match(week):
        raise console.CannotRunError(f"--week {week!r}: write an ISO week such as 2026-W46")
    try:
        datetime.fromisocalendar(int(week[:4]), int(week[6:]), 1)
    except ValueError as error:
        raise console.CannotRunError(f"--week {week}: {error}") from error
    database = settings.DATABASE if arguments.drill is None else Workspace.named(arguments.drill).database
    outcome = purge(database, week=week, at=at)
    manifest = describe(outcome, week=week, at=at)
    check(outcome, manifest)
    return manifest


if __name__ == "__main__":
    console.run(operation)
