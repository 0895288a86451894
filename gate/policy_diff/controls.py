"""What a change of packs, controls and kinds of evidence means: their examples are put to both versions."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from gate.model import Control, Example, GateError, Outcome, Policy, QueryError, Severity
from gate.policy_diff.change import Change, Found, other, stronger, unclear, weaker
from gate.trial import judge_example


def packs(old: Policy, new: Policy) -> Found:
    for pack in sorted(old.limits.keys() - new.limits.keys()):
        yield weaker(
            pack, f"the pack {pack} was dropped, with its {sum(c.pack == pack for c in old.controls)} controls"
        )
    for pack in sorted(new.limits.keys() - old.limits.keys()):
        yield stronger(pack, f"the pack {pack} was added, with {sum(c.pack == pack for c in new.controls)} controls")
    for pack in sorted(new.limits.keys() & old.limits.keys()):
        if new.limits[pack] != old.limits[pack]:
            yield other(pack, "what it says that it does not check changed")


def controls(old: Policy, new: Policy, on: date) -> Found:
    before, after = ({c.id: c for c in policy.controls} for policy in (old, new))
    for name in sorted(before.keys() | after.keys()):
        if name not in after:
            if before[name].pack in new.limits:
                yield weaker(name, f"the control was removed: {before[name].title}")
        elif name not in before:
            if after[name].pack in old.limits:
                yield stronger(name, f"the control was added: {after[name].title}")
        elif before[name] != after[name]:
            yield from _control(before[name], after[name], old, new, on)


def _control(old: Control, new: Control, before: Policy, after: Policy, on: date) -> Found:
    name = old.id
    if old.severity is not new.severity:
        change = weaker if new.severity is Severity.WARN else stronger
        yield change(name, f"{'warns' if new.severity is Severity.WARN else 'blocks'} where it only {_verb(old)}")
    for stage in sorted(old.stages - new.stages):
        yield weaker(name, f"is no longer asked at the stage {stage}")
    for stage in sorted(new.stages - old.stages):
        yield stronger(name, f"is asked at the stage {stage} too")
    yield from _start(name, "blocks", old.block_from, new.block_from, on)
    yield from _start(name, "warns", old.warn_from, new.warn_from, on)
    yield from _needs(old, new)
    yield from _questions(old, new, before, after)
    for field in ("title", "why", "fix", "owner", "maps_to", "message", "clock", "pack", "examples"):
        if getattr(old, field) != getattr(new, field):
            yield other(name, f"its {field} changed")


def _verb(control: Control) -> str:
    return "warned" if control.severity is Severity.WARN else "blocked"


def _start(name: str, verb: str, old: date | None, new: date | None, on: date) -> Found:
    """A date from which a control blocks or warns; one that is past, or none, is at once."""
    was, becomes = (day if day is not None and day > on else None for day in (old, new))
    if was == becomes:
        if old != new:
            yield other(name, f"the date from which it {verb} changed, both are past")
    elif becomes is not None and (was is None or becomes > was):
        yield weaker(name, f"{verb} only from {becomes} (before: {was or 'at once'})")
    else:
        yield stronger(name, f"{verb} from {becomes or 'now on'} already (before: {was})")


def _needs(old: Control, new: Control) -> Found:
    for kind in sorted(old.evidence.keys() - new.evidence.keys()):
        yield weaker(old.id, f"no longer needs evidence of kind {kind}")
    for kind in sorted(new.evidence.keys() - old.evidence.keys()):
        yield stronger(old.id, f"needs evidence of kind {kind} too")
    for kind in sorted(old.evidence.keys() & new.evidence.keys()):
        was, becomes = old.evidence[kind], new.evidence[kind]
        if was.minimum != becomes.minimum:
            change = weaker if becomes.minimum < was.minimum else stronger
            yield change(old.id, f"is content with {becomes.minimum} records of {kind} (before: {was.minimum})")
        if was.verified != becomes.verified:
            change = stronger if becomes.verified else weaker
            yield change(old.id, f"{'needs' if becomes.verified else 'no longer needs'} {kind} records to be verified")
        if was.per_tenant != becomes.per_tenant:
            change = stronger if becomes.per_tenant else weaker
            yield change(
                old.id, f"{'needs' if becomes.per_tenant else 'no longer needs'} {kind} records of every tenant"
            )


def _questions(old: Control, new: Control, before: Policy, after: Policy) -> Found:
    """What the query asks and with which parameters."""
    values = {name: (old.params[name], new.params[name]) for name in sorted(old.params.keys() & new.params.keys())}
    changed = {name: pair for name, pair in values.items() if pair[0] != pair[1]}
    for name, (was, becomes) in changed.items():
        yield _parameter(old, name, was, becomes, before)
    if old.query != new.query or old.params.keys() != new.params.keys():
        yield from _query(old, new, before, after)


def _parameter(control: Control, name: str, was: object, becomes: object, policy: Policy) -> Change:
    """Whether another value lets more through: by the control's own examples, then by the parameter's extremes."""
    text = f"{name} went from {was} to {becomes}"

    def caught(value: object) -> list[int] | None:
        found = [_caught(control, replace(e, params={**e.params, name: value}), policy) for e in control.examples]
        return None if None in found else [count for count in found if count is not None]

    old, new = caught(was), caught(becomes)
    if old is None or new is None:
        return unclear(control.id, f"{text}; its examples can't be tried with that")
    if any(b < a for a, b in zip(old, new, strict=True)) != any(b > a for a, b in zip(old, new, strict=True)):
        if sum(new) < sum(old):
            return weaker(control.id, f"{text}, which lets through what its examples say must fail")
        return stronger(control.id, f"{text}, which its examples show to catch more")
    if old == new and type(was) is int and type(becomes) is int:
        high, low = caught(max(abs(was), abs(becomes), 1) * 1000), caught(-1)
        if high is not None and low is not None and sum(high) != sum(low):
            looser = (becomes > was) == (sum(high) < sum(low))
            way = "more" if (sum(high) < sum(low)) else "less"
            change = weaker if looser else stronger
            return change(control.id, f"{text}; by its examples a higher value lets {way} through")
    return unclear(control.id, f"{text}; its examples do not show which is stricter")


def _query(old: Control, new: Control, before: Policy, after: Policy) -> Found:
    """Put the examples of both to both."""
    lets_through, catches = [], []
    for example in (*old.examples, *new.examples):
        was, becomes = _caught(old, example, before), _caught(new, example, after)
        if was is None or becomes is None:
            continue
        if becomes < was:
            lets_through.append(example.name)
        elif becomes > was:
            catches.append(example.name)
    if lets_through:
        yield weaker(old.id, f"the query changed and lets through: {', '.join(dict.fromkeys(lets_through))}")
    if catches:
        yield stronger(old.id, f"the query changed and catches: {', '.join(dict.fromkeys(catches))}")
    if not lets_through:
        yield unclear(old.id, "the query changed; the examples do not show that it catches all it did")


def _caught(control: Control, example: Example, policy: Policy) -> int | None:
    """How many violations the control finds in an example; None when it can't be asked."""
    params = {**control.params, **{k: v for k, v in example.params.items() if k in control.params}}
    try:
        result = judge_example(control, replace(example, params=params), policy.kinds)
    except (QueryError, KeyError, GateError):
        return None
    return None if result.outcome is Outcome.UNKNOWN else len(result.violations)


def kinds(old: Policy, new: Policy) -> Found:
    for name in sorted(old.kinds.keys() & new.kinds.keys()):
        if old.kinds[name].schema != new.kinds[name].schema:
            yield unclear(name, f"the schema of the evidence kind {name} changed")
