"""Business hours, as the calendar `business` in gate.yaml has them: New York, nine to six, without holidays."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("America/New_York")
OPENS, CLOSES = time(9), time(18)


@cache
def holidays(year: int) -> dict[date, str]:
    """The days of a year on which the company is closed, with their names."""
    return {
        date(year, 1, 1): "New Year's Day",
        _last(year, 5, 0): "Memorial Day",
        date(year, 7, 4): "Independence Day",
        _nth(year, 9, 0, 1): "Labor Day",
        _nth(year, 11, 3, 4): "Thanksgiving",
        date(year, 12, 25): "Christmas Day",
    }


def _nth(year: int, month: int, weekday: int, number: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (number - 1))


def _last(year: int, month: int, weekday: int) -> date:
    after = date(year + month // 12, month % 12 + 1, 1)
    return after - timedelta(days=(after.weekday() - weekday - 1) % 7 + 1)


def is_open_day(day: date) -> bool:
    return day.weekday() < 5 and day not in holidays(day.year)


def at(day: date, hour: int, minute: int, second: int = 0) -> datetime:
    """A wall-clock time in New York, in UTC."""
    return datetime.combine(day, time(hour, minute, second), ZONE).astimezone(UTC)


def opening(moment: datetime) -> datetime:
    """The moment itself in business hours, else the next opening, in UTC."""
    local = moment.astimezone(ZONE)
    day = local.date()
    if is_open_day(day) and OPENS <= local.time() < CLOSES:
        return moment
    if not is_open_day(day) or local.time() >= CLOSES:
        day += timedelta(days=1)
        while not is_open_day(day):
            day += timedelta(days=1)
    return at(day, OPENS.hour, OPENS.minute)


def later(moment: datetime, wait: timedelta) -> datetime:
    """The moment at which so much business time has passed since another one."""
    while True:
        moment = opening(moment)
        closes = at(moment.astimezone(ZONE).date(), CLOSES.hour, CLOSES.minute)
        if moment + wait < closes:
            return moment + wait
        wait -= closes - moment
        moment = closes
