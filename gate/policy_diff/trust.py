"""Whose signatures count now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gate.model import Policy
from gate.policy_diff.change import Found, stronger, weaker

if TYPE_CHECKING:
    from attestations.trust import TrustedKey


def trusted_keys(old: Policy, new: Policy) -> Found:
    before, after = _keys_of(old), _keys_of(new)
    for entry in sorted(before.keys() | after.keys()):
        keyid, usage = entry
        if entry not in before:
            yield weaker("trust.keys", f"key {keyid} of {after[entry].identity} is trusted for {usage}")
        elif entry not in after:
            yield stronger("trust.keys", f"key {keyid} of {before[entry].identity} is no longer trusted for {usage}")
        else:
            yield from _key(before[entry], after[entry])


def _key(old: TrustedKey, new: TrustedKey) -> Found:
    name = f"key {old.public.keyid}, {old.usage}:"
    if old.identity != new.identity:
        yield weaker("trust.keys", f"{name} speaks for {new.identity} (before: {old.identity})")
    if old.start != new.start:
        change = weaker if new.start < old.start else stronger
        yield change("trust.keys", f"{name} valid from {new.start.isoformat()} (before: {old.start.isoformat()})")
    if old.end != new.end:
        longer = new.end is None or (old.end is not None and new.end > old.end)
        until, was = (end.isoformat() if end else "further notice" for end in (new.end, old.end))
        yield (weaker if longer else stronger)("trust.keys", f"{name} valid until {until} (before: {was})")


def _keys_of(policy: Policy) -> dict[tuple[str, str], TrustedKey]:
    from gate.signing import trust_of

    keys = trust_of(policy).keys
    return {} if keys is None else {(key.public.keyid, key.usage): key for key in keys.keys}
