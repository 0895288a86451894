"""SaaSBOMs: valid by the official schema, equal bytes for equal services, and nothing of a service lost or made up."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attestations.sbom import BINDING, Data, SbomError, Service, build_services, validate

BOUND = {"policyVersion": "1", "policyDigest": "a" * 64, "pipelineId": "local", "signerIdentity": "ci@x.example"}
AT = datetime(2026, 11, 21, 12, tzinfo=UTC)
ONE = Service(
    ref="service:zendesk", name="zendesk", provider="Zendesk", endpoints=("https://b.example/", "https://a.example/"),
    authenticated=True, crosses=True, data=(Data(flow="outbound", classification="personal", name="ticket text"),),
    properties=(("tenantgate:owner", "support@x.example"),),
)  # fmt: skip
TWO = Service(ref="service:undeclared", name="undeclared")


def build(*services: Service, **changes: Any) -> bytes:
    given_: dict[str, Any] = {
        "name": "app", "version": "1.0", "binding": BOUND, "timestamp": AT, "tools": [("tenantgate", "1")], "complete": True,
    }  # fmt: skip
    return build_services(services, **{**given_, **changes})


def test_it_is_valid_and_says_what_is_known() -> None:
    data = build(ONE, TWO)
    validate(data)
    document = json.loads(data)

    assert document["services"] == [
        {"bom-ref": "service:undeclared", "name": "undeclared"},
        {
            "bom-ref": "service:zendesk", "name": "zendesk", "provider": {"name": "Zendesk"},
            "endpoints": ["https://a.example/", "https://b.example/"], "authenticated": True, "x-trust-boundary": True,
            "data": [{"flow": "outbound", "classification": "personal", "name": "ticket text"}],
            "properties": [{"name": "tenantgate:owner", "value": "support@x.example"}],
        },
    ]  # fmt: skip
    assert {p["name"] for p in document["metadata"]["properties"]} == {f"tenantgate:{name}" for name in BINDING}
    assert document["dependencies"] == [{"ref": "app@1.0", "dependsOn": ["service:undeclared", "service:zendesk"]}]


def test_order_does_not_matter_and_content_does() -> None:
    assert build(ONE, TWO) == build(TWO, ONE)
    numbers = {json.loads(build(*s))["serialNumber"] for s in ((ONE, TWO), (ONE,), (replace(ONE, crosses=False),), ())}
    assert len(numbers) == 4


def test_no_services_is_a_document_too_and_an_incomplete_one_says_so() -> None:
    validate(build())
    assert json.loads(build())["compositions"][0]["aggregate"] == "unknown"
    assert json.loads(build(complete=False))["compositions"][0]["aggregate"] == "incomplete"


@pytest.mark.parametrize(
    ("name", "services", "changes", "said"),
    [
        ("two of one name", (ONE, ONE), {}, "same reference"),
        ("the project's own", (replace(TWO, ref="app@1.0"),), {}, "same reference"),
        ("no zone", (), {"timestamp": datetime(2026, 1, 1)}, "time zone"),
        ("no binding", (), {"binding": {}}, "bound to exactly"),
        ("an empty binding", (), {"binding": {**BOUND, "pipelineId": " "}}, "must not be empty"),
        ("no name", (), {"name": ""}, "needs the project's name"),
        ("a lone surrogate", (replace(TWO, name="\ud800"),), {}, "not writable"),
    ],
)
def test_what_would_be_no_document_is_refused(
    name: str, services: tuple[Service, ...], changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(SbomError, match=said):
        build(*services, **changes)


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40))
def test_hostile_names_stay_values(text: str) -> None:
    service = Service(ref="service:x", name=text, provider=text, properties=(("tenantgate:owner", text),))
    data = build(service)
    validate(data)
    assert json.loads(data)["services"][0]["name"] == text
