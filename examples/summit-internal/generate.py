#!/usr/bin/env python3
"""Write the company's past relative to a clock: evidence under `evidence/`, the database under `var/`.

What the operational packs ask for goes to three places: declarations to `evidence/declared/`, records that are still to
be signed to `var/records/`, and event streams that are still to be ingested to `var/events/`; `var/artifacts/` holds
what high-risk executions left. The same `--seed` and `--as-of` give the same bytes. The past always has the same three gaps in it: the last major drill
is 117 days old, one weekly purge manifest of the last 26 is missing, and rows have come due since the last purge.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from history import database, deliveries, drills, operations, purges, records
from history.timeline import Timeline
from service import settings
from service.clock import now, parse
from service.db.connection import connect
from service.db.migrate import migrate

EVIDENCE = settings.ROOT / "evidence"


def write_evidence(timeline: Timeline) -> int:
    """Plain, unsigned JSON records; the number written."""
    reports, journals = drills.reports(timeline)
    manifests = purges.manifests(timeline)
    records.write(EVIDENCE / "drills", reports)
    records.write(EVIDENCE / "journals", journals)
    records.write(EVIDENCE / "purges", manifests)
    return len(reports) + len(journals) + len(manifests)


def write_operations(timeline: Timeline) -> int:
    """What happened in operations; the number of records."""
    told, artifacts = operations.records(timeline)
    records.write(EVIDENCE / "declared", deliveries.declared(told))
    records.write(settings.VAR / "records", deliveries.to_sign(told))
    records.write(settings.VAR / "events", deliveries.events(timeline, told))
    records.write(settings.VAR / "artifacts", artifacts)
    return sum(map(len, told.values()))


def write_database(timeline: Timeline, path: Path = settings.DATABASE) -> None:
    """Build beside the target and move it there when whole; replaces what was there."""
    path.parent.mkdir(exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    connection = connect(temporary, create=True)
    try:
        connection.execute("PRAGMA journal_mode = MEMORY")
        connection.execute("PRAGMA synchronous = OFF")
        migrate(connection, settings.MIGRATIONS, at=timeline.as_of)
        database.fill(connection, timeline)
    except BaseException:
        connection.close()
        temporary.unlink()
        raise
    connection.close()
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    with temporary.open("rb+") as file:
        os.fsync(file.fileno())
    temporary.replace(path)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=["evidence", "operations", "database"], help="write just this (default: all)")
    parser.add_argument("--as-of", help="the clock everything is relative to, RFC 3339 or a date (default: now)")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    try:
        as_of = now() if arguments.as_of is None else parse(arguments.as_of)
    except ValueError as error:
        print(f"generate.py: --as-of: {error}", file=sys.stderr)
        return 2
    timeline = Timeline.at(as_of, arguments.seed)
    if arguments.only in (None, "evidence"):
        print(f"wrote {write_evidence(timeline)} records under evidence/", file=sys.stderr)
    if arguments.only in (None, "operations"):
        print(f"wrote {write_operations(timeline):,} records of operations", file=sys.stderr)
    if arguments.only in (None, "database"):
        write_database(timeline)
        print("wrote var/summit.sqlite", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
