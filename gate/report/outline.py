"""What a person is told and in which order; the words that the text, Markdown and HTML reports share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from gate.model import (
    Aside,
    Clock,
    ControlResult,
    Decision,
    Outcome,
    Severity,
    Stage,
    Verdict,
    Violation,
    WaiverState,
    WaiverUse,
)

SOON = timedelta(days=14)
"""How long before it runs out a clock is pointed out, if more than half of its time is used."""

_WORK = {Stage.CHECK: "the change to", Stage.RELEASE: "the release of", Stage.GA: "general availability of"}
_SAYS = {
    (Stage.CHECK, Verdict.ALLOWED): "may be merged",
    (Stage.CHECK, Verdict.BLOCKED): "must not be merged",
    (Stage.CHECK, Verdict.UNDECIDED): "must not be merged before it can be judged",
    (Stage.RELEASE, Verdict.ALLOWED): "may go out",
    (Stage.RELEASE, Verdict.BLOCKED): "must not go out",
    (Stage.RELEASE, Verdict.UNDECIDED): "must not go out before it can be judged",
    (Stage.GA, Verdict.ALLOWED): "may be claimed",
    (Stage.GA, Verdict.BLOCKED): "must not be claimed",
    (Stage.GA, Verdict.UNDECIDED): "must not be claimed before it can be judged",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """The results by what a reader has to do about them; every result is in exactly one of the first five.

    `waived` are single findings, because a control may have waived and open ones at once.
    """

    failing: tuple[ControlResult, ...]
    unjudged: tuple[ControlResult, ...]
    warning: tuple[ControlResult, ...]
    announced: tuple[ControlResult, ...]
    settled: tuple[ControlResult, ...]
    waived: tuple[tuple[ControlResult, Violation], ...]
    aside: tuple[tuple[ControlResult, Violation], ...]
    """What no waiver but a comment, the baseline or the base revision sets aside."""
    waiver_problems: tuple[WaiverUse, ...]
    running_out: tuple[Clock, ...]

    @property
    def blocking(self) -> tuple[ControlResult, ...]:
        return self.failing + self.unjudged


def outline(decision: Decision) -> Outline:
    """Sort the results: what blocks first, and within it what is fixed soonest (fewest findings)."""

    def pick(
        *, blocks: bool, outcomes: tuple[Outcome, ...], level: Severity | None = None
    ) -> tuple[ControlResult, ...]:
        picked = [r for r in decision.results if r.outcome in outcomes and (r.blocks if blocks else r.level is level)]
        return tuple(sorted(picked, key=lambda r: (len(r.open_violations), r.control.id)))

    bad = (Outcome.FAIL, Outcome.UNKNOWN)
    problems = [u for u in decision.waivers if u.state is not WaiverState.ACTIVE]
    order = [WaiverState.EXPIRED, WaiverState.PENDING, WaiverState.EXPIRING, WaiverState.ORPHANED]
    return Outline(
        failing=pick(blocks=True, outcomes=(Outcome.FAIL,)),
        unjudged=pick(blocks=True, outcomes=(Outcome.UNKNOWN,)),
        warning=pick(blocks=False, outcomes=bad, level=Severity.WARN),
        announced=pick(blocks=False, outcomes=bad, level=None),
        settled=tuple(
            sorted((r for r in decision.results if r.outcome not in bad), key=lambda r: (r.outcome, r.control.id))
        ),
        waived=tuple(
            (r, v) for r in sorted(decision.results, key=lambda r: r.control.id) for v in r.violations if v.waiver
        ),
        aside=tuple(
            (r, v)
            for r in sorted(decision.results, key=lambda r: r.control.id)
            for v in r.violations
            if v.aside is not None and v.waiver is None
        ),
        waiver_problems=tuple(sorted(problems, key=lambda u: (order.index(u.state), u.waiver.expires, u.waiver.id))),
        running_out=tuple(c for c in clocks(decision) if is_soon(c, decision.as_of)),
    )


def clocks(decision: Decision) -> tuple[Clock, ...]:
    """All clocks, those that ran out or run out first before the others."""
    return tuple(sorted(decision.clocks, key=lambda c: (c.since is not None, c.due, c.control, c.subject)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """A tenant of the policy's map: whom the decision is about."""

    name: str
    plan: str
    packs: tuple[str, ...]


def tenants(decision: Decision) -> tuple[Tenant, ...]:
    """The tenants that the policy declares, from the map as evidence; none without a map."""
    rows = [row for e in decision.evidence if e.kind == "tenant_plan" for row in e.rows if "tenantid" in row]
    return tuple(
        Tenant(name=str(row["tenantid"]), plan=str(row["plan"]), packs=tuple(map(str, row["packs"]))) for row in rows
    )


def tenants_line(decision: Decision) -> str | None:
    """`3 tenants by the policy's map: 1 on enterprise (finops, revops), 2 on free (no pack)`; raw; None without."""
    found = tenants(decision)
    if not found:
        return None
    plans = {t.plan: t.packs for t in found}
    number = Counter(t.plan for t in found)
    parts = []
    for plan, packs in sorted(plans.items()):
        names = [t.name for t in found if t.plan == plan]
        shown = ", ".join(names[:5]) + (f" and {len(names) - 5:,} more" if len(names) > 5 else "")
        parts.append(f"{number[plan]:,} on {plan} ({shown}: {', '.join(packs) or 'no pack of its own'})")
    return f"{count(len(found), 'tenant')} in the policy's map: {'; '.join(parts)}"


def prose(text: str) -> str:
    """Text that people wrote over several lines of YAML, as one paragraph."""
    return " ".join(text.split())


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def count(number: int, noun: str, plural: str | None = None) -> str:
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def subject_line(decision: Decision) -> str:
    """`the release of summit-internal 1.4.0`; raw, to be escaped by the renderer."""
    version = f" {decision.subject.version}" if decision.subject.version else ""
    return f"{_WORK[decision.stage]} {decision.subject.project}{version}"


def ruling(decision: Decision) -> str:
    """What the verdict means for the subject, as the end of the sentence that `subject_line` starts."""
    if is_rehearsal(decision):
        return "would pass, but must not proceed on a time set by hand"
    return _SAYS[decision.stage, decision.verdict]


def is_rehearsal(decision: Decision) -> bool:
    """Whether it reads "allowed" and yet lets nothing through, because its clock was not the real one."""
    return decision.verdict is Verdict.ALLOWED and decision.exit_code != 0


def tally(decision: Decision) -> str:
    """What came of the controls in words, the blocking ones first."""
    view, results = outline(decision), decision.results
    if not results:
        return "no control was asked"
    parts = []
    if view.failing:
        parts.append(f"{count(len(view.failing), 'control')} {'blocks' if len(view.failing) == 1 else 'block'}")
    if view.unjudged:
        parts.append(f"{len(view.unjudged):,} could not be judged, which blocks too")
    if view.warning:
        parts.append(count(len(view.warning), "warning"))
    if view.announced:
        parts.append(f"{len(view.announced):,} will fail once in force")
    by = Counter(r.outcome for r in results)
    for word, number in Counter(level_word(r) for r in results if r.outcome is Outcome.WAIVED).items():
        parts.append(f"{number:,} {word}")
    parts.append(f"{by[Outcome.PASS]:,} of {count(len(results), 'control')} passed")
    return ", ".join(parts)


def not_releasable(decision: Decision) -> str | None:
    """Why a clock set by hand matters, or None."""
    if not decision.as_of_overridden:
        return None
    return f"judged as of {stamp(decision.as_of)}, a time set by hand: not releasable"


def stamp(moment: datetime) -> str:
    """`2026-11-21 18:04:05 UTC`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def day(moment: datetime) -> str:
    return moment.astimezone(UTC).date().isoformat()


def _span(delta: timedelta) -> str:
    if delta < timedelta(hours=48):
        hours = delta // timedelta(hours=1)
        return count(hours, "hour") if hours else "less than an hour"
    return count(delta // timedelta(days=1), "day")


def clock_words(clock: Clock, as_of: datetime) -> str:
    """`fresh until 2026-12-01 (10 days left)`, `stale since …`, `never happened; was due …`."""
    if clock.since is None:
        return f"never happened; {'was' if clock.due <= as_of else 'is'} due {day(clock.due)}"
    if clock.due < as_of:
        return f"stale since {day(clock.due)} ({_span(as_of - clock.due)} ago); last {day(clock.since)}"
    return f"fresh until {day(clock.due)} ({_span(clock.due - as_of)} left); last {day(clock.since)}"


def is_soon(clock: Clock, as_of: datetime) -> bool:
    """Whether somebody should act: it never happened, or its end is near or past."""
    if clock.since is None:
        return True
    left = clock.due - as_of
    return left <= SOON and left * 2 < clock.due - clock.since


def days_left(expires: date, as_of: datetime) -> int:
    """Days after today on which a waiver still holds; 0: today is the last; negative: it is over."""
    return (expires - as_of.astimezone(UTC).date()).days


def until(use: WaiverUse, as_of: datetime) -> str:
    """`until 2026-12-01 (10 days left)`."""
    left = days_left(use.waiver.expires, as_of)
    if left < 0:
        return f"expired {use.waiver.expires} ({count(-left, 'day')} ago)"
    return f"until {use.waiver.expires} ({'last day' if left == 0 else count(left, 'day') + ' left'})"


def waiver_problem(use: WaiverUse, as_of: datetime) -> str:
    """What is wrong with a waiver, as a sentence without its id. Raw: it may quote the control's id."""
    waiver, finds = use.waiver, count(use.covers, "finding")
    match use.state:
        case WaiverState.EXPIRED if use.covers == 0:
            return f"{until(use, as_of)}, covers nothing of {waiver.control}: remove it"
        case WaiverState.EXPIRED:
            return f"{until(use, as_of)}: {finds} of {waiver.control} will block a release"
        case WaiverState.PENDING:
            return f"created {waiver.created}, in the future: does not hold for {waiver.control} yet"
        case WaiverState.ORPHANED:
            return f"covers nothing of {waiver.control}: remove it"
        case _:
            return f"covers {finds} of {waiver.control} {until(use, as_of)}"


_MEASURED = frozenset(
    {
        "judged",
        "proven",
        "weak",
        "violation",
        "opaque",
        "unparsed",
        "files_analysed",
        "files_not_analysed",
        "files_partial",
    }
)
_ASIDE = {
    Aside.SUPPRESSED: ("by a tenant-ok comment", "by tenant-ok comments"),
    Aside.BASELINE: ("in the baseline", "in the baseline"),
    Aside.EARLIER: ("in the base revision too", "in the base revision too"),
}


def aside_line(view: Outline) -> str | None:
    """How many findings are there and do not count, and why: `2 by tenant-ok comments, 31 in the baseline`; or None."""
    tally = Counter(v.aside for _, v in view.aside)
    parts = [f"{tally[kind]:,} {words[tally[kind] != 1]}" for kind, words in _ASIDE.items() if tally[kind]]
    return ", ".join(parts) or None


def alike(violations: Sequence[Violation]) -> tuple[tuple[Violation, tuple[Violation, ...]], ...]:
    """Findings of one control, those on the same table in the same file together: the first, and the others."""
    groups: dict[tuple[str, ...], list[Violation]] = {}
    for violation in violations:
        table = violation.details.get("table_name")
        known = (violation.location.path, str(table), violation.tenant or "")
        groups.setdefault(known if table else (violation.fingerprint, str(id(violation))), []).append(violation)
    return tuple((first, tuple(others)) for first, *others in groups.values())


def more_like_this(others: Sequence[Violation]) -> str:
    """`3 more like this in this file: lines 41, 77 and 102`."""
    places = [str(v.location.line) for v in others[:12]]
    if len(others) > 12:
        places.append(f"{len(others) - 12:,} more")
    lines = " and ".join([", ".join(places[:-1]), places[-1]] if len(places) > 1 else places)
    return f"{len(others):,} more like this in this file: line{'' if len(others) == 1 else 's'} {lines}"


def measurements(decision: Decision) -> Mapping[str, int]:
    """The counts of the lint's coverage (the evidence kind `coverage`); empty without a lint."""
    return next((e.coverage.numbers for e in decision.evidence if e.kind == "coverage"), {})


def lint_line(decision: Decision) -> str | None:
    """What the lint understood, in one sentence, which says what "no finding" is worth; None without a lint."""
    found = measurements(decision)
    if not found.keys() >= _MEASURED:
        return None
    judged = found["judged"]
    share = f" ({100 * found['proven'] // judged} %)" if judged else ""
    verdicts = [
        ("weak", "weak"),
        ("violation", "not isolated"),
        ("opaque", "out of sight"),
        ("unparsed", "not understood"),
        ("unclassified", "on unclassified tables"),
    ]
    rest = "".join(f", {found[name]:,} {word}" for name, word in verdicts if found.get(name))
    files = f"{count(found['files_analysed'], 'file')} read"
    if found["files_not_analysed"]:
        files += f", {found['files_not_analysed']:,} not analysed"
    if found["files_partial"]:
        files += f", {found['files_partial']:,} in part"
    tables = "tenants' or unclassified tables" if found.get("unclassified") else "tenants' tables"
    return f"{found['proven']:,} of {count(judged, 'statement')} on {tables} proven{share}{rest}; {files}"


def scope(use: WaiverUse) -> str:
    """What narrows a waiver: `tenant acme, path src/**`."""
    waiver = use.waiver
    parts = {"finding": waiver.fingerprint, "path": waiver.path, "tenant": waiver.tenant}
    return ", ".join(f"{name} {value}" for name, value in parts.items() if value)


def level_word(result: ControlResult) -> str:
    """One word for a result, so that no meaning hangs on colour."""
    if result.outcome is Outcome.PASS:
        return "passed"
    if result.outcome is Outcome.WAIVED:
        return "waived" if any(v.waiver for v in result.violations) else "set aside"
    if result.blocks:
        return "blocks" if result.outcome is Outcome.FAIL else "unknown"
    if result.level is Severity.WARN:
        return "warning"
    return "announced"


def in_force(result: ControlResult) -> str | None:
    """From when a failing control that does not block yet will, or None."""
    control = result.control
    if result.level is None and control.warn_from:
        return f"warns from {control.warn_from}" + (f", blocks from {control.block_from}" if control.block_from else "")
    if result.level is Severity.WARN and control.severity is Severity.BLOCK and control.block_from:
        return f"blocks from {control.block_from}"
    return None


def coverage_line(decision: Decision) -> str:
    """How much evidence there was: `5 kinds of evidence, 131 records from 12 files; 2 places could not be read`."""
    records = sum(len(e.rows) for e in decision.evidence)
    materials = {(m.name, m.sha256) for e in decision.evidence for m in e.materials}
    unread = sum(len(e.coverage.unread) for e in decision.evidence)
    kinds = count(len(decision.evidence), "kind of evidence", "kinds of evidence")
    line = f"{kinds}, {count(records, 'record')} from {count(len(materials), 'source')}"
    return line + (f"; {count(unread, 'place')} could not be read" if unread else "")


def numbers(pairs: Iterable[tuple[str, int]]) -> str:
    """`files: 412, statements: 1,034`; raw names."""
    return ", ".join(f"{name}: {value:,}" for name, value in pairs)
