"""Markdown for a step summary, a pull request comment, a chat or a ticket; pure Markdown but for the marker comment.

Long reports are cut by whole findings, never in the middle of one, and say what is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from gate.model import Aside, ControlResult, Decision, Location, Outcome, Violation
from gate.report import outline as words
from gate.report import panels as figures
from gate.report.escape import line, lines, markdown, markdown_block, markdown_code, place
from gate.report.snippet import excerpt

if TYPE_CHECKING:
    from gate.panels import Drawn

MARKER = "<!-- gate:sticky:v1 -->"
"""First line of each report: by it a later run finds its comment and replaces it."""
SUMMARY_BYTES = 900 * 1024
"""GitHub refuses the whole step summary above 1 MiB."""
COMMENT_CHARACTERS = 60_000
"""GitHub's comments end at 65,536 characters."""

_LIMIT = 1200
_PER_CONTROL = 20
_ITEM = "\n"


def render(decision: Decision, drawn: Sequence[Drawn] = ()) -> str:
    """For `GITHUB_STEP_SUMMARY` and files: at most 900 KiB of UTF-8."""
    return _fitted(decision, drawn, lambda text: len(text.encode()), SUMMARY_BYTES)


def render_comment(decision: Decision) -> str:
    """For a comment on a pull request: at most 60,000 characters."""
    return _fitted(decision, (), len, COMMENT_CHARACTERS)


def _fitted(decision: Decision, drawn: Sequence[Drawn], size: Callable[[str], int], room: int) -> str:
    """As many whole blocks as fit, the most important first, and a last line that counts the others."""
    blocks = list(_blocks(decision, drawn))
    room -= 200
    kept: list[str] = []
    for index, block in enumerate(blocks):
        room -= size(block) + 2
        if room < 0:
            left = len(blocks) - index
            kept.append(f"**… {words.count(left, 'more part')} left out for length: see the JSON or HTML report.**")
            break
        kept.append(block)
    text = kept[0]
    for before, block in pairwise(kept):
        # Items of one list stand close together; everything else is set apart.
        text += ("\n" if before.startswith("- ") and block.startswith("- ") else "\n\n") + block
    return text + "\n"


def _blocks(decision: Decision, drawn: Sequence[Drawn]) -> Iterator[str]:
    view = words.outline(decision)
    yield MARKER
    yield from _verdict(decision)
    if view.blocking:
        yield "### What blocks"
        for result in view.blocking:
            yield from _control(result)
    if view.warning:
        yield "### Warnings"
        for result in view.warning:
            yield from _control(result)
    if view.announced:
        yield "### Announced, not in force yet"
        yield _ITEM.join(
            f"- {markdown_code(r.control.id, 60)} {markdown(words.prose(r.control.title), 300)}"
            f" ({words.in_force(r) or 'no date set'})"
            for r in view.announced
        )
    if view.waived:
        yield "### Waived, still there"
        uses = {use.waiver.id: use for use in decision.waivers}
        for result, violation in view.waived:
            use = uses.get(violation.waiver or "")
            by = f"- {markdown_code(result.control.id, 60)} {_where(violation.location)}: {_message(violation)}"
            by += f"; waived by {markdown_code(violation.waiver or '', 60)}"
            if use is not None:
                by += f" {words.until(use, decision.as_of)}, owner {markdown_code(use.waiver.owner, 80)}:"
                by += f" {markdown(words.prose(use.waiver.reason), 400)}"
            yield by
    if view.waiver_problems:
        yield "### Waivers that need attention"
        yield _ITEM.join(
            f"- {markdown_code(u.waiver.id, 60)} {markdown(words.waiver_problem(u, decision.as_of), 300)};"
            f" owner {markdown_code(u.waiver.owner, 80)}, {_where(u.waiver.source)}"
            for u in view.waiver_problems
        )
    yield from _aside(view)
    yield from _clocks(decision, view)
    yield from _panels(drawn)
    yield from _controls(decision)
    yield from _evidence(decision)
    if decision.not_checked:
        yield "### Not checked"
        yield _ITEM.join(f"- {markdown(text, 400)}" for text in decision.not_checked[:50])


def _verdict(decision: Decision) -> Iterator[str]:
    says = words.capital(f"{markdown(words.subject_line(decision), 200)} {words.ruling(decision)}")
    yield f"## Gate: {decision.verdict.value.upper()}"
    yield f"**{says}.** {words.capital(words.tally(decision))}."
    if doubt := words.not_releasable(decision):
        yield f"**Attention: {doubt}.**"
    facts = {
        "Commit": decision.subject.commit or "none",
        "Policy": f"{decision.policy_version} (sha256:{decision.policy_digest}), from {decision.policy_origin}",
        "Judged as of": words.stamp(decision.as_of) + (" (set by hand)" if decision.as_of_overridden else ""),
        "Pipeline": decision.pipeline_id,
        "Gate": decision.tool_version,
        **{f"Artifact {n}": f"{a.name} sha256:{a.sha256}" for n, a in enumerate(decision.subject.artifacts[:20], 1)},
    }
    yield _ITEM.join(
        [
            "| | |",
            "|---|---|",
            *(f"| {name} | {markdown_code(value, 300, cell=True)} |" for name, value in facts.items()),
        ]
    )


def _control(result: ControlResult) -> Iterator[str]:
    """The heading with why, fix and owner first, so that a cut never separates a finding from its remedy."""
    control = result.control
    word = "could not be judged" if result.outcome is Outcome.UNKNOWN else words.level_word(result)
    yield f"#### {markdown_code(control.id, 60)} {markdown(words.prose(control.title), 300)} ({word})"
    facts = [
        ("Why", markdown(words.prose(control.why), _LIMIT)),
        ("Fix", "; ".join(markdown_code(part) for part in lines(control.fix, _LIMIT))),
        ("Owner", markdown_code(control.owner, 200)),
        ("In force", words.in_force(result) or ""),
    ]
    yield "\\\n".join(f"**{name}:** {text}" for name, text in facts if text)
    reasons = result.reasons or (("no reason was given",) if result.outcome is Outcome.UNKNOWN else ())
    for reason in reasons[:_PER_CONTROL]:
        yield f"- not seen: {markdown(reason, _LIMIT)}"
    if (more := len(reasons) - _PER_CONTROL) > 0:
        yield f"- … and {more:,} more reasons: see the JSON report"
    groups = words.alike(result.open_violations)
    for violation, others in groups[:_PER_CONTROL]:
        yield _finding(violation, others)
    if (more := sum(1 + len(others) for _, others in groups[_PER_CONTROL:])) > 0:
        yield f"- … and {more:,} more findings of {markdown_code(control.id, 60)}: see the JSON report"


def _aside(view: words.Outline) -> Iterator[str]:
    if (counted := words.aside_line(view)) is None:
        return
    yield "### Set aside, still there"
    yield f"{words.capital(counted)}."
    for result, violation in [(r, v) for r, v in view.aside if v.aside is Aside.SUPPRESSED][:50]:
        yield (
            f"- {markdown_code(result.control.id, 60)} {_where(violation.location)}: {_message(violation)};"
            f" {markdown(violation.because or '', 400)}"
        )


def _finding(violation: Violation, others: tuple[Violation, ...]) -> str:
    tenant = f" (tenant {markdown_code(violation.tenant, 100)})" if violation.tenant else ""
    tenant += f"; {words.more_like_this(others)}" if others else ""
    text = f"- {_where(violation.location)}: {_message(violation)}{tenant}"
    shown = excerpt(violation.location, width=110)
    if shown is None:
        return text
    block = [shown.lines[0][1]]
    if shown.mark is not None:
        block.append(" " * shown.mark[0] + "^" * shown.mark[1])
    block += [later for _, later in shown.lines[1:]]
    return text + "\n" + "\n".join(f"  {part}".rstrip() for part in markdown_block(block).split("\n"))


def _message(violation: Violation) -> str:
    return markdown(violation.message, _LIMIT)


def _where(location: Location) -> str:
    return markdown_code(place(location, 300))


def _clocks(decision: Decision, view: words.Outline) -> Iterator[str]:
    if view.running_out:
        yield "### Running out"
        yield _ITEM.join(
            f"- {markdown_code(c.control, 60)} {markdown(c.subject, 200)}: {words.clock_words(c, decision.as_of)}"
            for c in view.running_out
        )


def _panels(drawn: Sequence[Drawn]) -> Iterator[str]:
    """A table a panel; the panels of a pack together."""
    if not drawn:
        return
    yield "### Panels"
    yield f"{words.capital(figures.tally(drawn))}. They inform; they decide nothing."
    for pack, items in figures.by_pack(drawn):
        yield f"#### {markdown_code(pack, 80)}"
        for item in items:
            yield _panel(item)


def _panel(drawn: Drawn) -> str:
    target = figures.target_of(drawn.panel)
    aim = f"; target {markdown(target, 120)}" if target else ""
    head = f"**{markdown(drawn.panel.title, 120)}** ({figures.state(drawn)}{aim})"
    if drawn.reason is not None:
        return f"{head}\\\nnot drawn: {markdown(drawn.reason, 300)}"
    columns = figures.columns(drawn)
    marks = ["---" if unit in ("text", "yes_no", "time") else "---:" for _, unit in columns]
    rows = [
        f"| {' | '.join(markdown(figures.value_text(row[name], unit), 120) for name, unit in columns)} |"
        for row in drawn.rows[:_PER_CONTROL]
    ]
    left = len(drawn.rows) - _PER_CONTROL + drawn.beyond
    below = [*([f"… and {left:,} more rows: see the JSON document."] if left > 0 else []),
             *(f"{words.capital(markdown(note, 300))}." for note in drawn.notes)]  # fmt: skip
    names = " | ".join(markdown(figures.heading(name), 60) for name, _ in columns)
    table = _ITEM.join([f"| {names} |", f"|{'|'.join(marks)}|", *rows])
    return "\n\n".join([head, table, *below])


def _controls(decision: Decision) -> Iterator[str]:
    if not decision.results:
        return
    yield "### All controls"
    rows = [
        f"| {markdown_code(r.control.id, 60, cell=True)} | {markdown(words.prose(r.control.title), 200)}"
        f" | {words.level_word(r)} | {len(r.violations):,} |"
        for r in sorted(decision.results, key=lambda r: r.control.id)
    ]
    yield _ITEM.join(["| Control | What holds when it passes | Outcome | Findings |", "|---|---|---|---:|", *rows])


def _evidence(decision: Decision) -> Iterator[str]:
    yield f"### Evidence: {words.coverage_line(decision)}"
    if (said := words.lint_line(decision)) is not None:
        yield f"Lint: {said}."
    if (said := words.tenants_line(decision)) is not None:
        yield f"Judged: {markdown(said, 2000)}."
    rows = []
    for evidence in decision.evidence:
        scope = markdown(evidence.coverage.scope, 200)
        counts = markdown(words.numbers(sorted(evidence.coverage.numbers.items())), 200)
        rows.append(f"| {markdown_code(evidence.kind, 60, cell=True)} | {len(evidence.rows):,} | {scope} | {counts} |")
    if rows:
        yield _ITEM.join(["| Kind | Records | Scope | Counts |", "|---|---:|---|---|", *rows])
    unread = [u for e in decision.evidence for u in e.coverage.unread]
    if unread:
        yield _ITEM.join(
            f"- not read: {markdown_code(f'{line(u.path, 300)}:{u.line}')} {markdown(u.reason, 300)}"
            for u in unread[:_PER_CONTROL]
        )
    if (more := len(unread) - _PER_CONTROL) > 0:
        yield f"… and {more:,} more that could not be read: see the JSON report."
