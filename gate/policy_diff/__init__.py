"""What a change of policy means: what got weaker, what got stronger, what can't be told, and what changes nothing.

What a parameter or a query means is found out, not declared: the examples that the controls carry are put to both
versions, and to the parameter's extremes. What stays open is never called the same or stronger.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from gate.model import Policy
from gate.policy import CONFIG
from gate.policy_diff.change import Change, Effect, other
from gate.policy_diff.controls import controls, kinds, packs
from gate.policy_diff.sections import baseline_changes, config, files
from gate.policy_diff.tenants import tenants
from gate.policy_diff.trust import trusted_keys
from gate.policy_diff.waivers import waivers

__all__ = ["Change", "Effect", "compare", "same_or_stronger"]


def compare(old: Policy, new: Policy, on: date) -> tuple[Change, ...]:
    """All changes from one policy to another, weaker ones first. `on` is the day (UTC) that dates are judged at."""
    found = [
        *packs(old, new),
        *tenants(old, new, on),
        *controls(old, new, on),
        *kinds(old, new),
        *waivers(old, new, on),
        *trusted_keys(old, new),
        *config(old, new),
        *baseline_changes(old, new),
        *files(old, new),
    ]
    if old.digest != new.digest and old.version == new.version:
        found.append(other(CONFIG, f"the policy changed, and policy_version is still {new.version}"))
    order = list(Effect)
    return tuple(sorted(found, key=lambda c: (order.index(c.effect), c.subject)))


def same_or_stronger(changes: Iterable[Change]) -> bool:
    """Whether nothing got weaker, and nothing is left open."""
    return not any(change.effect in (Effect.WEAKER, Effect.UNCLEAR) for change in changes)
