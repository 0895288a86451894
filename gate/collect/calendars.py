"""The policy's calendars as evidence: the periods in which they are open, so that SQL can measure time in them."""

from __future__ import annotations

from collections.abc import Iterable

from gate.calendars import periods, read_calendar
from gate.collect import Context
from gate.model import Coverage, Evidence, Row
from gate.reading import format_time


def collect(context: Context) -> Iterable[Evidence]:
    """`business_period`: one row a period of each calendar in gate.yaml; none without a calendar."""
    calendars = [
        read_calendar(name, value) for name, value in sorted(context.policy.config.get("calendars", {}).items())
    ]
    rows: list[Row] = [
        {
            "calendar": calendar.name, "opens_at": format_time(opens), "closes_at": format_time(closes),
            "source_path": "gate.yaml",
        }
        for calendar in calendars
        for opens, closes in periods(calendar, context.as_of)
    ]  # fmt: skip
    yield Evidence(
        kind="business_period",
        rows=tuple(rows),
        coverage=Coverage(
            scope=", ".join(f"{c.name} ({c.zone.key})" for c in calendars) or "no calendar in gate.yaml",
            numbers={"calendars": len(calendars)},
        ),
    )
