"""What pgrls and splinter wrote is taken apart exactly, or not at all."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate import policy
from gate.collect import Context, collect
from gate.collect.pgrls import UnknownOutputError, read_audit
from gate.model import Subject
from gate.tree import WorkTree
from gate.trial import failures

LINT: dict[str, Any] = {
    "violations": [
        {"rule_id": "SEC001", "severity": "error", "title": "RLS off", "message": "boats has none.", "location": "public.boats"},
        {"rule_id": "PERF001", "severity": "warning", "title": "Slow", "message": "wrap it.", "location": "public.boats.own"},
        {"rule_id": "HYG001", "severity": "info", "title": "Name", "message": "rename it.", "location": "public.boats.own"},
    ],
    "summary": {"errors": 1, "warnings": 1, "infos": 1, "others": 0, "total": 3},
}  # fmt: skip
OFFLINE = {**LINT, "schema_source": "sql", "skipped_rules": ["SEC013", "SEC014"]}
VERIFY: dict[str, Any] = {
    "mode": "anon", "summary": {"tables": 3, "isolated": 1, "leak": 1, "unverified": 1},
    "tables": [
        {"table": "public.empty", "verdict": "isolated", "note": "no permissive read policy", "policies": []},
        {"table": "public.users", "verdict": "leak", "note": None, "policies": [
            {"policy": "open", "verdict": "leak", "witness": {}, "witness_scope": "all_rows", "reason": None}]},
        {"table": "public.logs", "verdict": "unverified", "note": None, "policies": [
            {"policy": "p", "verdict": "unverified", "witness": None, "witness_scope": None, "reason": "undecidable"}]},
    ],
}  # fmt: skip
SARIF: dict[str, Any] = {
    "version": "2.1.0",
    "runs": [{
        "tool": {"driver": {"name": "pgrls", "version": "0.57.1", "rules": [{"id": "SEC001"}]}},
        "results": [{"ruleId": "SEC001", "ruleIndex": 0, "level": "error", "message": {"text": "boats has none."},
                     "suppressions": [{"kind": "external"}],
                     "locations": [{"logicalLocations": [{"fullyQualifiedName": "public.boats"}]}]}],
    }],
}  # fmt: skip
SPLINTER: list[dict[str, Any]] = [
    {"name": "rls_disabled_in_public", "title": "RLS Disabled in Public", "level": "ERROR", "facing": "EXTERNAL", "categories": ["SECURITY"],
     "description": "It is off.", "detail": "Table public.boats", "remediation": "https://example.com", "metadata": {"name": "boats"},
     "cache_key": "rls_disabled_in_public_public_boats"},
]  # fmt: skip
KNOWN: dict[str, tuple[str, str, Any, list[tuple[str, str, str]]]] = {
    "pgrls lint": ("pgrls", "0.57.1", LINT, [
        ("SEC001", "error", "public.boats"), ("PERF001", "warning", "public.boats.own"), ("HYG001", "info", "public.boats.own")]),
    "pgrls verify": ("pgrls", "0.57.1", VERIFY, [
        ("pgrls-anon-isolation", "error", "public.users"), ("pgrls-anon-isolation", "warning", "public.logs")]),
    "pgrls SARIF": ("pgrls", "0.57.1", SARIF, [("SEC001", "error", "public.boats")]),
    "splinter": ("splinter", "0" * 40, SPLINTER, [("rls_disabled_in_public", "error", "rls_disabled_in_public_public_boats")]),
    "splinter by the API": ("splinter", "v1.4.0", {"lints": SPLINTER}, [
        ("rls_disabled_in_public", "error", "rls_disabled_in_public_public_boats")]),
    "splinter, clean": ("splinter", "v1.4.0", [], []),
}  # fmt: skip


@pytest.mark.parametrize("name", KNOWN)
def test_known(name: str) -> None:
    tool, version, document, wanted = KNOWN[name]
    audit = read_audit(tool, version, json.dumps(document))

    assert [(f.rule, f.level, f.subject) for f in audit.findings] == wanted


def test_an_offline_run_says_what_it_skipped() -> None:
    assert read_audit("pgrls", "0.57.1", json.dumps(OFFLINE)).skipped == ("SEC013", "SEC014")


def changed(document: Any, change: Callable[[Any], Any]) -> Any:
    fresh = copy.deepcopy(document)
    return change(fresh) or fresh


REFUSED: dict[str, tuple[str, str, Any]] = {
    "another tool": ("rlsgrid", "0.5.7", LINT),
    "another version": ("pgrls", "0.58.0", LINT),
    "no version": ("pgrls", "", LINT),
    "splinter of no version": ("splinter", "latest", SPLINTER),
    "SARIF of another version": ("pgrls", "0.57.2", SARIF),
    "SARIF of another tool": (
        "pgrls",
        "0.57.1",
        changed(SARIF, lambda d: d["runs"][0]["tool"]["driver"].update(name="x")),
    ),
    "SARIF 3": ("pgrls", "0.57.1", {**SARIF, "version": "3.0"}),
    "SARIF without a run": ("pgrls", "0.57.1", {**SARIF, "runs": []}),
    "SARIF of a crash": (
        "pgrls",
        "0.57.1",
        changed(SARIF, lambda d: d["runs"][0].update(invocations=[{"executionSuccessful": False}])),
    ),
    "SARIF with a new level": (
        "pgrls",
        "0.57.1",
        changed(SARIF, lambda d: d["runs"][0]["results"][0].update(level="critical")),
    ),
    "a new key": ("pgrls", "0.57.1", {**LINT, "suppressed": []}),
    "a new key in a finding": ("pgrls", "0.57.1", changed(LINT, lambda d: d["violations"][0].update(waived=True))),
    "a new severity": ("pgrls", "0.57.1", changed(LINT, lambda d: d["violations"][0].update(severity="critical"))),
    "findings taken out": ("pgrls", "0.57.1", changed(LINT, lambda d: d["violations"].pop(0) and None)),
    "no findings at all": ("pgrls", "0.57.1", {"summary": LINT["summary"]}),
    "offline and silent about it": ("pgrls", "0.57.1", {**LINT, "schema_source": "sql"}),
    "a leak taken out": ("pgrls", "0.57.1", changed(VERIFY, lambda d: d["tables"].pop(1) and None)),
    "a new verdict": ("pgrls", "0.57.1", changed(VERIFY, lambda d: d["tables"][1].update(verdict="fine"))),
    "splinter's new level": ("splinter", "v1.4.0", [{**SPLINTER[0], "level": "FATAL"}]),
    "splinter's new column": ("splinter", "v1.4.0", [{**SPLINTER[0], "waived": True}]),
    "an error message": ("splinter", "v1.4.0", {"error": "permission denied"}),
    "a text": ("pgrls", "0.57.1", "clean"),
    "null": ("splinter", "v1.4.0", None),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    tool, version, document = REFUSED[name]
    with pytest.raises(UnknownOutputError) as refused:
        read_audit(tool, version, json.dumps(document))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "text", ["", "pgrls: connection refused", '{"violations": [], "violations": []}', "[" * 10_000, "[NaN]"]
)
def test_no_json(text: str) -> None:
    with pytest.raises(UnknownOutputError):
        read_audit("pgrls", "0.57.1", text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["violations", "summary", "runs", "tool", "results", "mode", "tables", "lints", "level"]), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(st.sampled_from(["pgrls", "splinter"]), JSON)
def test_any_document_is_read_or_refused(tool: str, document: Any) -> None:
    try:
        read_audit(tool, {"pgrls": "0.57.1"}.get(tool, "v1.0"), json.dumps(document))
    except UnknownOutputError as refused:
        assert "\n" not in str(refused)


GATE = 'version: 1\npolicy_version: "1"\nproject: t\npacks: [schema-audit, tenancy]\nevidence:\n  schema_audit: ["audits/*.json"]\n'
RECORD = {"id": "a", "tool": "pgrls", "toolversion": "0.57.1", "ranat": "2026-11-20T06:00:00Z", "commit": "1" * 40}


def rows(root: Path, record: dict[str, Any]) -> Any:
    (root / "audits").mkdir()
    (root / "audits" / "a.json").write_text(json.dumps(record), "utf-8")
    (root / "migrations").mkdir()
    (root / "migrations" / "1.sql").write_text(
        "CREATE TABLE boats (id uuid PRIMARY KEY, tenant_id uuid NOT NULL);", "utf-8"
    )
    (root / "gate.yaml").write_text(GATE, "utf-8")
    now = datetime(2026, 11, 22, tzinfo=UTC)
    tree = WorkTree(root)
    context = Context(
        tree=tree, root=root, policy=policy.load(tree), as_of=now, now=now, trust=None,  # type: ignore[arg-type]
        subject=Subject(project="t", commit="1" * 40),
    )  # fmt: skip
    return collect(context, {"schema_audit", "schema_state"}, lambda _: None)


def test_a_record_becomes_findings(tmp_path: Path) -> None:
    found = rows(tmp_path, {**RECORD, "output": json.dumps(OFFLINE)})
    (row,) = found["schema_audit"].rows
    (state,) = found["schema_state"].rows

    assert found["schema_audit"].coverage.unread == ()
    assert "output" not in row
    assert [f["rule"] for f in row["findings"]] == ["SEC001", "PERF001", "HYG001"]
    assert row["skipped"] == ["SEC013", "SEC014"]
    assert (state["commit"], state["tables"], state["sources"]) == ("1" * 40, 1, 1)
    assert len(state["digest"]) == 64


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, "it has no `output`"),
        ({"output": "{}", "toolversion": "9.9.9"}, "not known to this version"),
        ({"output": json.dumps(LINT), "findings": []}, "'findings' is the gate's to fill in"),
        ({"output": json.dumps({**LINT, "violations": []})}, "counts other findings"),
    ],
)
def test_a_record_that_is_not_understood_is_unread(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    evidence = rows(tmp_path, {**RECORD, **change})["schema_audit"]

    assert evidence.rows == ()
    assert [(u.path, said in u.reason) for u in evidence.coverage.unread] == [("audits/a.json", True)]


def test_examples_come_out_as_they_say(tmp_path: Path) -> None:
    (tmp_path / "gate.yaml").write_text(GATE, "utf-8")
    loaded = policy.load(WorkTree(tmp_path))

    assert failures([c for c in loaded.controls if c.pack == "schema-audit"], loaded.kinds) == []
