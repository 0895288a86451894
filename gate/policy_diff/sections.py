"""What a change of the other sections of gate.yaml means, and of the files that they name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gate import baseline
from gate.model import Policy
from gate.policy import CONFIG
from gate.policy_diff.change import Change, Found, other, stronger, unclear, weaker


def config(old: Policy, new: Policy) -> Found:
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
    yield unclear(section, f"the section {section} of {CONFIG} {word}")


def _project(section: str, was: Any, becomes: Any) -> Found:
    yield other(section, f"the project is called {becomes} (before: {was})")


def _holder(item: Mapping[str, Any]) -> str:
    usages = f" for {', '.join(sorted(item['usages']))}" if "usages" in item else ""
    return f"{item.get('identity') or item['identity_regexp']} of {item['issuer']}{usages}"


def _trust(section: str, was: Any, becomes: Any) -> Found:
    old, new = was or {}, becomes or {}
    yield from listed(
        f"{section}.identities",
        [_holder(item) for item in old.get("identities", ())],
        [_holder(item) for item in new.get("identities", ())],
        more=weaker,
        word="signatures in the name of",
    )
    yield from listed(
        f"{section}.builders",
        [f"{i['builder']} by {i['signer']}" for i in old.get("builders", ())],
        [f"{i['builder']} by {i['signer']}" for i in new.get("builders", ())],
        more=weaker,
        word="provenance in the name of",
    )
    if old.get("require_signed_policy", False) != new.get("require_signed_policy", False):
        if new.get("require_signed_policy", False):
            yield stronger(section, "a policy must be signed")
        else:
            yield weaker(section, "a policy need not be signed any more")
    if ("keys" in old) != ("keys" in new):
        yield other(section, f"trusted keys are {'named' if 'keys' in new else 'no longer named'}")
    if ("sigstore_root" in old) != ("sigstore_root" in new):
        change = weaker if "sigstore_root" in new else stronger
        yield change(section, f"certificates are {'accepted' if 'sigstore_root' in new else 'no longer accepted'}")


def _source(section: str, was: Any, becomes: Any) -> Found:
    old, new = was or {}, becomes or {}
    yield from listed(
        f"{section}.exclude",
        [f"{item['path']} ({item['reason']})" for item in old.get("exclude", ())],
        [f"{item['path']} ({item['reason']})" for item in new.get("exclude", ())],
        more=weaker,
        word="not read:",
    )
    yield from _suppressions(f"{section}.suppressions", old.get("suppressions"), new.get("suppressions"))
    for key in sorted((old.keys() | new.keys()) - {"exclude", "suppressions"}):
        if old.get(key) != new.get(key):
            yield unclear(f"{section}.{key}", f"{shown(new.get(key))} (before: {shown(old.get(key))})")


def _suppressions(section: str, was: Any, becomes: Any) -> Found:
    """The categories of inline comments: one more, a longer life or writes too is weaker."""
    if was is None or becomes is None:
        if was != becomes:
            yield unclear(section, f"the built-in categories {'no longer ' if was is None else ''}apply")
        return
    for name in sorted(was.keys() | becomes.keys()):
        if name not in was or name not in becomes:
            change = weaker if name not in was else stronger
            yield change(
                section, f"tenant-ok {name} {'sets findings aside' if name not in was else 'no longer counts'}"
            )
            continue
        old, new = was[name], becomes[name]
        if old["days"] != new["days"]:
            change = weaker if new["days"] > old["days"] else stronger
            yield change(section, f"tenant-ok {name} may live {new['days']} days (before: {old['days']})")
        if old.get("writes", False) != new.get("writes", False):
            change = weaker if new.get("writes", False) else stronger
            yield change(
                section, f"tenant-ok {name} may {'' if new.get('writes', False) else 'no longer '}set writes aside"
            )


def _commands(section: str, was: Any, becomes: Any) -> Found:
    old, new = ({item["name"]: item for item in items or ()} for items in (was, becomes))
    for name in sorted(old.keys() | new.keys()):
        if name not in new:
            yield weaker(section, f"{name} is no longer run ({' '.join(old[name]['run'])})")
        elif name not in old:
            yield stronger(section, f"{name} is run too ({' '.join(new[name]['run'])})")
        elif old[name]["run"] != new[name]["run"]:
            yield unclear(section, f"{name} runs {' '.join(new[name]['run'])} (before: {' '.join(old[name]['run'])})")
        elif old[name] != new[name]:
            yield other(section, f"{name} has another time limit")
    if [n for n in old if n in new] != [n for n in new if n in old]:
        yield other(section, "the order changed")


def _gate_steps(section: str, was: Any, becomes: Any) -> Found:
    yield from listed(section, was or (), becomes or (), more=weaker, word="a workflow step counts as the gate's by")


def _evidence(section: str, was: Any, becomes: Any) -> Found:
    old, new = was or {}, becomes or {}
    for kind in sorted(old.keys() | new.keys()):
        if old.get(kind) != new.get(kind):
            yield unclear(
                f"{section}.{kind}", f"records are read from {shown(new.get(kind))} (before: {shown(old.get(kind))})"
            )


def _ledger(section: str, was: Any, becomes: Any) -> Found:
    if becomes is None:
        yield weaker(section, "verdicts are no longer recorded in a ledger")
    elif was is None:
        yield stronger(section, "verdicts are recorded in a ledger")
    else:
        yield from listed(
            f"{section}.keys", was.get("keys", ()), becomes.get("keys", ()), more=weaker, word="checkpoints signed by"
        )
        if any(was.get(key) != becomes.get(key) for key in ("path", "url", "origin")):
            yield unclear(section, "it is another ledger: what the old one holds is not in it")


def _patterns(section: str, was: Any, becomes: Any) -> Found:
    """Semgrep rules: one of ours less is weaker; another file of the organisation's may also replace one of ours."""
    old, new = was or {}, becomes or {}
    if old.get("built_in", True) != new.get("built_in", True):
        if new.get("built_in", True):
            yield stronger(f"{section}.built_in", "the built-in rules count again")
        else:
            yield weaker(f"{section}.built_in", "no built-in rule counts any more")
    yield from listed(
        f"{section}.without", old.get("without", ()), new.get("without", ()), more=weaker, word="does not look for"
    )
    for key in ("rules", "include"):
        if old.get(key) != new.get(key):
            yield unclear(f"{section}.{key}", f"{shown(new.get(key))} (before: {shown(old.get(key))})")


def listed(
    subject: str, was: Sequence[str], becomes: Sequence[str], *, more: Callable[[str, str], Change], word: str
) -> Found:
    """A list where one item more has that effect and one less the opposite."""
    less = stronger if more is weaker else weaker
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
    "patterns": _patterns,
    "evidence": _evidence,
    "ledger": _ledger,
}


def baseline_changes(old: Policy, new: Policy) -> Found:
    """What is known and set aside: an entry more, or more time for one, is weaker."""
    before, after = baseline.of_policy(old), baseline.of_policy(new)
    name = baseline.path_of(new) or baseline.path_of(old) or "baseline"
    kept, added = baseline.in_force(before, after)
    for entry in added:
        on = f" on {entry.table}" if entry.table else ""
        yield weaker(name, f"sets aside {entry.rule}{on} in {entry.path}{_until(entry)}")
    gone = len(before) - len(kept)
    if gone:
        yield stronger(name, f"{gone} of {len(before)} known findings count again or are repaired")
    elif not added and before != after:
        yield other(name, "entries have another owner or reason, or end sooner")


def _until(entry: baseline.Entry) -> str:
    return f" until {entry.until}" if entry.until is not None else ""


_INFORM = {"panels": "panel", "runbooks": "runbook"}
"""Folders of a pack whose files decide nothing."""


def files(old: Policy, new: Policy) -> Found:
    """Files that decide something and are not read above: what they say can only be called changed."""
    understood = {CONFIG, *(w.source.path for p in (old, new) for w in p.waivers)}
    understood |= {c.source.path for p in (old, new) for c in p.controls}
    understood |= {str(p.config.get("trust", {}).get("keys")) for p in (old, new)}
    understood |= {str(baseline.path_of(p)) for p in (old, new)}
    understood |= {str(p.config.get("tenants")) for p in (old, new)}
    understood |= {k.source.path for p in (old, new) for k in p.kinds.values()}
    for name in sorted(old.files.keys() | new.files.keys()):
        if old.files.get(name) == new.files.get(name) or name in understood or name.endswith("/pack.yaml"):
            continue
        if "/schemas/" in name and not (name in old.files and name in new.files):
            continue  # of a pack that came or went, which was said
        word = "was added" if name not in old.files else "was removed" if name not in new.files else "changed"
        folder, _, part = name.rpartition("/")[0].rpartition("/")
        informs = part in _INFORM and any(f"{folder}/pack.yaml" in p.files for p in (old, new))
        yield (other if informs else unclear)(name, f"the {_INFORM[part] if informs else 'file'} {word}")


def shown(value: Any) -> str:
    return "the default" if value is None else ", ".join(map(str, value)) if isinstance(value, list) else str(value)
