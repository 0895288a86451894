"""SARIF, JUnit, GitLab, GitHub, Markdown and HTML: snapshots, and what their consumers demand."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from xml.dom import minidom
from xml.etree import ElementTree as ET

import jsonschema
import jsonschema_rs
import pytest

from gate.model import Location, Outcome, Severity
from gate.report import REPORTS
from gate.report.markdown import COMMENT_CHARACTERS, MARKER, SUMMARY_BYTES

EXTENSIONS = {
    "sarif": "sarif",
    "sarif-github": "github.sarif",
    "junit": "junit.xml",
    "gitlab-codequality": "gitlab.json",
    "github": "annotations.txt",
    "markdown": "md",
    "markdown-comment": "comment.md",
    "html": "html",
}
SARIF = json.loads(Path(__file__).with_name("schemas").joinpath("sarif-2.1.0-rtm.5.json").read_bytes())
# The pattern of run.language has an unbalanced bracket, which the fast validator refuses.
FAST_SARIF = json.loads(json.dumps(SARIF).replace(', "pattern": "^[a-zA-Z]{2}|^[a-zA-Z]{2}-[a-zA-Z]{2}]?$"', ""))


def test_every_format_is_under_snapshot():
    assert set(REPORTS) == {*EXTENSIONS, "text", "json"}


@pytest.mark.parametrize("report", EXTENSIONS)
def test_snapshot(report, sample, snapshot):
    name, decision = sample
    if report == "markdown-comment":
        assert REPORTS[report](decision) == REPORTS["markdown"](decision)  # samples are short
        return
    snapshot(f"{name}.{EXTENSIONS[report]}", REPORTS[report](decision))


def run_of(decision, profile: str = "sarif"):
    return json.loads(REPORTS[profile](decision))["runs"][0]


# --- SARIF


@pytest.mark.parametrize("profile", ["sarif", "sarif-github"])
@pytest.mark.parametrize("name", ["allowed", "blocked", "undecided", "waived", "hostile", "endless", "empty", "many"])
def test_sarif_is_valid_under_the_official_schema(profile, name, decisions):
    document = json.loads(REPORTS[profile](decisions[name]()))
    jsonschema_rs.validator_for(FAST_SARIF).validate(document)
    if name != "many":
        jsonschema.Draft4Validator(SARIF).validate(document)


@pytest.mark.parametrize("name", ["allowed", "blocked", "undecided", "waived", "hostile", "endless", "empty", "many"])
def test_the_github_profile_keeps_githubs_limits(name, decisions):
    text = REPORTS["sarif-github"](decisions[name]())
    run = json.loads(text)["runs"][0]
    rules, results = run["tool"]["driver"]["rules"], run["results"]
    assert len(results) <= 5000
    assert len(rules) <= 25_000
    assert len(text) < 10 * 2**20
    assert re.fullmatch("gate/(check|release|ga)/", run["automationDetails"]["id"])
    assert len({rule["id"] for rule in rules}) == len(rules)
    for rule in rules:
        for field in ("shortDescription", "fullDescription"):
            assert 0 < len(rule[field]["text"]) <= 1024
        assert rule["help"]["text"]
        assert rule["help"]["markdown"]
        assert len(rule["properties"]["tags"]) <= 20
        assert 0 < float(rule["properties"]["security-severity"]) <= 10
        assert rule["properties"]["precision"] in ("very-high", "high", "medium", "low")
    for result in results:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in ("error", "warning", "note")
        assert result["message"]["text"]
        assert "markdown" not in result["message"]
        assert "suppressions" not in result
        assert len(result["locations"]) == 1
        place = result["locations"][0]["physicalLocation"]
        assert re.fullmatch(r"[A-Za-z0-9._~/%-]+", place["artifactLocation"]["uri"])
        assert ".." not in place["artifactLocation"]["uri"].split("/")
        assert place["region"]["startLine"] >= 1
        assert re.fullmatch(r".+:\d+", result["partialFingerprints"]["primaryLocationLineHash"])
    prints = [r["partialFingerprints"]["primaryLocationLineHash"] for r in results]
    assert len(set(prints)) == len(prints)
    severity = ["error", "warning", "note"]
    assert [r["level"] for r in results] == sorted((r["level"] for r in results), key=severity.index)


def test_sarif_of_too_many_results_says_what_is_missing(decisions):
    decision = decisions["many"]()
    assert len(run_of(decision)["results"]) == 6040
    run = run_of(decision, "sarif-github")
    assert len(run["results"]) == 5000
    assert run["results"][0]["ruleId"] == "GATE001"
    assert run["results"][0]["message"]["text"].startswith("1,041 of 6,040 results are not shown here")
    assert {r["level"] for r in run["results"]} == {"error"}
    assert "1,041" in run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"]


def test_sarif_shows_waived_results_as_suppressed_and_github_not_at_all(decisions):
    run = run_of(decisions["waived"]())
    suppressed = [r for r in run["results"] if "suppressions" in r]
    assert [r["ruleId"] for r in suppressed] == ["DRL001", "TEN001"]
    suppression = suppressed[1]["suppressions"][0]
    assert (suppression["kind"], suppression["status"]) == ("external", "accepted")
    assert "WVR-7" in suppression["justification"]
    assert "2027-01-15" in suppression["justification"]
    assert [r["ruleId"] for r in run_of(decisions["waived"](), "sarif-github")["results"]] == ["WVR001"]


def test_sarif_of_an_undecided_run_is_no_success(decisions):
    run = run_of(decisions["undecided"]())
    invocation = run["invocations"][0]
    assert invocation["executionSuccessful"] is False
    assert invocation["exitCode"] == 3
    notes = [n["message"]["text"] for n in invocation["toolExecutionNotifications"]]
    assert any("broken.py" in note for note in notes)
    unknown = {r["ruleId"]: r for r in run["results"]}
    assert unknown["TEN001"]["level"] == "error"
    assert "could not be judged" in unknown["TEN001"]["message"]["text"]
    assert unknown["WVR001"]["level"] == "warning"
    uri = unknown["SBM001"]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri == "rules/supply-chain/controls/SBM001.yaml"


def test_sarif_fingerprints_do_not_move_with_the_line(decisions):
    decision = decisions["blocked"]()
    moved = replace(
        decision,
        results=tuple(
            replace(
                r,
                violations=tuple(
                    replace(v, location=replace(v.location, line=v.location.line + 7), message="other")
                    for v in r.violations
                ),
            )
            for r in decision.results
        ),
    )
    hashes = [[r["partialFingerprints"] for r in run_of(d)["results"]] for d in (decision, moved)]
    assert hashes[0] == hashes[1]


def test_sarif_maps_controls_to_frameworks(decisions):
    run = run_of(decisions["blocked"]())
    assert [t["name"] for t in run["taxonomies"]] == ["CWE", "GDPR", "ISO27001", "NIST-800-53", "SOC2", "SSDF"]
    rule = next(r for r in run["tool"]["driver"]["rules"] if r["id"] == "TEN001")
    assert "external/cwe/cwe-639" in rule["properties"]["tags"]
    assert {"id": "CC6.1", "toolComponent": {"name": "SOC2"}} in [r["target"] for r in rule["relationships"]]


@pytest.mark.parametrize("path", ["../../etc/passwd", "/etc/passwd", "C:\\x", "https://evil.example/x", ""])
def test_a_path_outside_the_tree_points_to_the_control_instead(path, decisions):
    decision = decisions["blocked"]()
    failing = decision.results[0]
    outside = replace(failing.violations[0], location=Location(path=path, line=-4, column=0))
    decision = replace(decision, results=(replace(failing, violations=(outside,)),))
    place = run_of(decision)["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "rules/drills/controls/DRL001.yaml"
    issue = json.loads(REPORTS["gitlab-codequality"](decision))[0]
    assert issue["location"] == {"path": "rules/drills/controls/DRL001.yaml", "lines": {"begin": 1}}
    assert "file=rules/drills/controls/DRL001.yaml,line=1" in REPORTS["github"](decision)


# --- JUnit


def cases(decision):
    text = REPORTS["junit"](decision)
    minidom.parseString(text.encode())
    root = ET.fromstring(text.encode())
    return root, {case.get("name").split(" ")[0]: case for case in root.iter("testcase")}


@pytest.mark.parametrize("name", ["allowed", "blocked", "undecided", "waived", "hostile", "endless", "empty", "many"])
def test_junit_counts_what_it_holds(name, decisions):
    root, _ = cases(decisions[name]())
    for suite in (root, *root.iter("testsuite")):
        found = list(suite.iter("testcase"))
        assert int(suite.get("tests")) == len(found)
        for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(suite.get(attribute)) == sum(case.find(tag) is not None for case in found)


def test_junit_words_of_each_outcome(decisions):
    _, blocked = cases(decisions["blocked"]())
    assert "tenant column" in blocked["TEN001"].find("failure").text
    assert blocked["verdict"].find("failure") is not None
    assert blocked["INT003"].find("failure") is None
    assert "does not block" in blocked["INT003"].find("system-out").text
    _, waived = cases(decisions["waived"]())
    assert waived["TEN001"].find("skipped").get("message").startswith("waived by WVR-7 until 2027-01-15")
    assert waived["verdict"].find("failure") is None
    _, undecided = cases(decisions["undecided"]())
    assert undecided["TEN001"].find("error") is not None
    assert undecided["WVR001"].find("error") is not None


def test_junit_without_controls_is_not_green(decisions):
    root, found = cases(decisions["empty"]())
    assert root.get("errors") == "1"
    assert found["verdict"].find("error") is not None


def test_junit_of_a_rehearsal_is_not_green(decisions):
    _, found = cases(decisions["rehearsal"]())
    assert "must not proceed" in found["verdict"].find("failure").get("message")


@pytest.mark.parametrize("report", ["text", "junit", "github", "markdown", "html"])
def test_no_report_of_a_rehearsal_says_that_it_may_go_out(report, decisions):
    text = REPORTS[report](decisions["rehearsal"]())
    assert "may go out" not in text
    assert "must not proceed on a time set by hand" in text


# --- GitLab


@pytest.mark.parametrize("name", ["allowed", "blocked", "undecided", "waived", "hostile", "endless", "empty", "many"])
def test_gitlab_issues_are_complete_and_unique(name, decisions):
    issues = json.loads(REPORTS["gitlab-codequality"](decisions[name]()))
    prints = [issue["fingerprint"] for issue in issues]
    assert len(set(prints)) == len(prints)
    for issue in issues:
        assert set(issue) == {"description", "check_name", "fingerprint", "severity", "location"}
        assert issue["severity"] in ("info", "minor", "major", "critical", "blocker")
        assert issue["location"]["lines"]["begin"] >= 1


def test_gitlab_shows_waived_findings_as_info(decisions):
    issues = json.loads(REPORTS["gitlab-codequality"](decisions["waived"]()))
    waived = [i for i in issues if "waived by" in i["description"]]
    assert {i["severity"] for i in waived} == {"info"}
    assert len(waived) == 2


# --- GitHub


def test_github_names_what_has_no_annotation(decisions):
    text = REPORTS["github"](decisions["many"]())
    assert text.count("\n::warning") + text.startswith("::warning") == 10
    assert "6,020 more findings without annotation" in text.splitlines()[-1]


def test_github_shows_one_finding_of_each_control_before_the_second_of_any(decisions):
    titles = [
        re.search("title=([A-Z0-9]+)", part)[1]
        for part in REPORTS["github"](decisions["blocked"]()).splitlines()
        if part.startswith("::error")
    ]
    assert titles[:3] == ["DRL001", "PRG001", "TEN001"]


# --- Markdown


def test_markdown_begins_with_the_marker_that_finds_its_comment_again(sample):
    _, decision = sample
    assert REPORTS["markdown"](decision).startswith(MARKER + "\n\n## Gate: " + decision.verdict.value.upper())


def verbose(decision, words: int):
    """A decision with so many and so long findings that every cap is reached."""

    def grown(result, n):
        control = replace(result.control, id=f"TEN{n:03d}")
        violations = tuple(
            replace(v, control=control.id, message=f"finding {n} " + "word " * words) for v in result.violations
        )
        return replace(result, control=control, violations=violations)

    failing = next(r for r in decision.results if len(r.violations) > 5)
    return replace(decision, results=tuple(grown(failing, n) for n in range(600)))


@pytest.mark.parametrize(("report", "size"), [("markdown", SUMMARY_BYTES), ("markdown-comment", COMMENT_CHARACTERS)])
def test_markdown_is_cut_by_whole_findings_and_says_so(report, size, decisions):
    text = REPORTS[report](verbose(decisions["blocked"](), 200))
    assert size * 0.9 < (len(text.encode()) if report == "markdown" else len(text)) <= size
    last = text.rstrip("\n").split("\n\n")[-1]
    assert re.fullmatch(r"\*\*… [\d,]+ more parts left out for length: see the JSON or HTML report.\*\*", last)
    assert text.count("```") % 2 == 0
    assert "## Gate: BLOCKED" in text


# --- HTML


def test_html_stays_small(decisions):
    assert len(REPORTS["html"](decisions["allowed"]())) < 30_000
    assert len(REPORTS["html"](decisions["many"]())) < 40_000


def test_html_says_in_words_what_it_shows_in_colour(decisions):
    text = REPORTS["html"](decisions["blocked"]())
    for word in ("BLOCKED", ">blocks<", ">warning<", ">announced<", ">stale<", ">never happened<", ">runs out soon<"):
        assert word in text


@pytest.mark.parametrize("report", REPORTS)
def test_every_report_names_policy_verdict_and_blocking_controls(report, decisions):
    text = REPORTS[report](decisions["blocked"]())
    if report != "gitlab-codequality":  # a list of issues has no room for it
        assert "2026.11" in text
        assert "1f2e3d4c5b6a" in text
        assert "blocked" in text.lower()
    for ident in ("TEN001", "DRL001", "PRG001"):
        assert ident in text


@pytest.mark.parametrize("report", REPORTS)
@pytest.mark.parametrize("level", [Severity.BLOCK, Severity.WARN, None])
def test_an_unknown_control_is_never_silent_whatever_its_level(report, level, decisions):
    decision = decisions["undecided"]()
    result = replace(decision.results[0], level=level, outcome=Outcome.UNKNOWN, reasons=("the moon was full",))
    text = REPORTS[report](replace(decision, results=(result,)))
    assert "TEN001" in text


@pytest.mark.parametrize("report", REPORTS)
def test_what_was_not_seen_is_shown_beside_what_failed(report, decisions):
    decision = decisions["blocked"]()
    result = replace(decision.results[0], reasons=("one report was unreadable",))
    if report in ("gitlab-codequality", "github"):
        return  # one message for each finding; the others carry it
    assert "one report was unreadable" in REPORTS[report](replace(decision, results=(result,)))
