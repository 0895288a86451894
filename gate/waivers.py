"""When a waiver holds and what it covers: the one place that knows."""

from __future__ import annotations

from datetime import date

from gate.model import Stage, Violation, Waiver
from gate.tree import select

# What guards the guards can't be set aside by them.
NEVER_WAIVED = ("WVR", "SRC")
WILD = frozenset("*?[")


def defect(waiver: Waiver, max_days: int) -> str | None:
    """Why the waiver is void whatever the day, or None. A void waiver covers nothing."""
    if waiver.requested_by.strip().casefold() == waiver.approved_by.strip().casefold():
        return "it was approved by the one who asked for it"
    days = (waiver.expires - waiver.created).days
    if days < 0:
        return "it expires before it was created"
    if days > max_days:
        return f"it lives {days} days; the limit is {max_days}"
    if waiver.control.startswith(NEVER_WAIVED):
        return f"{waiver.control} can't be waived"
    if waiver.path is not None and not any(segment and not set(segment) & WILD for segment in waiver.path.split("/")):
        return f"its path {waiver.path!r} names no file and no folder; a glob may only complete a name"
    return None


def is_expired(waiver: Waiver, on: date) -> bool:
    """Expired the day after `expires`: the last day counts."""
    return on > waiver.expires


def is_pending(waiver: Waiver, on: date) -> bool:
    """Created in the future: it does not hold yet."""
    return on < waiver.created


def holds(waiver: Waiver, on: date, stage: Stage, max_days: int) -> bool:
    """Whether the waiver may cover anything at this stage and day (UTC).

    An expired one still holds on a pull request, where it is shown as a warning so that it does not stop bystanders;
    it never holds for a release or a GA claim.
    """
    if defect(waiver, max_days) is not None or is_pending(waiver, on):
        return False
    return stage is Stage.CHECK or not is_expired(waiver, on)


def matches(waiver: Waiver, violation: Violation) -> bool:
    """Whether the violation lies in the waiver's scope: same control, and every part of the scope that is set."""
    if waiver.control != violation.control:
        return False
    if waiver.fingerprint is not None and waiver.fingerprint != violation.fingerprint:
        return False
    if waiver.tenant is not None and waiver.tenant != violation.tenant:
        return False
    return waiver.path is None or bool(select([violation.location.path], [waiver.path]))
