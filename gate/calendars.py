"""Business hours: from a calendar in gate.yaml to the periods in which it is open, in UTC.

Wall-clock times are those of the calendar's time zone (IANA), so that a day on which the clocks change has an hour
more or less. Holidays are dates in that zone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAYS_BACK, DAYS_AHEAD = 400, 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """`hours` gives each weekday (0 is Monday) its opening and closing times; a closing time that is not later than
    its opening time is on the next day."""

    name: str
    zone: ZoneInfo
    hours: Mapping[int, tuple[tuple[time, time], ...]]
    holidays: frozenset[date]


def read_calendar(name: str, value: Mapping[str, Any]) -> Calendar:
    """A calendar of gate.yaml that fits its schema. Raises ValueError naming the field."""
    try:
        zone = ZoneInfo(value["time_zone"])
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"time_zone: {value['time_zone']!r} is no IANA time zone such as Europe/Berlin") from None
    hours = {DAYS.index(day): tuple(_spans(day, spans)) for day, spans in value["hours"].items()}
    try:
        holidays = frozenset(date.fromisoformat(day) for day in value.get("holidays", {}))
    except ValueError as error:
        raise ValueError(f"holidays: {error}") from None
    return Calendar(name=name, zone=zone, hours=hours, holidays=holidays)


def _spans(day: str, spans: list[str]) -> Iterator[tuple[time, time]]:
    last = time(0)
    for number, span in enumerate(spans):
        opens, closes = (time.fromisoformat(part) if part != "24:00" else time(0) for part in span.split("-"))
        if opens < last or (number + 1 < len(spans) and closes <= opens):
            raise ValueError(f"hours.{day}: {span!r} does not begin after the one before it has ended")
        last = closes
        yield opens, closes


def periods(calendar: Calendar, around: datetime) -> Iterator[tuple[datetime, datetime]]:
    """When it is open, from DAYS_BACK days before `around` to DAYS_AHEAD days after it: (opens, closes) in UTC."""
    today = around.astimezone(calendar.zone).date()
    for offset in range(-DAYS_BACK, DAYS_AHEAD + 1):
        day = today + timedelta(days=offset)
        if day in calendar.holidays:
            continue
        for opens, closes in calendar.hours.get(day.weekday(), ()):
            end = day if closes > opens else day + timedelta(days=1)
            start_at = datetime.combine(day, opens, calendar.zone).astimezone(UTC)
            end_at = datetime.combine(end, closes, calendar.zone).astimezone(UTC)
            if start_at < end_at:  # a span inside the hour that the clocks skip is none
                yield start_at, end_at
