"""JUnit XML, for Jenkins, GitLab, Azure DevOps, CircleCI: a suite for each pack, a test case for each control.

A failing control that blocks is a failure; one that could not be judged is an error; a waived one is skipped. A control
that only warns passes with its findings in `system-out`, since the format has nothing between. The verdict is a test
case of its own, so that a decision without controls never looks green.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC
from itertools import groupby
from xml.etree import ElementTree as ET

from gate.model import ControlResult, Decision, Outcome, Verdict, Violation
from gate.report import outline as words
from gate.report.escape import line, lines, message, place, rfc3339

_LIMIT = 2000
_FINDINGS = 100


def render(decision: Decision) -> str:
    """One `testsuites` element, UTF-8, with the XML declaration."""
    suites = ET.Element("testsuites", {"name": f"gate {decision.stage.value}"})
    _verdict(suites, decision)
    ordered = sorted(decision.results, key=lambda r: (r.control.pack, r.control.id))
    for pack, results in groupby(ordered, key=lambda r: r.control.pack):
        suite = _suite(suites, message(pack, _LIMIT), decision)
        for result in results:
            _case(suite, result, decision)
    for suite in (*suites, suites):
        cases = list(suite.iter("testcase"))
        suite.set("tests", str(len(cases)))
        for count, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            suite.set(count, str(sum(case.find(tag) is not None for case in cases)))
    ET.indent(suites)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(suites, encoding="unicode") + "\n"


def _suite(suites: ET.Element, name: str, decision: Decision) -> ET.Element:
    stamp = decision.as_of.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return ET.SubElement(suites, "testsuite", {"name": name, "timestamp": stamp, "time": "0"})


def _verdict(suites: ET.Element, decision: Decision) -> None:
    suite = _suite(suites, "gate", decision)
    properties = ET.SubElement(suite, "properties")
    for name, value in {
        "stage": decision.stage.value,
        "verdict": decision.verdict.value,
        "releasable": str(decision.releasable).lower(),
        "as_of": rfc3339(decision.as_of),
        "as_of_overridden": str(decision.as_of_overridden).lower(),
        "project": decision.subject.project,
        "version": decision.subject.version or "",
        "commit": decision.subject.commit or "",
        "policy_version": decision.policy_version,
        "policy_digest": decision.policy_digest,
        "policy_origin": decision.policy_origin,
        "pipeline_id": decision.pipeline_id,
        "tool_version": decision.tool_version,
    }.items():
        ET.SubElement(properties, "property", {"name": name, "value": message(value, _LIMIT)})
    case = ET.SubElement(suite, "testcase", {"name": "verdict", "classname": f"gate.{decision.stage.value}"})
    says = message(f"{words.subject_line(decision)} {words.ruling(decision)}", _LIMIT)
    text = f"{decision.verdict.value.upper()}: {says}. {words.tally(decision)}"
    if decision.exit_code != 0:
        tag = "error" if decision.verdict is Verdict.UNDECIDED else "failure"
        ET.SubElement(case, tag, {"type": decision.verdict.value, "message": text})
    proven = words.lint_line(decision)
    coverage = [] if proven is None else [f"lint: {proven}"]
    lines = [*_waivers(decision), *coverage, *(f"not checked: {line(limit, _LIMIT)}" for limit in decision.not_checked)]
    if lines:
        ET.SubElement(case, "system-out").text = "\n".join(lines)


def _waivers(decision: Decision) -> Iterator[str]:
    for use in words.outline(decision).waiver_problems:
        yield f"waiver {line(use.waiver.id, 100)} {line(words.waiver_problem(use, decision.as_of), _LIMIT)}"


def _case(suite: ET.Element, result: ControlResult, decision: Decision) -> None:
    control = result.control
    name = f"{message(control.id, 100)} {message(words.prose(control.title), 300)}"
    classname = f"gate.{decision.stage.value}.{message(control.pack, 100)}"
    where = control.source
    case = ET.SubElement(suite, "testcase", {"name": name, "classname": classname, "file": message(where.path, 300)})
    body = "\n".join(_lines(result))
    if result.outcome is Outcome.UNKNOWN:
        text = message("could not be judged: " + ("; ".join(result.reasons) or "no reason was given"), _LIMIT)
        ET.SubElement(case, "error", {"type": "unknown", "message": text}).text = body
    elif result.outcome is Outcome.FAIL and result.blocks:
        found = result.open_violations
        text = message(found[0].message, _LIMIT) if len(found) == 1 else words.count(len(found), "finding")
        ET.SubElement(case, "failure", {"type": "blocks", "message": text}).text = body
    elif result.outcome is Outcome.WAIVED:
        ET.SubElement(case, "skipped", {"message": _waived_by(result, decision)}).text = body
    elif result.outcome is Outcome.FAIL:
        ET.SubElement(case, "system-out").text = f"{words.level_word(result)}: does not block\n{body}"


def _waived_by(result: ControlResult, decision: Decision) -> str:
    uses = {use.waiver.id: use for use in decision.waivers}
    parts = []
    for ident in dict.fromkeys(v.waiver for v in result.violations if v.waiver):
        use = uses.get(ident)
        until = f" until {use.waiver.expires}: {words.prose(use.waiver.reason)}" if use else ""
        parts.append(message(f"waived by {ident}{until}", _LIMIT))
    parts += [
        message(f"set aside: {v.because or v.aside}", _LIMIT) for v in result.violations if v.aside and not v.waiver
    ][:20]
    return "; ".join(parts)


def _lines(result: ControlResult) -> Iterator[str]:
    for violation in result.violations[:_FINDINGS]:
        yield _line(violation)
    if (more := len(result.violations) - _FINDINGS) > 0:
        yield f"… and {more:,} more"
    for reason in result.reasons:
        yield f"not everything was seen: {line(reason, _LIMIT)}"
    yield f"why: {message(words.prose(result.control.why), _LIMIT)}"
    for part in lines(result.control.fix, _LIMIT):
        yield f"fix: {part}"
    yield f"owner: {message(result.control.owner, 200)}"


def _line(violation: Violation) -> str:
    tenant = f" (tenant {message(violation.tenant, 200)})" if violation.tenant else ""
    waived = f" [waived by {message(violation.waiver, 100)}]" if violation.waiver else ""
    if violation.aside and not violation.waiver:
        waived = f" [set aside: {message(violation.because or violation.aside, _LIMIT)}]"
    return f"at {place(violation.location, 300)}: {message(violation.message, _LIMIT)}{tenant}{waived}"
