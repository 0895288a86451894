"""What a change of policy means: what got weaker, what got stronger, what can't be told, and what changes nothing.

What a parameter or a query means is found out, not declared: the examples that the controls carry are put to both
versions, and to the parameter's extremes. What stays open is never called the same or stronger.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from gate import baseline
from gate.model import Control, Example, GateError, Outcome, Policy, QueryError, Severity, Waiver
from gate.policy import CONFIG
from gate.policy.tenants import map_of
from gate.trial import judge_example

if TYPE_CHECKING:
    from attestations.trust import TrustedKey


class Effect(StrEnum):
    """What a change does to what gets through."""

    WEAKER = "weaker"
    UNCLEAR = "unclear"
    STRONGER = "stronger"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change, in words; `subject` is a control, a waiver, a key, or a section of gate.yaml."""

    effect: Effect
    subject: str
    text: str


Found = Iterator[Change]


def compare(old: Policy, new: Policy, on: date) -> tuple[Change, ...]:
    """All changes from one policy to another, weaker ones first. `on` is the day (UTC) that dates are judged at."""
    found = [
        *_packs(old, new),
        *_tenants(old, new),
        *_controls(old, new, on),
        *_kinds(old, new),
        *_waivers(old, new, on),
        *_trusted_keys(old, new),
        *_config(old, new),
        *_baseline(old, new),
        *_files(old, new),
    ]
    if old.digest != new.digest and old.version == new.version:
        found.append(_other(CONFIG, f"the policy changed, and policy_version is still {new.version}"))
    order = list(Effect)
    return tuple(sorted(found, key=lambda c: (order.index(c.effect), c.subject)))


def same_or_stronger(changes: Iterable[Change]) -> bool:
    """Whether nothing got weaker, and nothing is left open."""
    return not any(change.effect in (Effect.WEAKER, Effect.UNCLEAR) for change in changes)


def _weaker(subject: str, text: str) -> Change:
    return Change(effect=Effect.WEAKER, subject=subject, text=text)


def _stronger(subject: str, text: str) -> Change:
    return Change(effect=Effect.STRONGER, subject=subject, text=text)


def _unclear(subject: str, text: str) -> Change:
    return Change(effect=Effect.UNCLEAR, subject=subject, text=text)


def _other(subject: str, text: str) -> Change:
    return Change(effect=Effect.OTHER, subject=subject, text=text)


# --- controls ----------------------------------------------------------------------------------------------------


def _packs(old: Policy, new: Policy) -> Found:
    for pack in sorted(old.limits.keys() - new.limits.keys()):
        yield _weaker(
            pack, f"the pack {pack} was dropped, with its {sum(c.pack == pack for c in old.controls)} controls"
        )
    for pack in sorted(new.limits.keys() - old.limits.keys()):
        yield _stronger(pack, f"the pack {pack} was added, with {sum(c.pack == pack for c in new.controls)} controls")
    for pack in sorted(new.limits.keys() & old.limits.keys()):
        if new.limits[pack] != old.limits[pack]:
            yield _other(pack, "what it says that it does not check changed")


def _tenants(old: Policy, new: Policy) -> Found:
    """Who is judged by which pack, where both policies have the pack."""
    before, after = map_of(old), map_of(new)
    if before is None and after is None:
        return
    packs = sorted(old.limits.keys() & new.limits.keys())
    if before is None:
        yield _stronger("tenants", "records of tenants that are not declared block")
    elif after is None:
        yield _weaker("tenants", "records of tenants that are not declared no longer block")
    both = [found.tenants for found in (before, after) if found is not None]
    for tenant in sorted({name for tenants in both for name in tenants}):
        plans = [found.tenants[tenant] for found in (before, after) if found is not None and tenant in found.tenants]
        plan = f"(plan {' → '.join(dict.fromkeys(plans))})"
        subject = f"tenants.{tenant}"
        if before is not None and after is not None and len(plans) == 1:
            came = tenant in after.tenants
            mine = ", ".join(sorted((after if came else before).packs(tenant))) or "none"
            if came:
                yield _stronger(subject, f"{tenant} is declared, with the packs {mine} {plan}")
            else:
                yield _weaker(subject, f"{tenant} is no longer declared; it had the packs {mine} {plan}")
            continue
        for pack in packs:
            was, becomes = (found is None or not found.leaves_out(pack, tenant) for found in (before, after))
            if was and not becomes:
                yield _weaker(subject, f"{tenant} is no longer judged by the pack {pack} {plan}")
            elif becomes and not was:
                yield _stronger(subject, f"{tenant} is judged by the pack {pack} too{f' {plan}' if after else ''}")


def _controls(old: Policy, new: Policy, on: date) -> Found:
    before, after = ({c.id: c for c in policy.controls} for policy in (old, new))
    for name in sorted(before.keys() | after.keys()):
        if name not in after:
            if before[name].pack in new.limits:
                yield _weaker(name, f"the control was removed: {before[name].title}")
        elif name not in before:
            if after[name].pack in old.limits:
                yield _stronger(name, f"the control was added: {after[name].title}")
        elif before[name] != after[name]:
            yield from _control(before[name], after[name], old, new, on)


def _control(old: Control, new: Control, before: Policy, after: Policy, on: date) -> Found:
    name = old.id
    if old.severity is not new.severity:
        change = _weaker if new.severity is Severity.WARN else _stronger
        yield change(name, f"{'warns' if new.severity is Severity.WARN else 'blocks'} where it only {_verb(old)}")
    for stage in sorted(old.stages - new.stages):
        yield _weaker(name, f"is no longer asked at the stage {stage}")
    for stage in sorted(new.stages - old.stages):
        yield _stronger(name, f"is asked at the stage {stage} too")
    yield from _start(name, "blocks", old.block_from, new.block_from, on)
    yield from _start(name, "warns", old.warn_from, new.warn_from, on)
    yield from _needs(old, new)
    yield from _questions(old, new, before, after)
    for field in ("title", "why", "fix", "owner", "maps_to", "message", "clock", "pack", "examples"):
        if getattr(old, field) != getattr(new, field):
            yield _other(name, f"its {field} changed")


def _verb(control: Control) -> str:
    return "warned" if control.severity is Severity.WARN else "blocked"


def _start(name: str, verb: str, old: date | None, new: date | None, on: date) -> Found:
    """A date from which a control blocks or warns; one that is past, or none, is at once."""
    was, becomes = (day if day is not None and day > on else None for day in (old, new))
    if was == becomes:
        if old != new:
            yield _other(name, f"the date from which it {verb} changed, both are past")
    elif becomes is not None and (was is None or becomes > was):
        yield _weaker(name, f"{verb} only from {becomes} (before: {was or 'at once'})")
    else:
        yield _stronger(name, f"{verb} from {becomes or 'now on'} already (before: {was})")


def _needs(old: Control, new: Control) -> Found:
    for kind in sorted(old.evidence.keys() - new.evidence.keys()):
        yield _weaker(old.id, f"no longer needs evidence of kind {kind}")
    for kind in sorted(new.evidence.keys() - old.evidence.keys()):
        yield _stronger(old.id, f"needs evidence of kind {kind} too")
    for kind in sorted(old.evidence.keys() & new.evidence.keys()):
        was, becomes = old.evidence[kind], new.evidence[kind]
        if was.minimum != becomes.minimum:
            change = _weaker if becomes.minimum < was.minimum else _stronger
            yield change(old.id, f"is content with {becomes.minimum} records of {kind} (before: {was.minimum})")
        if was.verified != becomes.verified:
            change = _stronger if becomes.verified else _weaker
            yield change(old.id, f"{'needs' if becomes.verified else 'no longer needs'} {kind} records to be verified")


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
        return _unclear(control.id, f"{text}; its examples can't be tried with that")
    if any(b < a for a, b in zip(old, new, strict=True)) != any(b > a for a, b in zip(old, new, strict=True)):
        if sum(new) < sum(old):
            return _weaker(control.id, f"{text}, which lets through what its examples say must fail")
        return _stronger(control.id, f"{text}, which its examples show to catch more")
    if old == new and type(was) is int and type(becomes) is int:
        high, low = caught(max(abs(was), abs(becomes), 1) * 1000), caught(-1)
        if high is not None and low is not None and sum(high) != sum(low):
            looser = (becomes > was) == (sum(high) < sum(low))
            way = "more" if (sum(high) < sum(low)) else "less"
            change = _weaker if looser else _stronger
            return change(control.id, f"{text}; by its examples a higher value lets {way} through")
    return _unclear(control.id, f"{text}; its examples do not show which is stricter")


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
        yield _weaker(old.id, f"the query changed and lets through: {', '.join(dict.fromkeys(lets_through))}")
    if catches:
        yield _stronger(old.id, f"the query changed and catches: {', '.join(dict.fromkeys(catches))}")
    if not lets_through:
        yield _unclear(old.id, "the query changed; the examples do not show that it catches all it did")


def _caught(control: Control, example: Example, policy: Policy) -> int | None:
    """How many violations the control finds in an example; None when it can't be asked."""
    params = {**control.params, **{k: v for k, v in example.params.items() if k in control.params}}
    try:
        result = judge_example(control, replace(example, params=params), policy.kinds)
    except (QueryError, KeyError, GateError):
        return None
    return None if result.outcome is Outcome.UNKNOWN else len(result.violations)


def _kinds(old: Policy, new: Policy) -> Found:
    for name in sorted(old.kinds.keys() & new.kinds.keys()):
        if old.kinds[name].schema != new.kinds[name].schema:
            yield _unclear(name, f"the schema of the evidence kind {name} changed")


# --- waivers -----------------------------------------------------------------------------------------------------


def _waivers(old: Policy, new: Policy, on: date) -> Found:
    before, after = ({w.id: w for w in policy.waivers} for policy in (old, new))
    for name in sorted(before.keys() | after.keys()):
        if name not in before:
            waiver = after[name]
            yield _weaker(
                name, f"sets aside {waiver.control} for {_scope(waiver)} until {waiver.expires}: "
                f"{waiver.reason} (approved by {waiver.approved_by})",
            )  # fmt: skip
        elif name not in after:
            expired = " (it had expired)" if before[name].expires < on else ""
            yield _stronger(name, f"no longer sets aside {before[name].control} for {_scope(before[name])}{expired}")
        elif before[name] != after[name]:
            yield from _waiver(before[name], after[name])
    if old.waiver_max_days != new.waiver_max_days:
        change = _weaker if new.waiver_max_days > old.waiver_max_days else _stronger
        yield change("waiver_max_days", f"waivers may live {new.waiver_max_days} days (before: {old.waiver_max_days})")


def _waiver(old: Waiver, new: Waiver) -> Found:
    name = old.id
    if old.control != new.control:
        yield _weaker(name, f"sets aside {new.control} instead of {old.control}")
    for word, was, becomes in (("until", old.expires, new.expires), ("from", old.created, new.created)):
        if was != becomes:
            longer = becomes > was if word == "until" else becomes < was
            yield (_weaker if longer else _stronger)(name, f"holds {word} {becomes} (before: {was})")
    was_scope, scope = ((w.fingerprint, w.path, w.tenant) for w in (old, new))
    if was_scope != scope:
        narrower = all(was is None or was == becomes for was, becomes in zip(was_scope, scope, strict=True))
        yield (_stronger if narrower else _weaker)(name, f"covers {_scope(new)} (before: {_scope(old)})")
    for field in ("reason", "owner", "requested_by", "approved_by", "ticket"):
        if getattr(old, field) != getattr(new, field):
            yield _other(name, f"{field}: {getattr(new, field)} (before: {getattr(old, field)})")


def _scope(waiver: Waiver) -> str:
    parts = (("finding", waiver.fingerprint), ("path", waiver.path), ("tenant", waiver.tenant))
    return ", ".join(f"{word} {value}" for word, value in parts if value is not None)


# --- trust -------------------------------------------------------------------------------------------------------


def _trusted_keys(old: Policy, new: Policy) -> Found:
    before, after = _keys_of(old), _keys_of(new)
    for entry in sorted(before.keys() | after.keys()):
        keyid, usage = entry
        if entry not in before:
            yield _weaker("trust.keys", f"key {keyid} of {after[entry].identity} is trusted for {usage}")
        elif entry not in after:
            yield _stronger("trust.keys", f"key {keyid} of {before[entry].identity} is no longer trusted for {usage}")
        else:
            yield from _key(before[entry], after[entry])


def _key(old: TrustedKey, new: TrustedKey) -> Found:
    name = f"key {old.public.keyid}, {old.usage}:"
    if old.identity != new.identity:
        yield _weaker("trust.keys", f"{name} speaks for {new.identity} (before: {old.identity})")
    if old.start != new.start:
        change = _weaker if new.start < old.start else _stronger
        yield change("trust.keys", f"{name} valid from {new.start.isoformat()} (before: {old.start.isoformat()})")
    if old.end != new.end:
        longer = new.end is None or (old.end is not None and new.end > old.end)
        until, was = (end.isoformat() if end else "further notice" for end in (new.end, old.end))
        yield (_weaker if longer else _stronger)("trust.keys", f"{name} valid until {until} (before: {was})")


def _keys_of(policy: Policy) -> dict[tuple[str, str], TrustedKey]:
    from gate.signing import trust_of

    keys = trust_of(policy).keys
    return {} if keys is None else {(key.public.keyid, key.usage): key for key in keys.keys}


# --- gate.yaml ---------------------------------------------------------------------------------------------------


def _config(old: Policy, new: Policy) -> Found:
    handled = {
        "version", "policy_version", "packs", "rules", "controls", "waivers", "waiver_max_days",
        "plans", "tenants",
    }  # fmt: skip
    for section in sorted((old.config.keys() | new.config.keys()) - handled):
        was, becomes = old.config.get(section), new.config.get(section)
        if was != becomes:
            yield from _SECTIONS.get(section, _any_section)(section, was, becomes)


def _any_section(section: str, was: Any, becomes: Any) -> Found:
    word = "was added" if was is None else "was removed" if becomes is None else "changed"
    yield _unclear(section, f"the section {section} of {CONFIG} {word}")


def _project(section: str, was: Any, becomes: Any) -> Found:
    yield _other(section, f"the project is called {becomes} (before: {was})")


def _holder(item: Mapping[str, Any]) -> str:
    usages = f" for {', '.join(sorted(item['usages']))}" if "usages" in item else ""
    return f"{item['identity']} of {item['issuer']}{usages}"


def _trust(section: str, was: Any, becomes: Any) -> Found:
    old, new = was or {}, becomes or {}
    yield from _listed(
        f"{section}.identities",
        [_holder(item) for item in old.get("identities", ())],
        [_holder(item) for item in new.get("identities", ())],
        more=_weaker,
        word="signatures in the name of",
    )
    yield from _listed(
        f"{section}.builders",
        [f"{i['builder']} by {i['signer']}" for i in old.get("builders", ())],
        [f"{i['builder']} by {i['signer']}" for i in new.get("builders", ())],
        more=_weaker,
        word="provenance in the name of",
    )
    if old.get("require_signed_policy", False) != new.get("require_signed_policy", False):
        if new.get("require_signed_policy", False):
            yield _stronger(section, "a policy must be signed")
        else:
            yield _weaker(section, "a policy need not be signed any more")
    if ("keys" in old) != ("keys" in new):
        yield _other(section, f"trusted keys are {'named' if 'keys' in new else 'no longer named'}")
    if ("sigstore_root" in old) != ("sigstore_root" in new):
        change = _weaker if "sigstore_root" in new else _stronger
        yield change(section, f"certificates are {'accepted' if 'sigstore_root' in new else 'no longer accepted'}")


def _source(section: str, was: Any, becomes: Any) -> Found:
    old, new = was or {}, becomes or {}
    yield from _listed(
        f"{section}.exclude",
        [f"{item['path']} ({item['reason']})" for item in old.get("exclude", ())],
        [f"{item['path']} ({item['reason']})" for item in new.get("exclude", ())],
        more=_weaker,
        word="not read:",
    )
    yield from _suppressions(f"{section}.suppressions", old.get("suppressions"), new.get("suppressions"))
    for key in sorted((old.keys() | new.keys()) - {"exclude", "suppressions"}):
        if old.get(key) != new.get(key):
            yield _unclear(f"{section}.{key}", f"{_shown(new.get(key))} (before: {_shown(old.get(key))})")


def _suppressions(section: str, was: Any, becomes: Any) -> Found:
    """The categories of inline comments: one more, a longer life or writes too is weaker."""
    if was is None or becomes is None:
        if was != becomes:
            yield _unclear(section, f"the built-in categories {'no longer ' if was is None else ''}apply")
        return
    for name in sorted(was.keys() | becomes.keys()):
        if name not in was or name not in becomes:
            change = _weaker if name not in was else _stronger
            yield change(
                section, f"tenant-ok {name} {'sets findings aside' if name not in was else 'no longer counts'}"
            )
            continue
        old, new = was[name], becomes[name]
        if old["days"] != new["days"]:
            change = _weaker if new["days"] > old["days"] else _stronger
            yield change(section, f"tenant-ok {name} may live {new['days']} days (before: {old['days']})")
        if old.get("writes", False) != new.get("writes", False):
            change = _weaker if new.get("writes", False) else _stronger
            yield change(
                section, f"tenant-ok {name} may {'' if new.get('writes', False) else 'no longer '}set writes aside"
            )


def _commands(section: str, was: Any, becomes: Any) -> Found:
    old, new = ({item["name"]: item for item in items or ()} for items in (was, becomes))
    for name in sorted(old.keys() | new.keys()):
        if name not in new:
            yield _weaker(section, f"{name} is no longer run ({' '.join(old[name]['run'])})")
        elif name not in old:
            yield _stronger(section, f"{name} is run too ({' '.join(new[name]['run'])})")
        elif old[name]["run"] != new[name]["run"]:
            yield _unclear(section, f"{name} runs {' '.join(new[name]['run'])} (before: {' '.join(old[name]['run'])})")
        elif old[name] != new[name]:
            yield _other(section, f"{name} has another time limit")
    if [n for n in old if n in new] != [n for n in new if n in old]:
        yield _other(section, "the order changed")


def _gate_steps(section: str, was: Any, becomes: Any) -> Found:
    yield from _listed(section, was or (), becomes or (), more=_weaker, word="a workflow step counts as the gate's by")


def _evidence(section: str, was: Any, becomes: Any) -> Found:
    old, new = was or {}, becomes or {}
    for kind in sorted(old.keys() | new.keys()):
        if old.get(kind) != new.get(kind):
            yield _unclear(
                f"{section}.{kind}", f"records are read from {_shown(new.get(kind))} (before: {_shown(old.get(kind))})"
            )


def _ledger(section: str, was: Any, becomes: Any) -> Found:
    if becomes is None:
        yield _weaker(section, "verdicts are no longer recorded in a ledger")
    elif was is None:
        yield _stronger(section, "verdicts are recorded in a ledger")
    else:
        yield from _listed(
            f"{section}.keys", was.get("keys", ()), becomes.get("keys", ()), more=_weaker, word="checkpoints signed by"
        )
        if any(was.get(key) != becomes.get(key) for key in ("path", "url", "origin")):
            yield _unclear(section, "it is another ledger: what the old one holds is not in it")


def _listed(
    subject: str, was: Sequence[str], becomes: Sequence[str], *, more: Callable[[str, str], Change], word: str
) -> Found:
    """A list where one item more has that effect and one less the opposite."""
    less = _stronger if more is _weaker else _weaker
    for item in sorted(set(becomes) - set(was)):
        yield more(subject, f"{word} {item}")
    for item in sorted(set(was) - set(becomes)):
        yield less(subject, f"no longer: {word} {item}")


_SECTIONS: Mapping[str, Callable[[str, Any, Any], Found]] = {
    "project": _project,
    "trust": _trust,
    "source": _source,
    "golden_path": _commands,
    "self_checks": _commands,
    "gate_steps": _gate_steps,
    "evidence": _evidence,
    "ledger": _ledger,
}


def _baseline(old: Policy, new: Policy) -> Found:
    """What is known and set aside: an entry more, or more time for one, is weaker."""
    before, after = baseline.of_policy(old), baseline.of_policy(new)
    name = baseline.path_of(new) or baseline.path_of(old) or "baseline"
    kept, added = baseline.in_force(before, after)
    for entry in added:
        on = f" on {entry.table}" if entry.table else ""
        yield _weaker(name, f"sets aside {entry.rule}{on} in {entry.path}{_until(entry)}")
    gone = len(before) - len(kept)
    if gone:
        yield _stronger(name, f"{gone} of {len(before)} known findings count again or are repaired")
    elif not added and before != after:
        yield _other(name, "entries have another owner or reason, or end sooner")


def _until(entry: baseline.Entry) -> str:
    return f" until {entry.until}" if entry.until is not None else ""


# --- files -------------------------------------------------------------------------------------------------------


def _files(old: Policy, new: Policy) -> Found:
    """Files that decide something and are not read above: what they say can only be called changed."""
    understood = {CONFIG, *(w.source.path for p in (old, new) for w in p.waivers)}
    understood |= {c.source.path for p in (old, new) for c in p.controls}
    understood |= {str(p.config.get("trust", {}).get("keys")) for p in (old, new)}
    understood |= {str(baseline.path_of(p)) for p in (old, new)}
    understood |= {k.source.path for p in (old, new) for k in p.kinds.values()}
    for name in sorted(old.files.keys() | new.files.keys()):
        if old.files.get(name) == new.files.get(name) or name in understood or name.endswith("/pack.yaml"):
            continue
        if "/schemas/" in name and not (name in old.files and name in new.files):
            continue  # of a pack that came or went, which was said
        word = "was added" if name not in old.files else "was removed" if name not in new.files else "changed"
        yield _unclear(name, f"the file {word}")


def _shown(value: Any) -> str:
    return "the default" if value is None else ", ".join(map(str, value)) if isinstance(value, list) else str(value)
