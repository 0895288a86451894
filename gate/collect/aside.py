"""Which code findings are set aside, and why: by a comment, by the baseline, or because the base revision has them too.

Everything is asked of the policy, which on a pull request is the base revision's, and of the base revision's own facts
under the same policy and clock: a finding is "earlier" only if it was open there. Without a base revision, or with one
that could not be analysed, nothing is earlier.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from gate import baseline
from gate.collect import suppressions
from gate.model import Aside, Policy, Row, fingerprint

if TYPE_CHECKING:
    from lints.rows import Access, CodeFacts

Found = tuple[baseline.Key, str]
"""A finding as it is compared: its key, and the file that it is in."""
UNJUDGED = frozenset({"test", "migration", "seed"})
"""Path classes whose statements no control judges."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What became of the findings, by index of the access; and the comments and baseline entries as evidence."""

    asides: Mapping[int, tuple[Aside, str]]
    schema: Mapping[int, tuple[Aside, str]]
    """The same of the findings of the schema, by their index."""
    suppressions: tuple[Row, ...]
    baseline: tuple[Row, ...]
    numbers: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Side:
    """One revision: which of its findings are set aside by what it says itself, and what is wrong with that."""

    findings: tuple[int, ...]
    judged: tuple[suppressions.Judged, ...]
    asides: Mapping[int, tuple[Aside, str]]
    schema: Mapping[int, tuple[Aside, str]]
    unmatched: frozenset[int]
    """Indexes of baseline entries that nothing matches."""


def settle(
    facts: CodeFacts,
    policy: Policy,
    today: date,
    *,
    entries: Sequence[baseline.Entry],
    schema: Sequence[Found] = (),
    base: CodeFacts | None = None,
    base_schema: Sequence[Found] = (),
    origin: str = "the base revision",
) -> Settled:
    """Settle the findings of a tree and of its schema. `entries` are those of its own baseline file; `origin` names the
    base revision, from which `base` and `base_schema` are."""
    name = baseline.path_of(policy) or ""
    origin = re.sub(r"\b([0-9a-f]{12})[0-9a-f]{28,}\b", r"\1", origin)
    listed = baseline.of_policy(policy)
    kept, added = baseline.in_force(listed, entries)
    allowed = suppressions.categories(policy)
    head = _side(facts, schema, allowed, kept, name, today)
    before = None if base is None else _side(base, base_schema, allowed, listed, name, today)
    asides, of_schema = dict(head.asides), dict(head.schema)
    if base is not None and before is not None:
        asides.update(_earlier(facts, head, base, before, origin))
        now = [i for i in range(len(schema)) if i not in of_schema]
        then = [found for i, found in enumerate(base_schema) if i not in before.schema]
        pairs = baseline.pair([schema[i] for i in now], then)
        of_schema.update(
            {i: (Aside.EARLIER, f"{origin} has it too") for i, pair in zip(now, pairs, strict=True) if pair is not None}
        )
    tally = Counter(aside for aside, _ in asides.values())
    return Settled(
        asides=asides,
        schema=of_schema,
        suppressions=tuple(_comments(head, before)),
        baseline=tuple(_entries(kept, added, listed, head, before, name, today)),
        numbers={
            "findings": len(head.findings) - len(asides),
            "findings_suppressed": tally[Aside.SUPPRESSED],
            "findings_in_baseline": tally[Aside.BASELINE],
            "findings_earlier": tally[Aside.EARLIER],
        },
    )


def of_schema(findings: Iterable[tuple[str, str, str]]) -> tuple[Found, ...]:
    """Findings of the schema, triples of rule, subject and path, as `settle` takes them."""
    return tuple(
        (baseline.key_of(rule, "violation", subject, fingerprint(rule, subject)), path)
        for rule, subject, path in findings
    )


def _side(
    facts: CodeFacts,
    schema: Sequence[Found],
    allowed: Mapping[str, suppressions.Category],
    entries: Sequence[baseline.Entry],
    name: str,
    today: date,
) -> _Side:
    findings = tuple(i for i, a in enumerate(facts.accesses) if a.verdict != "proven" and a.path_class not in UNJUDGED)
    judged = suppressions.judge(facts.suppressions, facts.accesses, allowed, today, UNJUDGED)
    found = [*((_key(facts.accesses[i]), facts.accesses[i].path) for i in findings), *schema]
    pairs = baseline.pair(found, [(entry.key, entry.path) for entry in entries])
    listed = {
        number: (Aside.BASELINE, baseline.because(entries[paired], name))
        for number, paired in enumerate(pairs)
        if paired is not None and not _over(entries[paired], today)
    }
    asides = {findings[number]: why for number, why in listed.items() if number < len(findings)}
    for item in judged:
        asides.update({index: (Aside.SUPPRESSED, suppressions.because(item.comment)) for index in item.covers})
    matched = {paired for paired in pairs if paired is not None}
    return _Side(
        findings=findings, judged=judged, asides=asides,
        schema={number - len(findings): why for number, why in listed.items() if number >= len(findings)},
        unmatched=frozenset(set(range(len(entries))) - matched),
    )  # fmt: skip


def _key(access: Access) -> baseline.Key:
    return baseline.key_of(access.rule, access.verdict, access.table, access.statement)


def _over(entry: baseline.Entry, today: date) -> bool:
    return entry.until is not None and entry.until < today


def _earlier(
    facts: CodeFacts, head: _Side, base: CodeFacts, before: _Side, origin: str
) -> Mapping[int, tuple[Aside, str]]:
    """The open findings of the tree that were open in the base revision: the same rule, table and statement."""
    now = [i for i in head.findings if i not in head.asides]
    then = [i for i in before.findings if i not in before.asides]
    pairs = baseline.pair(
        [((*_key(facts.accesses[i]), facts.accesses[i].path_class), facts.accesses[i].path) for i in now],
        [((*_key(base.accesses[i]), base.accesses[i].path_class), base.accesses[i].path) for i in then],
    )
    return {
        index: (Aside.EARLIER, f"{origin} has it too")
        for index, paired in zip(now, pairs, strict=True)
        if paired is not None
    }


def _comments(head: _Side, before: _Side | None) -> Sequence[Row]:
    known = Counter(suppressions.identity(item.comment) for item in before.judged) if before else Counter()
    problems = {suppressions.identity(item.comment): item.problems for item in before.judged} if before else {}
    rows = []
    for item in head.judged:
        identity = suppressions.identity(item.comment)
        new = None if before is None else known[identity] == 0
        known[identity] -= 1
        rows.append(suppressions.row(item, new=new, earlier=() if new else problems.get(identity, ())))
    return rows


def _entries(
    kept: Sequence[baseline.Entry],
    added: Sequence[baseline.Entry],
    listed: Sequence[baseline.Entry],
    head: _Side,
    before: _Side | None,
    name: str,
    today: date,
) -> Sequence[Row]:
    stale = {(listed[i].key, listed[i].path) for i in before.unmatched} if before is not None else set()
    rows = []
    for index, entry in enumerate(kept):
        state = "stale" if index in head.unmatched else "expired" if _over(entry, today) else "holds"
        earlier = (entry.key, entry.path) in stale if state == "stale" else before is not None
        rows.append(baseline.row(entry, name, state=state, earlier=earlier and state != "holds"))
    return [*rows, *(baseline.row(entry, name, state="added", earlier=False) for entry in added)]
