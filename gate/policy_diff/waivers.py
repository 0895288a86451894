"""What a change of waivers sets aside."""

from __future__ import annotations

from datetime import date

from gate.model import Policy, Waiver
from gate.policy_diff.change import Found, other, stronger, weaker


def waivers(old: Policy, new: Policy, on: date) -> Found:
    before, after = ({w.id: w for w in policy.waivers} for policy in (old, new))
    for name in sorted(before.keys() | after.keys()):
        if name not in before:
            waiver = after[name]
            yield weaker(
                name, f"sets aside {waiver.control} for {_scope(waiver)} until {waiver.expires}: "
                f"{waiver.reason} (approved by {waiver.approved_by})",
            )  # fmt: skip
        elif name not in after:
            expired = " (it had expired)" if before[name].expires < on else ""
            yield stronger(name, f"no longer sets aside {before[name].control} for {_scope(before[name])}{expired}")
        elif before[name] != after[name]:
            yield from _waiver(before[name], after[name])
    if old.waiver_max_days != new.waiver_max_days:
        change = weaker if new.waiver_max_days > old.waiver_max_days else stronger
        yield change("waiver_max_days", f"waivers may live {new.waiver_max_days} days (before: {old.waiver_max_days})")


def _waiver(old: Waiver, new: Waiver) -> Found:
    name = old.id
    if old.control != new.control:
        yield weaker(name, f"sets aside {new.control} instead of {old.control}")
    for word, was, becomes in (("until", old.expires, new.expires), ("from", old.created, new.created)):
        if was != becomes:
            longer = becomes > was if word == "until" else becomes < was
            yield (weaker if longer else stronger)(name, f"holds {word} {becomes} (before: {was})")
    was_scope, scope = ((w.fingerprint, w.path, w.tenant) for w in (old, new))
    if was_scope != scope:
        narrower = all(was is None or was == becomes for was, becomes in zip(was_scope, scope, strict=True))
        yield (stronger if narrower else weaker)(name, f"covers {_scope(new)} (before: {_scope(old)})")
    for field in ("reason", "owner", "requested_by", "approved_by", "ticket"):
        if getattr(old, field) != getattr(new, field):
            yield other(name, f"{field}: {getattr(new, field)} (before: {getattr(old, field)})")


def _scope(waiver: Waiver) -> str:
    parts = (("finding", waiver.fingerprint), ("path", waiver.path), ("tenant", waiver.tenant))
    return ", ".join(f"{word} {value}" for word, value in parts if value is not None)
