"""Inline `tenant-ok` comments against the policy: which of them hold, what they set aside, and what is wrong with them.

A comment is content of the change that is judged, so it decides nothing by itself: which categories there are, how
long one of them may live and whether it may stand beside a write is the policy's (that of the base revision).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from gate.model import Policy, Row
from gate.reading import did_you_mean, parse_date, read_yaml
from gate.report.redact import redact

if TYPE_CHECKING:
    from lints.extract import Suppression
    from lints.rows import Access

BUILT_IN = "rules/tenancy/suppressions.yaml"
MIN_REASON = 10
NOBODYS_REQUEST = frozenset({"background-sweep", "migration"})
"""Categories that are right only while no request runs the statement."""
MAX_TEXT = 500
MAX_LINES_BEFORE = 20
_PIN = re.compile(r"[0-9a-f]{8,32}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """What the policy lets a category do: live for `days` at most, and stand beside `writes` or only beside reads.

    A suppression of a write names its statement (`stmt=`), so that another one in its place is judged anew.
    """

    days: int
    writes: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A comment as judged. `covers` are indexes of the findings it sets aside, `problems` pairs of rule and reason."""

    comment: Suppression
    covers: tuple[int, ...] = ()
    problems: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _At:
    """What stands at the place of a comment, by index: findings, and statements with nothing to set aside."""

    findings: list[int] = field(default_factory=list)
    quiet: list[int] = field(default_factory=list)


def categories(policy: Policy) -> Mapping[str, Category]:
    """The policy's own list, or where it has none the one of the tenancy pack. No list: no category."""
    listed = policy.config.get("source", {}).get("suppressions")
    if listed is None:
        data = policy.files.get(BUILT_IN)
        listed = {} if data is None else read_yaml(data, BUILT_IN).value
    return {
        name: Category(days=item["days"], writes=item.get("writes", False)) for name, item in listed.items()
    }  # fmt: skip


def judge(
    comments: Sequence[Suppression],
    accesses: Sequence[Access],
    allowed: Mapping[str, Category],
    today: date,
    unjudged: Iterable[str],
) -> tuple[Judged, ...]:
    """Judge the comments of a tree against what was found in it. `unjudged` are path classes that no control asks."""
    quiet = frozenset(unjudged)
    by_line = _by_line(accesses, {comment.path for comment in comments})
    taken: set[int] = set()
    out = []
    for comment in comments:
        at = _At()
        places = [by_line.get((comment.path, line), ()) for line in {comment.line, comment.covers_line}]
        for index in sorted({index for place in places for index in place}):
            nothing = accesses[index].verdict == "proven" or accesses[index].path_class in quiet
            (at.quiet if nothing else at.findings).append(index)
        judged = _judge(comment, at, accesses, allowed, today)
        # A finding is set aside once; of two comments on one statement the second one is redundant.
        fresh = tuple(index for index in judged.covers if index not in taken)
        if judged.covers and not fresh:
            judged = replace(judged, problems=(*judged.problems, ("TENSUP004", "another comment sets it aside")))
        taken.update(fresh)
        out.append(replace(judged, covers=fresh))
    return tuple(out)


def _by_line(accesses: Sequence[Access], paths: Collection[str]) -> Mapping[tuple[str, int], Sequence[int]]:
    """Which statements stand on a line: from the call that they are handed to, if it is near, to their own end."""
    found: dict[tuple[str, int], list[int]] = {}
    for index, access in enumerate(accesses):
        if access.path in paths:
            first = max(access.first_line or access.line, access.line - MAX_LINES_BEFORE)
            for number in range(first, access.end_line + 1):
                found.setdefault((access.path, number), []).append(index)
    return found


def _judge(
    comment: Suppression, at: _At, accesses: Sequence[Access], allowed: Mapping[str, Category], today: date
) -> Judged:
    from lints.effects import writes

    problems = list(_said(comment, allowed, today))
    category = None if problems else allowed.get(comment.category or "")
    pinned = at.findings
    if comment.stmt is not None:
        if _PIN.fullmatch(comment.stmt) is None:
            problems.append(("TENSUP005", f"stmt={comment.stmt} is no digest: write 8 to 32 hex digits"))
            pinned = []
        else:
            pinned = [i for i in at.findings if accesses[i].statement.startswith(comment.stmt)]
            meant = any(accesses[i].statement.startswith(comment.stmt) for i in at.quiet)
            if at.findings and not pinned and not meant:
                problems.append(
                    ("TENSUP005", f"the statement is another one now: stmt={_pin(accesses[at.findings[0]])}")
                )
    covers = []
    unpinned: dict[str, None] = {}
    for index in pinned if category is not None else ():
        access = accesses[index]
        if comment.category in NOBODYS_REQUEST and access.reached is not None:
            problems.append(("TENSUP009", f"{comment.category} is for what no request starts, but {access.reached}"))
        elif not writes(access.operation, access.rule):
            covers.append(index)
        elif category is not None and not category.writes:
            why = f"{comment.category} is for reads, and this is {access.operation or 'not certainly one'}"
            problems.append(("TENSUP007", f"{why} ({access.rule or access.verdict})"))
        elif comment.stmt is None:
            unpinned[_pin(access)] = None
        else:
            covers.append(index)
    if unpinned:
        problems.append(("TENSUP005", f"beside a write it names its statement: add stmt={next(iter(unpinned))}"))
    if not at.findings:
        if at.quiet:
            problems.append(("TENSUP004", "the statement needs none: nothing is found in it"))
        else:
            problems.append(("TENSUP006", "there is no statement on a tenant's table at this place"))
    return Judged(comment=comment, covers=tuple(covers), problems=tuple(dict.fromkeys(problems)))


def _said(comment: Suppression, allowed: Mapping[str, Category], today: date) -> Iterable[tuple[str, str]]:
    """What is wrong with the comment itself; any of it makes it void."""
    if comment.reason is None or len(comment.reason.strip()) < MIN_REASON:
        yield "TENSUP001", f'it gives no reason: add reason="…" of {MIN_REASON} characters or more'
    if comment.owner is None:
        yield "TENSUP001", "nobody answers for it: add owner=@…"
    category = allowed.get(comment.category or "")
    if category is None:
        known = f"; the policy has {', '.join(sorted(allowed)) or 'none'}"
        said = (
            f"no category {comment.category!r}{did_you_mean(comment.category, list(allowed))}"
            if comment.category
            else "no category"
        )
        yield "TENSUP002", said + known
    if comment.until is None:
        yield (
            "TENSUP003",
            f"it has no end: add until={today + timedelta(days=category.days if category else 30)} or sooner",
        )
        return
    try:
        until = parse_date(comment.until)
    except ValueError:
        yield "TENSUP003", f"until={comment.until[:40]} is no date: write YYYY-MM-DD"
        return
    if until < today:
        yield "TENSUP003", f"it ended on {until}"
    elif category is not None and until > today + timedelta(days=category.days):
        last = today + timedelta(days=category.days)
        yield (
            "TENSUP003",
            f"{comment.category} may live {category.days} days, until {last} at most, and it says {until}",
        )


def _pin(access: Access) -> str:
    return access.statement[:8]


def because(comment: Suppression) -> str:
    """Why a finding is set aside, in one clause."""
    return redact(
        f"tenant-ok {comment.category} until {comment.until}, {comment.owner}: {comment.reason}"
        f" ({comment.path}:{comment.line})"
    )


def identity(comment: Suppression) -> tuple[str | None, ...]:
    """What makes two comments the same one, wherever it stands in its file."""
    return (comment.path, comment.category, comment.until, comment.reason, comment.owner, comment.stmt)


def row(judged: Judged, *, new: bool | None, earlier: Iterable[tuple[str, str]]) -> Row:
    """A comment as evidence. `new`: it came with the change; `earlier` are problems it had in the base revision."""
    comment, known = judged.comment, frozenset(earlier)
    return {
        name: value
        for name, value in {
            "path": comment.path, "line": comment.line, "category": _text(comment.category),
            "until": _text(comment.until), "reason": _text(comment.reason), "owner": _text(comment.owner),
            "stmt": _text(comment.stmt), "covers": len(judged.covers), "came_with_change": new,
            "problems": [
                {"rule": rule, "why": why, **({"aside": "earlier"} if (rule, why) in known else {})}
                for rule, why in judged.problems
            ],
        }.items()
        if value is not None
    }  # fmt: skip


def _text(text: str | None) -> str | None:
    return redact(text[:MAX_TEXT]) or None if text is not None else None
