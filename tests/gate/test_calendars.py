"""Business hours: time zones, days on which the clocks change, holidays, nights; and how a control counts them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from gate import policy
from gate.calendars import DAYS, DAYS_AHEAD, DAYS_BACK, periods, read_calendar
from gate.model import GateError
from gate.tree import WorkTree

WEEK = {day: ["09:00-17:00"] for day in ("mon", "tue", "wed", "thu", "fri")}
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def opened(value: dict[str, object], day: str) -> list[str]:
    """The UTC periods that begin on a day, as text."""
    found = periods(read_calendar("business", value), NOW)
    return [f"{a:%H:%M}-{b:%H:%M}" for a, b in found if f"{a:%Y-%m-%d}" == day]


def test_hours_are_those_of_the_zone_in_summer_and_in_winter() -> None:
    berlin = {"time_zone": "Europe/Berlin", "hours": WEEK}
    assert opened(berlin, "2026-07-01") == ["07:00-15:00"]
    assert opened(berlin, "2026-11-20") == ["08:00-16:00"]
    assert opened(berlin, "2026-11-21") == []  # a Saturday
    assert opened({"time_zone": "Asia/Kolkata", "hours": WEEK}, "2026-11-20") == ["03:30-11:30"]


def test_a_night_on_which_the_clocks_change_has_an_hour_more_or_less() -> None:
    nights = {"time_zone": "Europe/Berlin", "hours": {"sat": ["22:00-06:00"], "sun": ["02:15-02:45"]}}
    assert opened(nights, "2026-10-24") == ["20:00-05:00"]
    assert opened(nights, "2026-03-28") == ["21:00-04:00"]
    # Half past two does not exist on that Sunday: what begins there is over as it begins.
    assert all(
        b - a <= timedelta(hours=1)
        for a, b in periods(read_calendar("n", {**nights, "hours": {"sun": ["02:15-02:45"]}}), NOW)
    )


def test_a_day_that_ends_at_midnight_and_a_lunch_break() -> None:
    value = {"time_zone": "UTC", "hours": {"fri": ["00:00-12:00", "13:00-24:00"]}}
    assert opened(value, "2026-11-20") == ["00:00-12:00", "13:00-00:00"]


def test_holidays_are_closed() -> None:
    value = {"time_zone": "UTC", "hours": WEEK, "holidays": {"2026-11-20": "Founders' day"}}
    assert opened(value, "2026-11-20") == []


def test_it_reaches_back_further_than_any_window_of_a_control() -> None:
    always = read_calendar("all", {"time_zone": "UTC", "hours": {day: ["00:00-24:00"] for day in DAYS}})
    found = list(periods(always, NOW))
    assert len(found) == DAYS_BACK + DAYS_AHEAD + 1
    assert all(before[1] == after[0] for before, after in pairwise(found))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{time_zone: Mars/Base, hours: {mon: ['09:00-17:00']}}", "no IANA time zone"),
        ("{time_zone: ../../etc/passwd, hours: {mon: ['09:00-17:00']}}", "no IANA time zone"),
        ("{time_zone: UTC, hours: {mon: ['09:00-12:00', '11:00-17:00']}}", "before it has ended"),
        ("{time_zone: UTC, hours: {mon: ['25:00-26:00']}}", "hours.mon"),
        ("{time_zone: UTC, hours: {monday: ['09:00-17:00']}}", "monday"),
        ("{time_zone: UTC, hours: {mon: ['09:00-17:00']}, holidays: {'2026-02-30': x}}", "holidays"),
        ("{time_zone: UTC}", "hours"),
    ],
)  # fmt: skip
def test_a_calendar_that_is_none_is_refused_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "gate.yaml").write_text(
        f'version: 1\npolicy_version: "1"\nproject: x\npacks: [governance]\ncalendars:\n  business: {text}\n'
    )
    with pytest.raises(GateError, match=r"^gate\.yaml:\d+: .*") as refused:
        policy.load(WorkTree(tmp_path))
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)
