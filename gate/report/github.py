"""GitHub annotations: workflow commands on stdout. A step shows 10 errors, 10 warnings and 10 notices, so no more come.

The one notice says the verdict, the policy and how many findings have no annotation.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest

from gate.model import ControlResult, Decision, Location, Outcome
from gate.report import outline as words
from gate.report.escape import command_data, command_property, relative_uri

CAP = 10
_LIMIT = 1000


def render(decision: Decision) -> str:
    """At most ten errors, ten warnings and one notice; at least one error unless the exit code is 0.

    Of each control the first finding comes before the second of any.
    """
    view = words.outline(decision)
    errors = _in_turn([list(_commands("error", result)) for result in view.blocking])
    warnings = _in_turn([list(_commands("warning", result)) for result in (*view.warning, *view.announced)])
    uses = {use.waiver.id: use for use in decision.waivers}
    for use in view.waiver_problems:
        text = f"waiver {use.waiver.id} {words.waiver_problem(use, decision.as_of)}"
        warnings.append(_command("warning", "Waiver", [text], use.waiver.source))
    policy = f"policy {decision.policy_version} ({decision.policy_digest[:12]})"
    says = f"{words.subject_line(decision)} {words.ruling(decision)}: {words.tally(decision)}; {policy}"
    title = f"Gate: {decision.verdict.value.upper()}"
    if decision.exit_code != 0 and not errors:
        errors.append(_command("error", title, [says]))
    hidden = max(0, len(errors) - CAP) + max(0, len(warnings) - CAP)
    if decision.as_of_overridden:
        says += "; the time was set by hand: not releasable"
    if waived := [v for _, v in view.waived]:
        known = sorted({v.waiver for v in waived if v.waiver in uses})
        says += f"; {words.count(len(waived), 'waived finding')} ({', '.join(str(ident) for ident in known)})"
    if (aside := words.aside_line(view)) is not None:
        says += f"; set aside: {aside}"
    if (proven := words.lint_line(decision)) is not None:
        says += f"; lint: {proven}"
    if hidden:
        says += f"; {words.count(hidden, 'more finding')} without annotation, see the other reports of this run"
    return "\n".join([*errors[:CAP], *warnings[:CAP], _command("notice", title, [says])]) + "\n"


def _in_turn(groups: list[list[str]]) -> list[str]:
    """The first of each group, then the second of each, and so on."""
    return [item for row in zip_longest(*groups) for item in row if item is not None]


def _commands(kind: str, result: ControlResult) -> Iterator[str]:
    control = result.control
    title = f"{control.id} {words.prose(control.title)}"
    advice = [f"fix: {words.prose(control.fix)}", f"owner: {control.owner}"]
    if result.outcome is Outcome.UNKNOWN:
        reasons = "; ".join(result.reasons) or "no reason was given"
        yield _command(kind, title, [f"could not be judged: {reasons}", *advice], control.source)
    for violation, others in words.alike(result.open_violations):
        tenant = f" (tenant {violation.tenant})" if violation.tenant else ""
        tenant += f"; {words.more_like_this(others)}" if others else ""
        inside = relative_uri(violation.location.path) is not None
        text = violation.message + tenant + ("" if inside else f" (at {violation.location.path})")
        yield _command(kind, title, [text, *advice], violation.location if inside else control.source)


def _command(kind: str, title: str, texts: list[str], where: Location | None = None) -> str:
    properties = {}
    if where is not None and relative_uri(where.path) is not None:
        properties["file"] = command_property(where.path)
        properties["line"] = str(max(1, where.line))
        if where.column is not None and where.column >= 1:
            properties["col"] = str(where.column)
        if where.end_line is not None and where.end_line >= where.line >= 1:
            properties["endLine"] = str(where.end_line)
    properties["title"] = command_property(title, 200)
    listed = ",".join(f"{name}={value}" for name, value in properties.items())
    return f"::{kind} {listed}::{'%0A'.join(command_data(text, _LIMIT) for text in texts)}"
