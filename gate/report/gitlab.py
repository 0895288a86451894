"""GitLab Code Quality, the widget of a merge request. What is set aside is in it as `info`: shown, never hidden."""

from __future__ import annotations

from gate.model import ControlResult, Decision, Location, Outcome, Severity, Violation
from gate.model import fingerprint as identity
from gate.report import outline as words
from gate.report.escape import Json, json_document, json_string, line, message, relative_uri

_SEVERITIES = {Severity.BLOCK: "blocker", Severity.WARN: "minor", None: "info"}
_LIMIT = 2000


def render(decision: Decision) -> str:
    """A JSON array of issues, the worst first, with unique fingerprints (equal ones would collapse into one)."""
    view = words.outline(decision)
    untils = {use.waiver.id: words.until(use, decision.as_of) for use in decision.waivers}
    issues: list[dict[str, Json]] = []
    for result in (*view.unjudged, *view.failing, *view.warning, *view.announced, *view.settled):
        if result.outcome is Outcome.UNKNOWN:
            issues.append(_unknown(result))
        issues += [_issue(violation, result, untils) for violation in result.violations]
    seen: dict[Json, int] = {}
    for issue in issues:
        key = issue["fingerprint"]
        number = seen[key] = seen.get(key, -1) + 1
        if number:
            issue["fingerprint"] = identity(str(key), str(number))
    return json_document(list(issues))


def _unknown(result: ControlResult) -> dict[str, Json]:
    control = result.control
    reasons = "; ".join(result.reasons) or "no reason was given"
    severity = "critical" if result.blocks else _SEVERITIES[result.level]
    text = f"{words.prose(control.title)}: could not be judged: {reasons}"
    return _entry(control.id, text, severity, control.source, identity(control.id, "unknown"))


def _issue(violation: Violation, result: ControlResult, untils: dict[str, str]) -> dict[str, Json]:
    text, severity = violation.message, _SEVERITIES[result.level]
    if violation.tenant:
        text += f" (tenant {violation.tenant})"
    if violation.waiver:
        text += f" (waived by {violation.waiver} {untils.get(violation.waiver, '')})"
        severity = "info"
    elif violation.aside:
        text += f" (set aside: {violation.because or violation.aside})"
        severity = "info"
    inside = relative_uri(violation.location.path) is not None
    where = violation.location if inside else result.control.source
    return _entry(result.control.id, text, severity, where, violation.fingerprint)


def _entry(check: str, text: str, severity: str, where: Location, fingerprint: str) -> dict[str, Json]:
    path = json_string(where.path) if relative_uri(where.path) is not None else "gate.yaml"
    return {
        "description": message(text, _LIMIT),
        "check_name": line(check, 200),
        "fingerprint": line(fingerprint, 100),
        "severity": severity,
        "location": {"path": path, "lines": {"begin": max(1, where.line)}},
    }
