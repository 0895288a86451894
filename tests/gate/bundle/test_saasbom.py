"""The SaaSBOM of a release: compiled from the sealed evidence, signed, and compiled again by whoever replays."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gate import bundle, policy
from gate.bundle import replaying
from gate.bundle.saasbom import services
from gate.model import Coverage, Evidence, Policy
from gate.tree import WorkTree

RULES = Path(__file__).parents[3] / "rules/integrations/schemas"
AS_OF = datetime(2026, 11, 21, 12, tzinfo=UTC)


def example(kind: str, **changes: Any) -> dict[str, Any]:
    row: dict[str, Any] = json.loads((RULES / f"{kind}.json").read_text("utf-8"))["examples"][0]
    return {**row, "verified": True, **changes}


def rows(**changes: Any) -> dict[str, Any]:
    kinds = ("integration_profile", "integration_state", "integration_check")
    return {kind: changes.get(kind, [example(kind)]) for kind in kinds}


def properties(service: Any, name: str) -> set[str]:
    return {value for key, value in service.properties if key == f"tenantgate:{name}"}


def test_a_declared_active_and_checked_integration() -> None:
    (found,) = services(rows(), AS_OF)

    assert (found.name, found.provider, found.authenticated, found.crosses) == ("zendesk", "Zendesk", True, True)
    assert found.endpoints == ("https://summit.zendesk.example/api/v2",)
    assert properties(found, "scope") == {"tickets:read", "tickets:write"}
    assert properties(found, "granted_scope") == {"summit-internal: tickets:read"}
    assert properties(found, "state") == {"summit-internal: production as of 2026-11-21T06:00:00Z"}
    assert properties(found, "auth") == {"oauth2 clientCredentials"}
    assert len(properties(found, "last_check")) == 1
    assert properties(found, "declared") == {"yes"}


def test_one_that_nobody_declared_is_in_it_and_says_so() -> None:
    (found,) = services(rows(integration_profile=[]), AS_OF)

    assert properties(found, "declared") == {"no"}
    assert (found.authenticated, found.crosses, found.provider) == (None, None, None)


def test_the_newest_verified_observation_counts() -> None:
    states = [
        example("integration_state"),
        example("integration_state", id="later", observed_at="2026-11-21T07:00:00Z", active=False),
        example("integration_state", id="future", observed_at="2027-01-01T00:00:00Z"),
        example("integration_state", id="unsigned", observed_at="2026-11-21T08:00:00Z", verified=False),
    ]
    (found,) = services(rows(integration_state=states), AS_OF)

    assert properties(found, "state") == {"summit-internal: inactive as of 2026-11-21T07:00:00Z"}


@pytest.fixture(scope="module")
def loaded(works: Any) -> Policy:
    tree = WorkTree(works.root)
    files = {path: tree.read(path) for path in tree.paths()}
    config = files["gate.yaml"].decode().replace("supply-chain]", "tenant-zero, integrations]")
    return policy.load(replaying.Files({**files, "gate.yaml": config.encode()}, "work tree"))


def made(works: Any, loaded: Policy) -> dict[str, bytes]:
    evidence = [
        Evidence(kind=kind, rows=tuple({**row, "verified": False} for row in found), coverage=Coverage(scope="test"))
        for kind, found in rows().items()
    ]
    found: dict[str, bytes] = works.release([{"id": "one", "count": 1}], policy=loaded, more=evidence)
    return found


def test_it_is_in_the_bundle_signed_and_comes_out_the_same(works: Any, loaded: Policy) -> None:
    files = made(works, loaded)

    (service,) = json.loads(files[bundle.SAASBOM])["services"]
    assert service["name"] == "zendesk"
    assert bundle.SAASBOM_ATTESTATION in files
    report = works.check(files)
    assert report.authentic, [check for check in report.checks if not check.held]
    assert replaying.replay(files) == ()


def test_one_that_says_something_else_is_found_out(works: Any, loaded: Policy) -> None:
    files = made(works, loaded)
    changed = {**files, bundle.SAASBOM: files[bundle.SAASBOM].replace(b"Zendesk", b"Zandesk")}

    assert replaying.replay(changed) == (
        "data/saasbom.cdx.json/services/0/provider/name: recorded 'Zandesk', repeated 'Zendesk'",
    )


@pytest.mark.parametrize("path", [bundle.SAASBOM, bundle.SAASBOM_ATTESTATION])
def test_leaving_it_out_does_not_verify(works: Any, loaded: Policy, path: str) -> None:
    def without(payload: dict[str, bytes]) -> dict[str, bytes]:
        return {name: data for name, data in payload.items() if name != path}

    evidence = [Evidence(kind=k, rows=(), coverage=Coverage(scope="test")) for k in rows()]
    files = works.release(changes=without, policy=loaded, more=evidence)
    report = works.check(files)

    assert [check.name for check in report.checks if not check.held] == ["SaaSBOM (CycloneDX)"]


def test_a_release_without_integrations_has_none(released: Any) -> None:
    assert bundle.SAASBOM not in released.files
