"""The clock every generated record hangs on, and the weeks behind it."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

WEEKS = 26
DAYS = 200
"""How long what the operational packs ask for has been kept."""
MISSING_WEEKS_AGO = 5
LATE_WEEKS_AGO = 12
NOOP_WEEKS_AGO = frozenset({2, 10, 17, 23})


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """An ISO week in UTC; `ago` is 1 for the last one that has ended."""

    id: str
    start: datetime
    ago: int

    @property
    def end(self) -> datetime:
        """Exclusive."""
        return self.start + timedelta(days=7)

    @property
    def run_at(self) -> datetime:
        """The purge job runs on Sunday night, inside the week it is for."""
        return self.start + timedelta(days=6, hours=3, minutes=self.ago % 7)

    @property
    def missing(self) -> bool:
        return self.ago == MISSING_WEEKS_AGO

    @property
    def late(self) -> bool:
        return self.ago == LATE_WEEKS_AGO

    @property
    def noop(self) -> bool:
        return self.ago in NOOP_WEEKS_AGO


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """A calendar month in UTC."""

    start: datetime

    @property
    def name(self) -> str:
        return f"{self.start:%Y-%m}"

    @property
    def end(self) -> datetime:
        """Exclusive."""
        return (self.start + timedelta(days=31)).replace(day=1)

    @property
    def before(self) -> Month:
        return Month(start=(self.start - timedelta(days=1)).replace(day=1))


def policy_version(at: datetime) -> str:
    """The policy in force: a new one on the first of February, May, August and November."""
    months = at.year * 12 + at.month - 2
    year, month = divmod(months - months % 3 + 1, 12)
    return f"{year}.{month + 1}.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """`as_of` is UTC and whole seconds."""

    as_of: datetime
    seed: int

    @classmethod
    def at(cls, as_of: datetime, seed: int) -> Timeline:
        return cls(as_of=as_of.astimezone(UTC).replace(microsecond=0), seed=seed)

    def random(self, stream: str) -> random.Random:
        """Each stream has its own generator, so that adding one leaves the others' bytes alone."""
        return random.Random(f"summit:{self.seed}:{self.as_of.isoformat()}:{stream}")  # noqa: S311 (reproducible)

    @property
    def midnight(self) -> datetime:
        """The beginning of the day, UTC."""
        return self.as_of.replace(hour=0, minute=0, second=0)

    @property
    def settled(self) -> datetime:
        """Nothing younger is told, so that no promise runs out while somebody looks."""
        return self.as_of - timedelta(minutes=30)

    def days(self) -> tuple[datetime, ...]:
        """The midnights of the days that have ended, oldest first."""
        return tuple(self.midnight - timedelta(days=back) for back in range(DAYS, 0, -1))

    def months(self) -> tuple[Month, ...]:
        """Every month the days touch, oldest first; the last one is not over."""
        month = Month(start=self.midnight.replace(day=1))
        found = [month]
        while found[-1].start > self.days()[0]:
            found.append(found[-1].before)
        return tuple(reversed(found))

    def weeks(self) -> tuple[Week, ...]:
        """The last 26 ISO weeks that have ended, oldest first."""
        this_monday = self.midnight - timedelta(days=self.midnight.weekday())
        found = []
        for ago in range(WEEKS, 0, -1):
            start = this_monday - timedelta(weeks=ago)
            year, number, _ = start.isocalendar()
            found.append(Week(id=f"{year}-W{number:02d}", start=start, ago=ago))
        return tuple(found)

    def recorded_weeks(self) -> tuple[Week, ...]:
        """The weeks whose run took place: all but the missing one."""
        return tuple(week for week in self.weeks() if not week.missing)
