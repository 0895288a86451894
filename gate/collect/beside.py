"""What Semgrep rules match, beside what the lints find: one finding for one place, set aside by the same means.

A match of a built-in rule says in a pattern what the lint may have judged with all it knows of the tenancy model: where
the lint has judged a data access on the same lines, it is the lint that decides, whatever it said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gate import baseline
from gate.collect import Context, first_line
from gate.collect.aside import UNJUDGED, settle
from gate.collect.patterns import Found, find
from gate.collect.scanning import declarations
from gate.model import Aside, Coverage, Descriptor, Evidence, GateError, Policy, Row, UndecidedError, Unread

if TYPE_CHECKING:
    from lints.extract import Suppression
    from lints.rows import Access, CodeFacts

KIND = "code_pattern"


@dataclass(frozen=True, slots=True, kw_only=True)
class Matches:
    """The matches that are findings, as rows of evidence and as what is settled together with the lint's findings."""

    coverage: Coverage
    rows: tuple[Row, ...] = ()
    accesses: tuple[Access, ...] = ()
    base: tuple[Access, ...] = ()
    materials: tuple[Descriptor, ...] = ()


def matches(context: Context, facts: CodeFacts, base: CodeFacts | None) -> Matches | None:
    """What the policy's rules match in the judged tree and in the base revision; None without the pack.

    Where Semgrep can't say anything that is what is told: the lint's findings do not depend on it.
    """
    if KIND not in context.policy.kinds:
        return None
    try:
        found = find(context.tree, context.policy)
    except (GateError, UndecidedError) as error:
        return Matches(coverage=Coverage(scope="failed", unread=(Unread(path=KIND, reason=str(error)),)))
    kept, said = _own(found, facts, context.policy)
    before: tuple[Access, ...] = ()
    if context.base is not None:
        before = _before(context, found, base)
    return Matches(
        rows=kept, accesses=_accesses(kept), base=before,
        coverage=Coverage(
            scope=f"{len(found.digests)} files, of which {found.scanned} could match; {found.rules} rules",
            unread=found.unread,
            numbers={"files": len(found.digests), "scanned": found.scanned, "matches": len(kept), "said_by_lint": said},
        ),
        materials=tuple(Descriptor(name=name, sha256=digest) for name, digest in sorted(found.digests.items())),
    )  # fmt: skip


def evidence(found: Matches, asides: Mapping[int, tuple[Aside, str]]) -> Evidence:
    """The evidence of the matches; `asides` by their index."""
    return Evidence(
        kind=KIND,
        rows=tuple(
            {**row, **({} if i not in asides else {"aside": asides[i][0].value, "aside_because": asides[i][1]})}
            for i, row in enumerate(found.rows)
        ),
        coverage=found.coverage,
        materials=found.materials,
    )


def patterns_alone(context: Context) -> tuple[Evidence, ...]:
    """The matches of a policy without the lint: comments, the baseline and the base revision set aside all the same."""
    from lints.extract.suppressions import suppressions
    from lints.rows import CodeFacts

    found = matches(context, CodeFacts(), CodeFacts())
    if found is None:
        return ()
    name = baseline.path_of(context.policy)
    comments: list[Suppression] = []
    for path in sorted({row["path"] for row in found.rows}):
        comments += suppressions(path, context.tree.read(path))
    entries: tuple[baseline.Entry, ...] = ()
    try:
        entries = () if name is None else baseline.of_tree(context.tree, name)
    except (GateError, UndecidedError) as error:
        unread = (*found.coverage.unread, Unread(path=name or KIND, reason=first_line(error)))
        found = replace(found, coverage=replace(found.coverage, unread=unread))
    settled = settle(
        CodeFacts(accesses=found.accesses, suppressions=tuple(comments)), context.policy, context.as_of.date(),
        entries=entries, base=None if context.base is None else CodeFacts(accesses=found.base),
        origin=context.base.origin if context.base is not None else "",
    )  # fmt: skip
    return (evidence(found, settled.asides),)


def _own(found: Found, facts: CodeFacts, policy: Policy) -> tuple[tuple[Row, ...], int]:
    """The matches that nobody else judges, and how many the lint does. Our own rules say nothing of tests and the like,
    which no control of the lint judges either."""
    from lints.schema.paths import path_class

    declared = declarations(policy).paths
    judged: dict[str, list[tuple[int, int]]] = {}
    for access in facts.accesses:
        judged.setdefault(access.path, []).append((access.first_line or access.line, access.end_line))
    kept: list[Row] = []
    said = 0
    for row in found.rows:
        same = found.same_as.get(row["rule"])
        if same is not None and path_class(row["path"], declared) in UNJUDGED | {"generated"}:
            continue
        if same and any(s <= row["end_line"] and row["line"] <= e for s, e in judged.get(row["path"], ())):
            said += 1
            continue
        kept.append(row)
    return tuple(kept), said


def _before(context: Context, found: Found, base: CodeFacts | None) -> tuple[Access, ...]:
    """The matches of the base revision: those of a file that is the same are the same, so only the others are run."""
    from lints.rows import CodeFacts

    if context.base is None:
        return ()
    same = found.digests
    now = {row["path"] for row in found.rows}
    gone = set(context.base.paths()) - set(found.digests)
    try:
        then = find(
            context.base, context.policy,
            only=lambda path, digest: same.get(path) != digest and (path in now or path in gone),
        )  # fmt: skip
    except (GateError, UndecidedError):
        return ()  # then everything is of this change
    alike = tuple(row for row in found.rows if then.digests.get(row["path"]) == same.get(row["path"]))
    kept, _ = _own(replace(then, rows=(*alike, *then.rows)), base or CodeFacts(), context.policy)
    return _accesses(kept)


def _accesses(rows: Sequence[Row]) -> tuple[Access, ...]:
    """Matches in the terms of the lint. What is not known to read only counts as a write."""
    from lints.rows import Access

    return tuple(
        Access(
            path=row["path"], line=row["line"], column=row["col"], end_line=row["end_line"], end_column=row["end_col"],
            snippet="", language="", operation="pattern", table="", tables=(), verdict="violation", rule=row["rule"],
            why=row["message"], owned_because=None, assumptions=(), fingerprint=row["fingerprint"],
            statement=row["statement"], path_class="source", confidence="likely", call=None, carrier=None,
            function=None, tenant_parameter=None, tenant_ignored=False, variants=1, sql="", first_line=row["line"],
        )
        for row in rows
    )  # fmt: skip
