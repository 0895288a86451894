"""The report as one HTML file: no script, no request, readable without its style sheet, in print and in the dark.

Whatever the template writes goes through one hook, which redacts and escapes it; Jinja's autoescape does the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from itertools import groupby
from typing import TYPE_CHECKING

from gate.model import Aside, Clock, ControlResult, Decision, Outcome, Verdict
from gate.report import outline as words
from gate.report import panels as figures
from gate.report.escape import line, lines, place
from gate.report.snippet import excerpt

if TYPE_CHECKING:
    from jinja2 import Environment

    from gate.panels import Drawn

_PER_CONTROL = 25
_PER_LIST = 500
_PER_PANEL = 30
_GLYPHS = {Verdict.ALLOWED: "✓", Verdict.BLOCKED: "✕", Verdict.UNDECIDED: "?"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """How much of a clock's time is used, as a picture: `used` in per cent of it, at most 125."""

    clock: Clock
    words: str
    used: int
    state: str


def render(decision: Decision, drawn: Sequence[Drawn] = ()) -> str:
    """The page. Any undefined name in the template is an error, never an empty string."""
    from markupsafe import Markup

    environment = _environment()
    view = words.outline(decision)
    by_pack = sorted(decision.results, key=lambda r: (r.control.pack, r.control.id))
    context = {
        "decision": decision,
        "view": view,
        "words": words,
        "glyph": "!" if words.is_rehearsal(decision) else _GLYPHS[decision.verdict],
        "tone": "rehearsal" if words.is_rehearsal(decision) else decision.verdict.value,
        "bars": [_bar(clock, decision) for clock in words.clocks(decision)[:_PER_LIST]],
        "packs": [(pack, list(results)) for pack, results in groupby(by_pack, key=lambda r: r.control.pack)],
        "uses": {use.waiver.id: use for use in decision.waivers},
        "waivers": sorted(decision.waivers, key=lambda u: (u.waiver.expires, u.waiver.id)),
        "aside": [
            (kind.value, [v for _, v in view.aside if v.aside is kind])
            for kind in Aside
            if any(v.aside is kind for _, v in view.aside)
        ],
        "drawn": drawn,
        "figures": figures,
        "unread": [(e.kind, u) for e in decision.evidence for u in e.coverage.unread],
        "reasons": _reasons,
        "per_control": _PER_CONTROL,
        "per_list": _PER_LIST,
        "per_panel": _PER_PANEL,
        "excerpt": partial(excerpt, width=140),
        "lines": lines,
        "place": place,
        "newline": Markup("\n"),
    }
    return environment.from_string(_resource("report.html.j2")).render(context).rstrip() + "\n"


def _environment() -> Environment:
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    def finalize(value: object) -> object:
        return value if isinstance(value, Markup) else line(str(value))

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, finalize=finalize, trim_blocks=True, lstrip_blocks=True
    )
    short: Callable[[str, int], str] = line
    environment.filters["short"] = short
    environment.globals["css"] = Markup(_resource("report.css"))  # noqa: S704  (our own file)
    return environment


def _resource(name: str) -> str:
    return files("gate.report").joinpath("templates", name).read_text(encoding="utf-8")


def _reasons(result: ControlResult) -> tuple[str, ...]:
    if result.outcome is Outcome.UNKNOWN and not result.reasons:
        return ("no reason was given",)
    return result.reasons


def _bar(clock: Clock, decision: Decision) -> Bar:
    text = words.clock_words(clock, decision.as_of)
    for state in ("never happened; ", "stale ", "fresh "):
        text = text.removeprefix(state)
    if clock.since is None:
        return Bar(clock=clock, words=text, used=125, state="never happened")
    span, age = clock.due - clock.since, decision.as_of - clock.since
    used = 125 if span.total_seconds() <= 0 else max(0, min(125, round(100 * (age / span))))
    if clock.due < decision.as_of:
        return Bar(clock=clock, words=text, used=max(used, 101), state="stale")
    state = "runs out soon" if words.is_soon(clock, decision.as_of) else "fresh"
    return Bar(clock=clock, words=text, used=used, state=state)
