"""Every report is a pure function of a Decision: no clock, no environment, no I/O; same decision, same bytes."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import cast

from gate.model import Decision

Report = Callable[[Decision], str]


def _lazy(module: str, function: str = "render") -> Report:
    """A report whose module is imported when it is first asked for, so that naming a format costs nothing."""

    def report(decision: Decision) -> str:
        return cast("Report", getattr(import_module(f"gate.report.{module}"), function))(decision)

    return report


REPORTS: dict[str, Report] = {
    "text": _lazy("text"),
    "json": _lazy("json"),
    "sarif": _lazy("sarif"),
    "sarif-github": _lazy("sarif", "render_github"),
    "junit": _lazy("junit"),
    "gitlab-codequality": _lazy("gitlab"),
    "github": _lazy("github"),
    "markdown": _lazy("markdown"),
    "markdown-comment": _lazy("markdown", "render_comment"),
    "html": _lazy("html"),
}
"""Format name, as given to `--output`, to its report. Each ends in a newline and is safe to print to a CI log."""
