"""The operational packs: every example comes out as it says, and withholding, moving or post-dating proof never helps."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import pytest

from gate.model import Control, ControlResult, Example, Outcome, Policy, Row
from gate.trial import failures

RULES = Path(__file__).resolve().parents[2] / "rules"
PACKS = ("audit", "finops", "high-risk-ops", "integrations", "quotas", "regulatory", "revops", "slo", "tenant-zero")
FRAMEWORKS = {"SOC2", "ISO27001", "NIST-800-53"}
RUNBOOKS = {
    "high-risk-ops/runbooks/policy-change.md",
    "high-risk-ops/runbooks/destructive-migration.md",
    "revops/runbooks/design-partner-discount.md",
}

# The records, beside the places a violation points at, without which a failing example passes, and why that is no hole.
WITHHOLDING = {
    ("AUD001", "audit_event"): "of two records with one number either is the offence",
    (
        "AUD002",
        "audit_event",
    ): "without its predecessors a record is the first; where a stream begins is AUD001's question",
    ("AUD004", "audit_event"): "running backwards is said of two records; a missing one is AUD001's question",
    (
        "AUD005",
        "audit_checkpoint",
    ): "shrinking is said of two checkpoints; the newest one alone is held against the records",
    ("FIN003", "meter_event"): "the figures agree without it; the counts of its batch in FIN001 do not",
    ("FIN004", "invoice"): "of two invoices of one month either is the offence",
    ("FIN005", "cost_row"): "without the month before there is no delta; FIN003 has its events without a row",
    ("FIN006", "tenant_plan"): "made by the gate from gate.yaml; nobody reports it",
    ("HRO001", "high_risk_preflight"): "a withheld denial; the tenant's audit stream (AUD001) has the gap",
    ("HRO002", "high_risk_request"): "of two requests with one number either is the offence",
    ("HRO003", "high_risk_execution"): "that one person approved and executed is said of two records",
    ("HRO006", "high_risk_closure"): "what is not closed is not due yet; what was executed is due after a day",
    ("HRO006", "high_risk_execution"): "nothing was executed; its other events are orphans or show it",
    ("HRO007", "high_risk_closure"): "a bundle is judged when its request is closed",
    ("HRO007", "high_risk_rollback"): "what is not on record can't be left out; HRO008 has the failed step without it",
    ("HRO009", "business_period"): "made by the gate from the policy's calendar; nobody reports it",
    ("HRO010", "business_period"): "made by the gate from the policy's calendar; nobody reports it",
    ("HRO012", "high_risk_request"): "a tenant without high-risk actions need not be watched",
    ("HRO012", "side_door_attempt"): "nothing was attempted on that surface",
    ("HRO013", "policy_decision_count"): "a day without a count is not told from a day without runs",
    ("HRO015", "high_risk_execution"): "access that was never opened need not end",
    ("HRO017", "high_risk_approval"): "a withheld denial; the tenant's audit stream (AUD001) has the gap",
    ("QTA001", "tenant_limit"): "of two contradicting limits either is the offence",
    ("QTA002", "tenant_limit"): "of two contradicting limits either is the offence",
    ("REV002", "lead"): "of two leads with one contact either is the repetition",
    ("REV003", "lead_routing"): "of two receipts of one moment either is the offence",
    ("REV011", "lead"): "the figures agree without it; REV001 and the intake's count are about withheld leads",
    ("SLO004", "slo_measurement"): "a withheld bad window is a gap in SLO006",
    ("SLO005", "slo_measurement"): "a withheld bad window is a gap in SLO006",
    ("TZC001", "tenant"): "of two records of one tenant either is the offence",
    ("TZC002", "pack_activation"): "that bundles differ is said of two activations",
    ("TZC002", "tenant"): "that bundles differ is said of two tenants",
    ("TZC005", "admin_role"): "holding too many roles is said of all of them",
    ("TZC011", "receipt_schema"): "of two schemas under one name either is the offence",
    ("TZC013", "tenant_plan"): "made by the gate from gate.yaml; nobody reports it",
}
# Proof that may be post-dated or moved without the control noticing, and which one notices.
ELSEWHERE = {
    ("AUD001", "audit_event", "post-dated"): "AUD004",
    ("HRO007", "high_risk_approval", "post-dated"): "HRO014",
    ("HRO007", "high_risk_execution", "post-dated"): "HRO014",
    ("HRO007", "high_risk_preflight", "post-dated"): "HRO014",
    ("HRO007", "high_risk_receipt", "post-dated"): "HRO014",
    ("REV003", "lead", "post-dated"): "REV013",
    ("QTA006", "limit_probe", "another tenant's"): "none: the probe without a limit is of no tenant in particular",
}


class Asks(Protocol):
    def ask(self, control: Control, example: Example, records: Mapping[str, Sequence[Row]]) -> ControlResult: ...


@pytest.mark.parametrize("pack", ["slo"])
def test_the_quick_way_to_ask_agrees_with_the_real_one(
    loaded: Policy, controls: list[Control], asker: Asks, pack: str
) -> None:
    """`gate.trial` is run over every built-in pack by the tests of the policy; here one pack shows that both agree."""
    some = [control for control in controls if control.pack == pack]
    assert failures(some, loaded.kinds) == [] == _wrong(some, asker)


def test_every_example_comes_out_as_it_says(controls: list[Control], asker: Asks) -> None:
    assert _wrong(controls, asker) == []


def _wrong(controls: list[Control], asker: Asks) -> list[str]:
    wrong = []
    for control in controls:
        for example in control.examples:
            result = asker.ask(control, example, example.records)
            said = " | ".join(violation.message for violation in result.violations)
            passes = {Outcome.PASS: True, Outcome.FAIL: False}.get(result.outcome)
            if passes is not example.passes or (example.expect or "") not in said:
                wrong.append(f"{control.id}: {example.name}: {result.outcome}: {said}")
    return wrong


@pytest.mark.parametrize("pack", PACKS)
def test_a_pack_has_controls_and_says_what_it_does_not_check(
    loaded: Policy, controls: list[Control], pack: str
) -> None:
    assert sum(control.pack == pack for control in controls) >= 5
    assert loaded.limits[pack]
    assert {p.stem for p in (RULES / pack / "schemas").glob("*.json")} == {
        k.name for k in loaded.kinds.values() if k.pack == pack
    }


def test_controls_are_written_for_the_one_who_reads_the_finding(controls: list[Control]) -> None:
    for control in controls:
        failing = [e for e in control.examples if not e.passes]
        assert len(control.why) >= 40, control.id
        assert control.why.rstrip().endswith("."), control.id
        assert len(failing) >= 2, control.id
        assert any(e.expect for e in failing), control.id
        assert len({e.name for e in control.examples}) == len(control.examples), control.id
        assert {name.split(":")[0] for name in control.maps_to} <= FRAMEWORKS, control.id
        assert re.search(r"\{\w+\}", control.message), control.id


def test_every_kind_of_event_is_a_cloud_event_of_one_tenant_and_policy_version(
    loaded: Policy, controls: list[Control]
) -> None:
    names = {kind for control in controls for kind in control.evidence}
    events = [kind for name in names for kind in (loaded.kinds[name],) if "specversion" in kind.schema["properties"]]
    assert len(events) >= 20
    for kind in events:
        assert {"id", "source", "type", "time", "tenantid", "policyversion"} <= set(kind.schema["required"]), kind.name
        attributes = set(kind.schema["properties"]) - {"data"}
        assert all(re.fullmatch(r"[a-z0-9]{1,20}", name) for name in attributes), kind.name


def test_no_schema_takes_a_fraction_an_unknown_field_or_an_endless_string(
    loaded: Policy, controls: list[Control]
) -> None:
    for name in {kind for control in controls for kind in control.evidence}:
        for node in _nodes(loaded.kinds[name].schema):
            kinds = node.get("type", ())
            types = {kinds} if isinstance(kinds, str) else set(kinds)
            assert "number" not in types, name
            if "object" in types:
                assert node["additionalProperties"] is False, name
            if "integer" in types:
                assert {"minimum", "maximum"} <= set(node), name
            if "string" in types:
                assert {"maxLength", "pattern", "format", "enum"} & set(node), name


def _nodes(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield schema
    for node in schema.get("properties", {}).values():
        yield from _nodes(node)
    if "items" in schema:
        yield from _nodes(schema["items"])


def test_the_exemplar_runbooks_have_their_parts_and_name_only_controls_that_exist(loaded: Policy) -> None:
    for name in RUNBOOKS:
        text = (RULES / name).read_text("utf-8")
        for part in ("## Approval matrix", "## Steps", "## Evidence expected", "## Rollback", "## Playback"):
            assert part in text, f"{name}: {part}"
        for control_id in re.findall(r"\b[A-Z]{3}[0-9]{3}\b", text):
            assert loaded.control(control_id), f"{name}: {control_id}"


def test_withholding_a_record_never_turns_a_failure_into_a_pass(controls: list[Control], asker: Asks) -> None:
    """But for the offending record itself, which the violation points at, and the pairs named above."""
    helped = set()
    for control, example in _examples(controls, passes=False):
        records = {
            k: [{**r, "source_path": f"{k}/{n}"} for n, r in enumerate(rows)] for k, rows in example.records.items()
        }
        result = asker.ask(control, example, records)
        offending = {violation.location.path for violation in result.violations}
        for kind, number, row in _each(control, records):
            if row["source_path"] not in offending:
                less = _with(records, kind, number, [])
                if asker.ask(control, example, less).outcome is Outcome.PASS:
                    helped.add((control.id, kind))
    assert helped == set(WITHHOLDING)


def test_proof_of_another_tenant_of_the_future_or_unverified_is_no_proof(controls: list[Control], asker: Asks) -> None:
    """What a passing example can't do without must not be replaceable by the same record of elsewhere."""
    accepted, tried = set(), 0
    for control, example in _examples(controls, passes=True):
        for kind, number, row in _each(control, example.records):
            if asker.ask(control, example, _with(example.records, kind, number, [])).outcome is not Outcome.FAIL:
                continue
            for how, changed in _weakened(control, kind, row):
                tried += 1
                result = asker.ask(control, example, _with(example.records, kind, number, [changed]))
                if result.outcome is Outcome.PASS:
                    accepted.add((control.id, kind, how))
    assert tried > 100
    assert accepted == set(ELSEWHERE)


def _weakened(control: Control, kind: str, row: Row) -> Iterator[tuple[str, Row]]:
    if "tenantid" in row:
        yield "another tenant's", {**row, "tenantid": "elsewhere"}
    if control.evidence[kind].verified:
        yield "unverified", {**row, "verified": False}
    times = [
        n for n, v in row.items() if n != "recordedtime" and isinstance(v, str) and re.match(r"20\d\d-\d\d-\d\dT", v)
    ]
    if times:
        yield "post-dated", {**row, **{name: f"{int(row[name][:4]) + 10}{row[name][4:]}" for name in times}}


def test_hostile_text_in_a_record_is_text(controls: list[Control], asker: Asks) -> None:
    """Quotes, SQL, format fields and control characters in free text neither break a query nor a message."""
    hostile = "x'); DROP TABLE lead; -- {0} {subject.__class__} %s \n\u202e\x00"
    tried = 0
    first = {control.id: (control, example) for control, example in reversed([*_examples(controls, passes=False)])}
    for control, example in first.values():
        records = {
            k: [{n: _soil(v, hostile) for n, v in r.items()} for r in rows] for k, rows in example.records.items()
        }
        result = asker.ask(control, example, records)
        assert not any("Error" in reason for reason in result.reasons), (control.id, result.reasons)
        tried += 1
        assert all("{0}" in v.message for v in result.violations if "DROP TABLE" in v.message), control.id
    assert tried == len(controls)


def _soil(value: Any, hostile: str) -> Any:
    """Free text with spaces or an at sign gets the hostile tail; ids, digests, enums and times stay as they are."""
    if isinstance(value, dict):
        return {name: _soil(inner, hostile) for name, inner in value.items()}
    if isinstance(value, list):
        return [_soil(inner, hostile) for inner in value]
    return value + hostile if isinstance(value, str) and re.search(r"[ @/]", value) else value


def _examples(controls: list[Control], *, passes: bool) -> Iterator[tuple[Control, Example]]:
    for control in controls:
        for example in control.examples:
            if example.passes is passes:
                yield control, example


def _each(control: Control, records: Mapping[str, Sequence[Row]]) -> Iterator[tuple[str, int, Row]]:
    """The records that can be taken away without making the control UNKNOWN for want of evidence."""
    for kind, rows in records.items():
        if len(rows) > control.evidence[kind].minimum:
            for number, row in enumerate(rows):
                yield kind, number, row


def _with(
    records: Mapping[str, Sequence[Row]], kind: str, number: int, instead: Sequence[Row]
) -> dict[str, Sequence[Row]]:
    rows = records[kind]
    return {**records, kind: [*rows[:number], *instead, *rows[number + 1 :]]}
