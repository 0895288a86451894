"""The one spelling of time in the database: RFC 3339 in UTC with milliseconds, so that text order is time order."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    return datetime.now(UTC)


def stamp(moment: datetime) -> str:
    """`2026-11-21T09:30:00.000Z`. A naive datetime is a programming error, not a guess at a zone."""
    if moment.tzinfo is None:
        raise ValueError("a time without a zone cannot be stored")
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse(text: str) -> datetime:
    """The reverse of `stamp`; also takes a plain date (midnight UTC) and any explicit offset."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        if len(text) != len("2026-11-21"):
            raise ValueError(f"{text!r} has a time but no zone; write it with Z")
        moment = moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC)


def epoch_ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def month_bounds(month: str) -> tuple[str, str]:
    """`2026-12` → `("2026-12-01", "2027-01-01")`, a half-open interval that compares with any stamp."""
    year, number = int(month[:4]), int(month[5:])
    return f"{month}-01", f"{year + number // 12:04d}-{number % 12 + 1:02d}-01"
