"""Statements: bound to policy, pipeline and signer when made, readable by others, refused when they say nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attestations import predicates, statements, strict_json
from attestations.predicates import ResourceDescriptor
from attestations.refusal import Reason, Refused
from attestations.statements import Binding, Subject

KINDS = sorted(statements.BOUND_TYPES)
SUBJECT = Subject(name="app.whl", sha256="a" * 64)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_bound_is_read_back(bench: Any, kind: str) -> None:
    payload = bench.every_kind(bench.binding())[kind]
    document = statements.parse(payload)
    assert (document["_type"], document["predicateType"]) == (statements.STATEMENT_TYPE, kind)
    assert statements.read_binding(document) == bench.binding()
    assert statements.claimed_time(document) == bench.now
    assert strict_json.dumps(document) == payload


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_that_must_be_bound_is_made_unbound(kind: str) -> None:
    with pytest.raises(Refused) as refusal:
        statements.statement([SUBJECT], kind, {})
    assert refusal.value.code in (Reason.BINDING_MISSING, Reason.MALFORMED)


def test_only_the_bindings_that_can_be_read_are_written(bench: Any) -> None:
    for field in ("policy_version", "policy_digest", "pipeline_id", "signer_identity"):
        with pytest.raises(Refused) as refusal:
            bench.binding(**{field: ""})
        assert refusal.value.code is Reason.BINDING_MISSING
    for field, value in (
        ("policy_version", "1 2"),
        ("policy_version", "v" * 129),
        ("policy_version", "1\n"),
        ("policy_digest", "A" * 64),
        ("policy_digest", "sha256:" + "a" * 64),
        ("policy_digest", "a" * 64 + "\n"),
        ("pipeline_id", "a b"),
        ("pipeline_id", "a" * 1025),
        ("pipeline_id", "\x1b[31m"),
        ("signer_identity", "rеlease@summit.example"),
        ("signer_identity", "a\u200bb"),
    ):
        with pytest.raises(Refused) as refusal:
            bench.binding(**{field: value})
        assert refusal.value.code is Reason.BINDING_INVALID
        assert str(refusal.value).isprintable()


def test_each_way_of_signing_is_a_builder_of_its_own() -> None:
    assert len(set(statements.BUILDERS.values())) == len(statements.BUILDERS) == 3


def test_git_ids_stay_out_of_the_subjects(bench: Any) -> None:
    document = json.loads(bench.provenance())
    assert document["subject"] == [{"name": "app.whl", "digest": {"sha256": bench.artifact}}]
    policy, source = document["predicate"]["buildDefinition"]["resolvedDependencies"]
    assert source["digest"] == {"gitCommit": "c" * 40}
    assert policy == {
        "name": "policy-bundle",
        "uri": "pkg:generic/tenantgate-policy@2026.11.1",
        "digest": {"sha256": bench.policy},
        "annotations": {"policyVersion": "2026.11.1"},
    }
    with pytest.raises(Refused):
        Subject(name="commit", sha256="c" * 40)


def test_the_sboms_own_properties_stay_and_ours_are_added_once(bench: Any) -> None:
    sbom: dict[str, Any] = {
        "bomFormat": "CycloneDX",
        "metadata": {"properties": [{"name": "other:thing", "value": "1"}]},
    }
    payload = predicates.sbom_statement(subjects=[SUBJECT], binding=bench.binding(), sbom=sbom)
    properties = json.loads(payload)["predicate"]["metadata"]["properties"]
    assert properties[0] == {"name": "other:thing", "value": "1"}
    assert {p["name"]: p["value"] for p in properties[1:]} == {
        "tenantgate:policyVersion": "2026.11.1",
        "tenantgate:policyDigest": bench.policy,
        "tenantgate:pipelineId": bench.pipeline,
        "tenantgate:signerIdentity": bench.identity,
    }
    assert len(sbom["metadata"]["properties"]) == 1
    with pytest.raises(Refused) as refusal:
        predicates.sbom_statement(subjects=[SUBJECT], binding=bench.binding(), sbom=json.loads(payload)["predicate"])
    assert refusal.value.code is Reason.BINDING_INVALID


Make = Callable[[Binding], bytes]
SAYS_NOTHING: dict[str, Make] = {
    "a passed summary without levels": lambda bound: predicates.verification_summary(
        subjects=[SUBJECT],
        binding=bound,
        verifier_id="https://x.example",
        tool_version="1",
        verified_at=datetime.now(UTC),
        resource_uri="pkg:generic/app@1",
        passed=True,
        levels=[],
    ),
    "a test run without tests": lambda bound: predicates.test_result(
        subjects=[SUBJECT], binding=bound, passed=[], warned=[], failed=[], finished_at=datetime.now(UTC)
    ),
    "a result without properties": lambda bound: predicates.simple_verification(
        subjects=[SUBJECT], binding=bound, verifier_id="https://x.example", created_at=datetime.now(UTC), properties=[]
    ),
    "no subject": lambda bound: predicates.sbom_statement(subjects=[], binding=bound, sbom={"bomFormat": "CycloneDX"}),
    "1,025 subjects": lambda bound: predicates.sbom_statement(
        subjects=[SUBJECT] * 1025, binding=bound, sbom={"bomFormat": "CycloneDX"}
    ),
    "not an SBOM": lambda bound: predicates.sbom_statement(subjects=[SUBJECT], binding=bound, sbom={}),
    "a float": lambda bound: predicates.evidence_statement("drill_report", {"rto_seconds": 1.5}, binding=bound),
    "a record that is too deep": lambda bound: predicates.evidence_statement(
        "drill_report", json.loads('{"a":' * 64 + "1" + "}" * 64), binding=bound
    ),
    "a kind that is a path": lambda bound: predicates.evidence_statement("../x", {}, binding=bound),
    "a time without zone": lambda bound: predicates.test_result(
        subjects=[SUBJECT], binding=bound, passed=["A"], warned=[], failed=[], finished_at=datetime(2026, 11, 21)
    ),
}


@pytest.mark.parametrize("make", SAYS_NOTHING.values(), ids=SAYS_NOTHING)
def test_statements_that_say_nothing_are_not_made(bench: Any, make: Make) -> None:
    with pytest.raises(Refused):
        make(bench.binding())


def test_a_failed_summary_says_so(bench: Any) -> None:
    payload = predicates.verification_summary(
        subjects=[SUBJECT],
        binding=bench.binding(),
        verifier_id="https://x.example",
        tool_version="1",
        verified_at=bench.now,
        resource_uri="pkg:generic/app@1",
        passed=False,
        levels=["TENANTGATE_RELEASE"],
        inputs=[ResourceDescriptor(uri="provenance.sigstore.json", digest={"sha256": "a" * 64})],
    )
    predicate = json.loads(payload)["predicate"]
    assert (predicate["verificationResult"], predicate["verifiedLevels"]) == ("FAILED", ["FAILED"])


@pytest.mark.parametrize(
    ("warned", "failed", "result"), [([], [], "PASSED"), (["B"], [], "WARNED"), (["B"], ["C"], "FAILED")]
)
def test_the_result_of_a_test_run_is_its_worst(bench: Any, warned: list[str], failed: list[str], result: str) -> None:
    payload = predicates.test_result(
        subjects=[SUBJECT],
        binding=bench.binding(),
        passed=["A"],
        warned=warned,
        failed=failed,
        finished_at=bench.now,
        url="https://ci.example/1",
    )
    predicate = json.loads(payload)["predicate"]
    assert predicate["result"] == result
    assert predicate["url"] == "https://ci.example/1"


def test_evidence_is_about_itself_and_bound_only_if_its_producer_knows_the_policy(bench: Any) -> None:
    record = {"id": "drill-1", "rto_seconds": 840}
    free = statements.parse(predicates.evidence_statement("drill_report", record))
    assert free["predicateType"] == "https://tenantgate.dev/evidence/drill_report/v1"
    assert free["predicate"] == {"record": record}
    assert len(free["subject"][0]["digest"]["sha256"]) == 64
    with pytest.raises(Refused) as refusal:
        statements.read_binding(free)
    assert refusal.value.code is Reason.BINDING_MISSING
    bound = statements.parse(predicates.evidence_statement("drill_report", record, binding=bench.binding()))
    assert statements.read_binding(bound) == bench.binding()


@pytest.mark.parametrize("kind", KINDS)
def test_countersigning_changes_the_signer_and_nothing_else(bench: Any, kind: str) -> None:
    payload = bench.every_kind(bench.binding())[kind]
    other = statements.for_signer(payload, "auditor@summit.example")
    assert statements.read_binding(statements.parse(other)).signer_identity == "auditor@summit.example"
    assert statements.for_signer(other, bench.identity) == payload
    assert other == payload.replace(bench.identity.encode(), b"auditor@summit.example")


def test_countersigning_evidence(bench: Any) -> None:
    payload = predicates.evidence_statement("drill_report", {"id": "d"}, binding=bench.binding())
    assert b"auditor@summit.example" in statements.for_signer(payload, "auditor@summit.example")


def test_a_resource_that_says_nothing(bench: Any) -> None:
    with pytest.raises(Refused):
        ResourceDescriptor(name="something")


def test_other_libraries_accept_the_shape(bench: Any) -> None:
    """sigstore-python validates a Statement before it signs one; what it would not sign must not be made."""
    from sigstore.dsse import Statement

    for payload in bench.every_kind(bench.binding()).values():
        assert Statement(payload)._contents == payload


@given(st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=14)), timezone(-timedelta(minutes=90))])))
def test_times_survive_in_whole_seconds(moment: datetime) -> None:
    try:
        text = statements.timestamp(moment)
    except OverflowError:
        return  # year 1 or 9999 beyond UTC
    assert statements.parse_time(text) == moment.astimezone(UTC).replace(microsecond=0)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-21",
        "2026-11-21T12:00:00",
        "2026-11-21 12:00:00Z",
        "2026-11-21T12:00Z",
        "2026-11-21T12:00:60Z",
        "2026-13-01T00:00:00Z",
        "2026-11-21T12:00:00.Z",
        "2026-11-21T12:00:00+2500",
        "2026-W47-6T12:00:00Z",
        "2026-11-21T12:00:00Z\n",
        "٢٠٢٦-11-21T12:00:00Z",
        "",
        None,
        1763726400,
    ],
)
def test_times_that_are_not_times(text: object) -> None:
    with pytest.raises(Refused):
        statements.parse_time(text)


def test_a_time_with_offset_and_fraction() -> None:
    assert statements.parse_time("2026-11-21T13:30:00.5+01:30") == datetime(2026, 11, 21, 12, 0, 0, 500000, UTC)
