"""The report for people at a terminal or in a CI log: the verdict in words, then what to do about it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from textwrap import wrap
from typing import TYPE_CHECKING

from gate.model import Aside, ControlResult, Decision, Location, Outcome, Violation
from gate.report import outline as words
from gate.report import panels as figures
from gate.report.escape import COMMAND_AT_START, line, lines, place, relative_uri
from gate.report.snippet import excerpt

if TYPE_CHECKING:
    from gate.panels import Drawn


class Verbosity(StrEnum):
    """QUIET is the verdict and what blocks; VERBOSE shows every control, clock and piece of evidence."""

    QUIET = "quiet"
    NORMAL = "normal"
    VERBOSE = "verbose"


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How text is shown. `width` is in cells; `link_base` (a URL ending in `/`) turns paths into OSC 8 hyperlinks."""

    colour: bool = False
    width: int = 100
    verbosity: Verbosity = Verbosity.NORMAL
    link_base: str | None = None
    everything: bool = False
    """Also each finding that is set aside by the baseline or the base revision."""


PLAIN = Style()

_MESSAGE_LIMIT = 1200
_PER_CONTROL = {Verbosity.QUIET: 3, Verbosity.NORMAL: 5, Verbosity.VERBOSE: 50}
_PER_LIST = {Verbosity.QUIET: 0, Verbosity.NORMAL: 8, Verbosity.VERBOSE: 200}
_COLOURS = {
    "ALLOWED": "1;32",
    "BLOCKED": "1;31",
    "UNDECIDED": "1;35",
    "error": "1;31",
    "unknown": "1;35",
    "warning": "1;33",
    "note": "1;36",
    "mark": "1;31",
    "bold": "1",
    "dim": "2",
}


def render(decision: Decision, drawn: Sequence[Drawn] = (), *, style: Style = PLAIN) -> str:
    """The decision as text; every line of it is safe to print to a terminal or a CI log."""
    return "\n".join(_lines(decision, drawn, style)) + "\n"


def _lines(decision: Decision, drawn: Sequence[Drawn], style: Style) -> Iterator[str]:
    view = words.outline(decision)
    quiet = style.verbosity is Verbosity.QUIET
    yield from _verdict(decision, style)
    for result in view.failing:
        yield from _finding(result, "error", style)
    yield from _unjudged(view.unjudged, "unknown", style)
    if quiet:
        return
    for result in view.warning:
        if result.outcome is not Outcome.UNKNOWN:
            yield from _finding(result, "warning", style)
    yield from _unjudged([r for r in view.warning if r.outcome is Outcome.UNKNOWN], "warning", style)
    yield from _announced(view, style)
    yield from _waived(decision, view, style)
    yield from _waiver_problems(decision, view, style)
    yield from _aside(view, style)
    yield from _clocks(decision, view, style)
    yield from _panels(drawn, style)
    yield from _settled(view, style)
    yield from _evidence(decision, style)
    yield from _section("Not checked", [line(text, 300) for text in decision.not_checked], style)


def _verdict(decision: Decision, style: Style) -> Iterator[str]:
    word = decision.verdict.value.upper()
    subject = line(words.subject_line(decision), 200)
    doubt = " (time set by hand: not releasable)" if decision.as_of_overridden else ""
    if words.is_rehearsal(decision):
        doubt = " (not releasable)"
    policy = f"policy {line(decision.policy_version, 60)} ({line(decision.policy_digest, 64)[:12]}"
    stated = f"{_paint(word, word, style)}: {subject} {words.ruling(decision)}{doubt}."
    tally = f"{words.capital(words.tally(decision))}."
    if style.verbosity is Verbosity.QUIET:
        yield f"{stated} {tally} [{policy})]"
        return
    yield stated
    yield f"  {tally}"
    commit = f"commit {line(decision.subject.commit, 64)[:12]}" if decision.subject.commit else "no commit"
    clock = f"as of {words.stamp(decision.as_of)}" + (" SET BY HAND" if decision.as_of_overridden else "")
    pipeline = f"pipeline {line(decision.pipeline_id, 80)}, gate {line(decision.tool_version, 30)}"
    yield from _wrap(f"{commit}; {policy}, {_origin(decision)}); {clock}; {pipeline}", "  ", style, paint="dim")
    if decision.subject.artifacts and style.verbosity is Verbosity.VERBOSE:
        for artifact in decision.subject.artifacts:
            yield f"  artifact {line(artifact.name, 120)} sha256:{line(artifact.sha256, 64)}"


def _origin(decision: Decision) -> str:
    return re.sub(r"\b([0-9a-f]{12})[0-9a-f]{28,}\b", r"\1", f"from {line(decision.policy_origin, 100)}")


def _finding(result: ControlResult, word: str, style: Style) -> Iterator[str]:
    """One control: its title, its findings, and once at the end why it matters, how to fix it and who owns it."""
    control = result.control
    quiet = style.verbosity is Verbosity.QUIET
    yield ""
    head = _paint(f"{word}[{line(control.id, 40)}]", word, style)
    yield f"{head}: {_paint(line(words.prose(control.title), 300), 'bold', style)}"
    if not result.open_violations:
        yield f"  --> {_place(control.source, style)}"
    limit = _PER_CONTROL[style.verbosity]
    groups = words.alike(result.open_violations)
    for violation, others in groups[:limit]:
        yield from _violation(violation, others, style)
    if (more := sum(1 + len(others) for _, others in groups[limit:])) > 0:
        yield f"   = … and {more:,} more (see --output json)"
    doubt = "could not be judged" if result.outcome is Outcome.UNKNOWN else "not everything was seen"
    for reason in _capped(result.reasons, style):
        yield from _note(doubt, reason, style)
    if result.outcome is Outcome.UNKNOWN and not result.reasons:
        yield from _note(doubt, "no reason was given", style)
    if not quiet:
        yield from _note("why", words.prose(control.why), style)
    yield from _fix(control.fix)
    yield from _note("owner", control.owner, style)
    if (when := words.in_force(result)) is not None:
        yield from _note("in force", when, style)


def _unjudged(results: Sequence[ControlResult], word: str, style: Style) -> Iterator[str]:
    """Controls that can't be judged for exactly the same reasons belong together: one repair helps all of them."""
    groups: dict[tuple[str, ...] | str, list[ControlResult]] = {}
    for result in results:
        groups.setdefault(result.reasons or result.control.id, []).append(result)
    for first, *others in groups.values():
        yield from _finding(first, word, style)
        if others:
            ids = ", ".join(line(r.control.id, 40) for r in others)
            yield from _note("for the same reason", f"{ids} could not be judged either", style)


def _fix(text: str) -> Iterator[str]:
    """The fix is not wrapped: it is often a command that somebody copies."""
    lead = "   = fix: "
    for part in lines(text, _MESSAGE_LIMIT):
        yield lead + part
        lead = " " * len(lead)


def _violation(violation: Violation, others: tuple[Violation, ...], style: Style) -> Iterator[str]:
    yield f"  --> {_place(violation.location, style)}"
    shown = excerpt(violation.location, width=max(40, style.width - 8))
    if shown is not None:
        gutter = len(str(shown.lines[-1][0]))
        bar = _paint("|", "dim", style)
        yield f" {'':{gutter}} {bar}"
        for index, (number, text) in enumerate(shown.lines):
            yield f" {_paint(f'{number:>{gutter}}', 'dim', style)} {bar} {text}".rstrip()
            if index == 0 and shown.mark is not None:
                before, under = shown.mark
                yield f" {'':{gutter}} {bar} {' ' * before}{_paint('^' * under, 'mark', style)}"
        yield f" {'':{gutter}} {bar}"
    tenant = f" (tenant {violation.tenant})" if violation.tenant else ""
    yield from _wrap(line(violation.message + tenant, _MESSAGE_LIMIT), "   = ", style)
    if others:
        yield from _wrap(words.more_like_this(others), "   = ", style)


def _announced(view: words.Outline, style: Style) -> Iterator[str]:
    items = [
        f"{line(r.control.id, 40)} {line(words.prose(r.control.title), 200)}: "
        + (f"{words.count(len(r.open_violations), 'finding')}" if r.open_violations else "could not be judged")
        + (f"; {when}" if (when := words.in_force(r)) else "")
        for r in view.announced
    ]
    yield from _section("Announced, not in force yet", items, style)


def _waived(decision: Decision, view: words.Outline, style: Style) -> Iterator[str]:
    uses = {use.waiver.id: use for use in decision.waivers}
    items = []
    for result, violation in view.waived:
        use = uses.get(violation.waiver or "")
        by = f"waiver {line(violation.waiver or '', 60)}"
        if use is not None:
            reason = line(words.prose(use.waiver.reason), 300)
            by += f" {words.until(use, decision.as_of)}, {line(use.waiver.owner, 80)}: {reason}"
        message = line(violation.message, 300)
        items.append(f"{line(result.control.id, 40)} {_place(violation.location, style)} {message} [{by}]")
    yield from _section("Waived, still there", items, style)


def _aside(view: words.Outline, style: Style) -> Iterator[str]:
    """What a comment sets aside is always shown; the baseline and the base revision are counted unless asked for."""
    if (counted := words.aside_line(view)) is None:
        return
    shown = [(r, v) for r, v in view.aside if style.everything or v.aside is Aside.SUPPRESSED]
    hidden = "" if len(shown) == len(view.aside) else "; --all shows them"
    verbose = style.verbosity is Verbosity.VERBOSE
    items = [
        f"{line(r.control.id, 40)} {_place(v.location, style)}{f' {line(v.message, 300)}' if verbose else ''}"
        f" [{line(v.because or f'{v.aside}', 400)}]"
        for r, v in shown
    ]
    title = f"Set aside, still there: {counted}{hidden}"
    yield from _section(title, items, style, heading_alone=True, capped=not style.everything)


def _waiver_problems(decision: Decision, view: words.Outline, style: Style) -> Iterator[str]:
    items = [
        f"{line(u.waiver.id, 60)} {line(words.waiver_problem(u, decision.as_of), 200)};"
        f" owner {line(u.waiver.owner, 80)} ({_place(u.waiver.source, style)})"
        for u in view.waiver_problems
    ]
    yield from _section("Waivers that need attention", items, style)


def _clocks(decision: Decision, view: words.Outline, style: Style) -> Iterator[str]:
    shown = words.clocks(decision) if style.verbosity is Verbosity.VERBOSE else view.running_out
    items = [f"{line(c.control, 40)} {line(c.subject, 120)}: {words.clock_words(c, decision.as_of)}" for c in shown]
    yield from _section("Clocks" if style.verbosity is Verbosity.VERBOSE else "Running out", items, style)


def _settled(view: words.Outline, style: Style) -> Iterator[str]:
    if style.verbosity is Verbosity.VERBOSE:
        items = [
            f"{line(r.control.id, 40)} {words.level_word(r)}: {line(words.prose(r.control.title), 200)}"
            for r in view.settled
        ]
        yield from _section("Passed or waived", items, style)


def _evidence(decision: Decision, style: Style) -> Iterator[str]:
    unread = [
        f"not read: {line(u.path, 200)}:{u.line} {line(u.reason, 300)}"
        for e in decision.evidence
        for u in e.coverage.unread
    ]
    kinds = []
    if style.verbosity is Verbosity.VERBOSE:
        for evidence in decision.evidence:
            counts = line(words.numbers(sorted(evidence.coverage.numbers.items())), 300)
            scope = line(evidence.coverage.scope, 300)
            kinds.append(
                f"{line(evidence.kind, 60)}: {words.count(len(evidence.rows), 'record')}; {scope}"
                + (f" ({counts})" if counts else "")
            )
            kinds += [f"  {line(m.name, 200)} sha256:{line(m.sha256, 64)}" for m in evidence.materials]
    proven = [f"lint: {said}"] if (said := words.lint_line(decision)) is not None else []
    judged = [f"judged: {line(said, 2000)}"] if (said := words.tenants_line(decision)) is not None else []
    title = f"Evidence: {words.coverage_line(decision)}"
    yield from _section(title, [*proven, *judged, *unread, *kinds], style, heading_alone=True)


def _panels(drawn: Sequence[Drawn], style: Style) -> Iterator[str]:
    """A line a panel, or one for each of its rows."""
    if not drawn:
        return
    items = []
    for item in drawn:
        target = figures.target_of(item.panel)
        aim = f" (target {line(target, 120)})" if target else ""
        head = f"{line(item.panel.id, 100)}: {line(item.panel.title, 100)}{aim}"
        if item.reason is not None:
            items.append(f"{head}: not drawn: {line(item.reason, 200)}")
            continue
        items.append(head)
        shown = item.rows[: _PER_LIST[style.verbosity]]
        for row in shown:
            cells = [
                f"{figures.heading(name)} {line(figures.value_text(row[name], unit), 80)}"
                if name not in ("tenant", "label", "value", "at")
                else line(figures.value_text(row[name], unit), 80)
                for name, unit in figures.columns(item)
            ]
            off = " [off target]" if figures.row_state(item, row) == "off target" else ""
            items.append(f"  {', '.join(cells)}{off}")
        if (left := len(item.rows) - len(shown) + item.beyond) > 0:
            items.append(f"  … and {words.count(left, 'more row')}")
        items += [f"  {line(note, 200)}" for note in item.notes]
    yield from _section(words.capital(figures.tally(drawn)), items, style, heading_alone=True, capped=False)


def _section(
    title: str, items: list[str], style: Style, *, heading_alone: bool = False, capped: bool = True
) -> Iterator[str]:
    if not items and not heading_alone:
        return
    yield ""
    counted = title if heading_alone else f"{title} ({len(items):,})"
    yield _paint(counted, "bold", style) + (":" if items else "")
    for item in _capped(items, style) if capped else items:
        yield from _wrap(item, "  ", style, hang="    ")


def _capped(items: list[str] | tuple[str, ...], style: Style) -> Iterator[str]:
    limit = max(_PER_LIST[style.verbosity], 3)
    yield from items[:limit]
    if (more := len(items) - limit) > 0:
        yield f"… and {more:,} more (see --output json)"


def _note(name: str, text: str, style: Style) -> Iterator[str]:
    yield from _wrap(f"{name}: {line(text.strip(), _MESSAGE_LIMIT)}", "   = ", style)


def _wrap(text: str, lead: str, style: Style, *, hang: str | None = None, paint: str | None = None) -> Iterator[str]:
    """`text` (escaped already) behind `lead`; a wrapped line can't begin with a runner command either."""
    room = max(40, style.width) - max(len(lead), len(hang or ""))
    links = re.compile("\x1b]8;;.*?\x1b\\\\")
    if links.search(text):
        yield lead + text
        return
    for index, part in enumerate(wrap(text, room, break_on_hyphens=False) or [""]):
        part = COMMAND_AT_START.sub(r"\1\\u{3a}", part)
        prefix = lead if index == 0 else (hang if hang is not None else " " * len(lead))
        yield prefix + (_paint(part, paint, style) if paint else part)


def _place(location: Location, style: Style) -> str:
    shown = place(location, 300)
    uri = relative_uri(location.path)
    if style.link_base is None or uri is None:
        return shown
    return f"\x1b]8;;{line(style.link_base)}{uri}#L{location.line}\x1b\\{shown}\x1b]8;;\x1b\\"


def _paint(text: str, name: str, style: Style) -> str:
    return f"\x1b[{_COLOURS[name]}m{text}\x1b[0m" if style.colour else text
