"""SARIF 2.1.0 in two profiles: everything with its suppressions, and what GitHub code scanning can use.

GitHub ignores suppressions and would reopen what was set aside, so its profile leaves that out; it keeps 5,000
results of a run, so the list is cut here, the worst first, and says so in a result of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from gate.model import (
    Aside,
    Control,
    ControlResult,
    Decision,
    Location,
    Outcome,
    Severity,
    Verdict,
    Violation,
    WaiverUse,
)
from gate.model import fingerprint as identity
from gate.report import outline as words
from gate.report.escape import Json, json_document, json_string, line, lines, markdown, message, relative_uri, rfc3339
from gate.report.redact import redact

SCHEMA_URI = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
GITHUB_RESULTS = 5000

_LEVELS = {Severity.BLOCK: "error", Severity.WARN: "warning", None: "note"}
# CVSS-like numbers as strings, which GitHub maps to high, medium and low.
_SCORES = {Severity.BLOCK: "8.0", Severity.WARN: "5.0", None: "2.0"}
_TRUNCATED = "GATE001"
_DESCRIPTION = 1024
_MESSAGE = 4000
_TAGS = 20
_FALLBACK = "gate.yaml"
_NOTIFICATIONS = {
    "UNREAD": "Something that should have been read could not be",
    "UNKNOWN": "A control could not be judged, or not from everything there is",
    "COVERAGE": "How much of the code the lint understood",
    "LIMIT": "What this decision or this report does not cover",
    "WAIVER": "A waiver that needs attention",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Finding:
    rule: str
    level: str
    text: str
    place: Location
    fingerprint: str
    properties: dict[str, Json] = field(default_factory=dict)
    suppression: dict[str, Json] | None = None
    fix: dict[str, Json] | None = None


def render(decision: Decision) -> str:
    """The full profile, for audits and for GitLab: waived results are in it, with their suppressions."""
    return _log(decision, _findings(decision))


def render_github(decision: Decision) -> str:
    """The profile for an upload to GitHub code scanning: no waived results, at most 5,000 results."""
    findings = [finding for finding in _findings(decision) if finding.suppression is None]
    if len(findings) <= GITHUB_RESULTS:
        return _log(decision, findings)
    kept = findings[: GITHUB_RESULTS - 1]
    text = (
        f"{len(findings) - len(kept):,} of {len(findings):,} results are not shown here; "
        "the JSON and the full SARIF report have them all"
    )
    fingerprint = identity(_TRUNCATED, "github")
    notice = _Finding(
        rule=_TRUNCATED, level="error", text=text, place=Location(path=_FALLBACK), fingerprint=fingerprint
    )
    return _log(decision, [notice, *kept], cut=text)


def _log(decision: Decision, findings: Iterable[_Finding], cut: str | None = None) -> str:
    rules = {result.control.id: _rule(result) for result in sorted(decision.results, key=lambda r: r.control.id)}
    if cut is not None:
        rules[_TRUNCATED] = _truncation_rule()
    taxonomies = _taxonomies(result.control for result in decision.results)
    run: dict[str, Json] = {
        "tool": {
            "driver": {
                "name": "TenantGate",
                "version": json_string(decision.tool_version),
                "rules": list(rules.values()),
                "notifications": [
                    {"id": ident, "shortDescription": {"text": text}} for ident, text in _NOTIFICATIONS.items()
                ],
                "supportedTaxonomies": [{"name": name, "index": n} for n, name in enumerate(taxonomies)],
            }
        },
        "automationDetails": {"id": f"gate/{decision.stage.value}/"},
        "invocations": [_invocation(decision, cut)],
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"%SRCROOT%": {"description": {"text": "The root of the judged project"}}},
        "taxonomies": [{"name": name, "taxa": [{"id": taxon} for taxon in taxa]} for name, taxa in taxonomies.items()],
        "results": _results(findings, {ident: index for index, ident in enumerate(rules)}),
        "properties": _properties(decision),
    }
    return json_document({"$schema": SCHEMA_URI, "version": "2.1.0", "runs": [run]})


def _results(findings: Iterable[_Finding], positions: Mapping[str, int]) -> list[Json]:
    results: list[Json] = []
    seen: Counter[str] = Counter()
    for finding in findings:
        fingerprint = line(finding.fingerprint, 100)
        seen[fingerprint] += 1
        result: dict[str, Json] = {
            "ruleId": line(finding.rule, 200),
            "ruleIndex": positions[finding.rule],
            "kind": "fail",
            "level": finding.level,
            "message": {"text": message(finding.text, _MESSAGE) or "no message"},
            "locations": [_physical(finding.place)],
            # GitHub's form is hash:number; the number tells equal hashes of one run apart.
            "partialFingerprints": {"primaryLocationLineHash": f"{fingerprint}:{seen[fingerprint]}"},
            "properties": finding.properties,
        }
        if finding.suppression is not None:
            result["suppressions"] = [finding.suppression]
        if finding.fix is not None:
            result["fixes"] = [finding.fix]
        results.append(result)
    return results


def _properties(decision: Decision) -> dict[str, Json]:
    return {
        "verdict": decision.verdict.value,
        "stage": decision.stage.value,
        "releasable": decision.releasable,
        "asOf": rfc3339(decision.as_of),
        "asOfOverridden": decision.as_of_overridden,
        "policyVersion": json_string(decision.policy_version),
        "policyDigest": json_string(decision.policy_digest),
        "policyOrigin": json_string(decision.policy_origin),
        "pipelineId": json_string(decision.pipeline_id),
        "project": json_string(decision.subject.project),
        "projectVersion": json_string(decision.subject.version or ""),
        "commit": json_string(decision.subject.commit or ""),
    }


def _invocation(decision: Decision, cut: str | None) -> dict[str, Json]:
    notifications: list[Json] = [_notification("LIMIT", "warning", cut)] if cut else []
    for result in decision.results:
        for reason in result.reasons:
            level = _LEVELS[result.level] if result.outcome is Outcome.UNKNOWN else "warning"
            text = f"{result.control.id}: {reason}"
            notifications.append(_notification("UNKNOWN", level, text, result.control.source, result.control.id))
    for evidence in decision.evidence:
        for unread in evidence.coverage.unread:
            place = Location(path=unread.path, line=unread.line)
            notifications.append(_notification("UNREAD", "error", f"{evidence.kind}: {unread.reason}", place))
    for use in words.outline(decision).waiver_problems:
        text = f"{use.waiver.id} {words.waiver_problem(use, decision.as_of)}"
        notifications.append(_notification("WAIVER", "warning", text, use.waiver.source))
    if (said := words.lint_line(decision)) is not None:
        notifications.append(_notification("COVERAGE", "note", said))
    notifications += [_notification("LIMIT", "note", text) for text in decision.not_checked]
    return {
        "executionSuccessful": decision.verdict is not Verdict.UNDECIDED,
        "exitCode": decision.exit_code,
        "toolExecutionNotifications": notifications,
    }


def _notification(
    kind: str, level: str, text: str, place: Location | None = None, rule: str | None = None
) -> dict[str, Json]:
    notification: dict[str, Json] = {
        "descriptor": {"id": kind},
        "level": level,
        "message": {"text": message(text, _MESSAGE)},
    }
    if place is not None:
        notification["locations"] = [_physical(place)]
    if rule is not None:
        notification["associatedRule"] = {"id": line(rule, 200)}
    return notification


def _rule(result: ControlResult) -> dict[str, Json]:
    control = result.control
    why = words.prose(control.why)
    maps = [_split(target) for target in control.maps_to]
    tags = ["security", f"pack/{control.pack}", *(_tag(framework, ident) for framework, ident in maps)]
    rule: dict[str, Json] = {
        "id": line(control.id, 200),
        "shortDescription": {"text": message(words.prose(control.title), _DESCRIPTION - 40)},
        "fullDescription": {"text": message(why, _DESCRIPTION - 40) or "no reason given"},
        "help": {
            "text": "\n".join(
                [
                    f"{message(why, _MESSAGE)}",
                    *(f"Fix: {message(part)}" for part in lines(control.fix, _MESSAGE)),
                    f"Owner: {message(control.owner, 200)}",
                ]
            ),
            "markdown": "\n\n".join(
                [
                    f"**Why:** {markdown(why, _MESSAGE)}",
                    *(f"**Fix:** {markdown(part)}" for part in lines(control.fix, _MESSAGE)),
                    f"**Owner:** {markdown(control.owner, 200)}",
                ]
            ),
        },
        "defaultConfiguration": {"level": _LEVELS[result.level]},
        "properties": {
            "tags": list[Json](dict.fromkeys(line(tag, 100) for tag in tags))[:_TAGS],
            "precision": "high",
            "security-severity": _SCORES[result.level],
            "outcome": result.outcome.value,
        },
    }
    if maps:
        targets = dict.fromkeys((line(framework, 200), line(ident, 200)) for framework, ident in maps)
        rule["relationships"] = [
            {"target": {"id": ident, "toolComponent": {"name": framework}}, "kinds": ["relevant"]}
            for framework, ident in targets
        ]
    return rule


def _truncation_rule() -> dict[str, Json]:
    text = "Every result of the gate is shown"
    return {
        "id": _TRUNCATED,
        "shortDescription": {"text": text},
        "fullDescription": {"text": "GitHub shows 5,000 results of a run; the rest is in the gate's other reports."},
        "help": {"text": "Open the JSON report.", "markdown": "Open the JSON report."},
        "defaultConfiguration": {"level": "error"},
        "properties": {"tags": ["security"], "precision": "high", "security-severity": _SCORES[Severity.BLOCK]},
    }


def _split(target: str) -> tuple[str, str]:
    """`SOC2:CC6.1` as (framework, id); without a colon the whole is the id."""
    framework, colon, ident = target.partition(":")
    return (framework, ident) if colon else ("other", target)


def _tag(framework: str, ident: str) -> str:
    """`external/soc2/cc6.1`; weaknesses as code scanning writes them: `external/cwe/cwe-639`."""
    if framework.upper() == "CWE":
        ident = f"cwe-{ident.upper().removeprefix('CWE-')}"
    return f"external/{framework}/{ident}".lower()


def _taxonomies(controls: Iterable[Control]) -> Mapping[str, list[str]]:
    found: dict[str, set[str]] = {}
    for control in controls:
        for framework, ident in map(_split, control.maps_to):
            found.setdefault(line(framework, 200), set()).add(line(ident, 200))
    return {name: sorted(found[name]) for name in sorted(found)}


def _findings(decision: Decision) -> list[_Finding]:
    """Findings, the worst first: what blocks, then warnings, notes, and waived ones."""
    uses = {use.waiver.id: use for use in decision.waivers}
    view = words.outline(decision)
    findings = []
    for result in (*view.unjudged, *view.failing, *view.warning, *view.announced, *view.settled):
        if result.outcome is Outcome.UNKNOWN:
            findings.append(_unknown(result))
        findings += [_violation(violation, result, uses) for violation in result.violations]
    return sorted(findings, key=lambda finding: finding.suppression is not None)


def _unknown(result: ControlResult) -> _Finding:
    control = result.control
    reasons = "; ".join(result.reasons) or "no reason was given"
    return _Finding(
        rule=control.id,
        level=_LEVELS[result.level],
        text=f"{words.prose(control.title)}: could not be judged: {reasons}",
        place=control.source,
        fingerprint=identity(control.id, "unknown"),
    )


def _violation(violation: Violation, result: ControlResult, uses: Mapping[str, WaiverUse]) -> _Finding:
    inside = relative_uri(violation.location.path) is not None
    text = violation.message + (f" (tenant {violation.tenant})" if violation.tenant else "")
    properties: dict[str, Json] = {"subject": json_string(violation.subject)}
    if violation.tenant:
        properties["tenant"] = json_string(violation.tenant)
    return _Finding(
        rule=result.control.id,
        level=_LEVELS[result.level],
        text=text if inside else f"{text} (at {violation.location.path})",
        place=violation.location if inside else result.control.source,
        fingerprint=violation.fingerprint,
        properties=properties,
        suppression=_suppression(violation.waiver, uses.get(violation.waiver))
        if violation.waiver
        else _aside(violation),
        fix=_fix(violation),
    )


def _fix(violation: Violation) -> dict[str, Json] | None:
    """A text to insert that was proven to repair the finding by itself: the `fix_…` of the finding's evidence."""
    details, uri = violation.details, relative_uri(violation.location.path)
    row, column, text = (details.get(name) for name in ("fix_line", "fix_col", "fix_text"))
    if uri is None or not isinstance(row, int) or not isinstance(column, int) or not isinstance(text, str):
        return None
    if not 0 < row < 2**31 or not 0 < column < 2**31 or line(text, _MESSAGE) != text:
        return None
    place: dict[str, Json] = {"startLine": row, "startColumn": column, "endLine": row, "endColumn": column}
    return {
        "description": {"text": message(str(details.get("remedy") or "Tie it to the tenant"), _MESSAGE)},
        "artifactChanges": [
            {
                "artifactLocation": {"uri": uri, "uriBaseId": "%SRCROOT%"},
                "replacements": [{"deletedRegion": place, "insertedContent": {"text": text}}],
            }
        ],
    }


def _aside(violation: Violation) -> dict[str, Json] | None:
    """A comment suppresses in the source; the baseline and the base revision do it from outside."""
    if violation.aside is None:
        return None
    return {
        "kind": "inSource" if violation.aside is Aside.SUPPRESSED else "external",
        "status": "accepted",
        "justification": message(violation.because or violation.aside.value, _MESSAGE),
        "properties": {"aside": violation.aside.value},
    }


def _suppression(ident: str, use: WaiverUse | None) -> dict[str, Json]:
    if use is None:
        return {"kind": "external", "status": "accepted", "justification": message(f"waiver {ident}", _MESSAGE)}
    waiver = use.waiver
    text = (
        f"{waiver.id}: {words.prose(waiver.reason)} (until {waiver.expires}; requested by {waiver.requested_by}, "
        f"approved by {waiver.approved_by}; {waiver.ticket})"
    )
    return {
        "kind": "external",
        "status": "accepted",
        "justification": message(text, _MESSAGE),
        "location": _physical(waiver.source),
    }


def _physical(place: Location) -> dict[str, Json]:
    """A location inside the tree; a path that is none points to the gate's own configuration."""
    uri = relative_uri(place.path)
    region: dict[str, Json] = {"startLine": max(1, place.line) if uri else 1}
    if uri is None:
        uri = _FALLBACK
    elif place.column is not None and place.column >= 1:
        region["startColumn"] = place.column
        end_line = place.end_line or place.line
        if place.end_column is not None and (end_line, place.end_column) >= (place.line, place.column):
            region["endLine"] = max(1, end_line)
            region["endColumn"] = place.end_column
    physical: dict[str, Json] = {"artifactLocation": {"uri": uri, "uriBaseId": "%SRCROOT%"}, "region": region}
    if uri != _FALLBACK and place.snippet:
        # Not `region.snippet`: that would have to be the region's exact text, and this is escaped and may be more.
        context: dict[str, Json] = {"startLine": region["startLine"], "snippet": {"text": _source(place.snippet)}}
        if "endLine" in region:
            context["endLine"] = region["endLine"]
        physical["contextRegion"] = context
    return {"physicalLocation": physical}


def _source(snippet: str) -> str:
    """Source lines for a viewer: redacted as a whole, escaped each."""
    return "\n".join(line(part, 2000) for part in redact(snippet).replace("\t", "    ").split("\n")[:20])
