"""Every report is a pure function of a Decision, and of the panels drawn beside it: no clock, no environment, no I/O;
same input, same bytes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

from gate.model import Decision

if TYPE_CHECKING:
    from gate.panels import Drawn


class Report(Protocol):
    """Renders a decision; the formats for people also show panels."""

    def __call__(self, decision: Decision, panels: Sequence[Drawn] = ()) -> str: ...


def _lazy(module: str, function: str = "render", *, draws: bool = False) -> Report:
    """A report whose module is imported when it is first asked for, so that naming a format costs nothing."""

    def report(decision: Decision, panels: Sequence[Drawn] = ()) -> str:
        render = cast("Callable[..., str]", getattr(import_module(f"gate.report.{module}"), function))
        return render(decision, panels) if draws else render(decision)

    return report


REPORTS: dict[str, Report] = {
    "text": _lazy("text"),
    "json": _lazy("json"),
    "sarif": _lazy("sarif"),
    "sarif-github": _lazy("sarif", "render_github"),
    "junit": _lazy("junit"),
    "gitlab-codequality": _lazy("gitlab"),
    "github": _lazy("github"),
    "markdown": _lazy("markdown", draws=True),
    "markdown-comment": _lazy("markdown", "render_comment"),
    "html": _lazy("html", draws=True),
}
"""Format name, as given to `--output`, to its report. Each ends in a newline and is safe to print to a CI log."""
