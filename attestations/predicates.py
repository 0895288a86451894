"""The predicates of our statements, made: SLSA provenance v1 and verification summary v1, CycloneDX, in-toto
test-result v0.1 and simple verification result v0.2, and evidence records of our own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any
from urllib.parse import quote

from attestations import strict_json
from attestations.refusal import Reason, Refused
from attestations.statements import (
    CYCLONEDX,
    EXTENSION,
    POLICY_NAME,
    PROPERTY,
    SLSA_PROVENANCE,
    SVR,
    TEST_RESULT,
    VSA,
    Binding,
    Subject,
    evidence_type,
    mapping,
    sequence,
    statement,
    timestamp,
)
from attestations.strict_json import shown


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceDescriptor:
    """Something a predicate refers to (in-toto ResourceDescriptor). `digest`: sha256, gitCommit … to hex."""

    name: str | None = None
    uri: str | None = None
    digest: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not (self.uri or self.digest):
            raise Refused(Reason.MALFORMED, f"resource {shown(self.name)}: a uri or a digest is needed")

    def to_json(self) -> dict[str, Any]:
        members = {
            "name": self.name,
            "uri": self.uri,
            "digest": dict(self.digest),
            "annotations": dict(self.annotations),
        }
        return {key: value for key, value in members.items() if value}


def provenance(
    *,
    subjects: Sequence[Subject],
    binding: Binding,
    builder_id: str,
    build_type: str,
    parameters: Mapping[str, Any],
    dependencies: Sequence[ResourceDescriptor],
    started_at: datetime,
    finished_at: datetime,
    byproducts: Sequence[ResourceDescriptor] = (),
    policy_uri: str | None = None,
) -> bytes:
    """SLSA provenance v1. `parameters` are the external ones (`source` …); the source commit goes to `dependencies`."""
    policy = policy_descriptor(binding, policy_uri)
    predicate = {
        "buildDefinition": {
            "buildType": build_type,
            "externalParameters": {**parameters, "policyBundle": {"uri": policy["uri"]}},
            "internalParameters": binding.to_json(),
            "resolvedDependencies": [policy, *(dependency.to_json() for dependency in dependencies)],
        },
        "runDetails": {
            "builder": {"id": builder_id},
            "metadata": {
                "invocationId": binding.pipeline_id,
                "startedOn": timestamp(started_at),
                "finishedOn": timestamp(finished_at),
            },
            **({"byproducts": [product.to_json() for product in byproducts]} if byproducts else {}),
        },
    }
    return statement(subjects, SLSA_PROVENANCE, predicate)


def verification_summary(
    *,
    subjects: Sequence[Subject],
    binding: Binding,
    verifier_id: str,
    tool_version: str,
    verified_at: datetime,
    resource_uri: str,
    passed: bool,
    levels: Sequence[str],
    inputs: Sequence[ResourceDescriptor] = (),
    policy_uri: str | None = None,
) -> bytes:
    """SLSA verification summary v1. `levels` are what was verified when it passed; a failed one says `FAILED`."""
    if passed and not levels:
        raise Refused(Reason.MALFORMED, "a passed verification summary names at least one verified level")
    predicate = {
        "verifier": {"id": verifier_id, "version": {"tenantgate": tool_version, "policy": binding.policy_version}},
        "timeVerified": timestamp(verified_at),
        "resourceUri": resource_uri,
        "policy": policy_descriptor(binding, policy_uri),
        "inputAttestations": [attestation.to_json() for attestation in inputs],
        "verificationResult": "PASSED" if passed else "FAILED",
        "verifiedLevels": list(levels) if passed else ["FAILED"],
        "slsaVersion": "1.1",
        **_extension(binding),
    }
    return statement(subjects, VSA, predicate)


def test_result(
    *,
    subjects: Sequence[Subject],
    binding: Binding,
    passed: Iterable[str],
    warned: Iterable[str],
    failed: Iterable[str],
    finished_at: datetime,
    measurements: Mapping[str, int] | None = None,  # noqa: PT028
    url: str | None = None,  # noqa: PT028
    policy_uri: str | None = None,  # noqa: PT028
) -> bytes:
    """In-toto test-result v0.1 with rule ids as tests. A run without any test is refused: it says nothing.

    `measurements` are counts that say what the result is worth, such as how much of the code was understood.
    """
    tests = {"passedTests": sorted(passed), "warnedTests": sorted(warned), "failedTests": sorted(failed)}
    if not any(tests.values()):
        raise Refused(Reason.MALFORMED, "a test result without a single test")
    predicate = {
        "result": "FAILED" if tests["failedTests"] else "WARNED" if tests["warnedTests"] else "PASSED",
        "configuration": [policy_descriptor(binding, policy_uri)],
        **tests,
        **({"url": url} if url else {}),
        **({EXTENSION + "measurements": dict(measurements)} if measurements else {}),
        **_extension(binding),
        EXTENSION + "finishedOn": timestamp(finished_at),
    }
    return statement(subjects, TEST_RESULT, predicate)


# pytest would otherwise collect it wherever a test module imports it by name.
test_result.__test__ = False  # type: ignore[attr-defined]


def simple_verification(
    *,
    subjects: Sequence[Subject],
    binding: Binding,
    verifier_id: str,
    created_at: datetime,
    properties: Sequence[str],
    policy_uri: str | None = None,
) -> bytes:
    """In-toto simple verification result v0.2: the properties that were found to hold, at least one."""
    if not properties:
        raise Refused(Reason.MALFORMED, "a simple verification result names at least one property")
    predicate = {
        "verifier": {"id": verifier_id, "policies": [policy_descriptor(binding, policy_uri)]},
        "timeCreated": timestamp(created_at),
        "properties": sorted(properties),
        **_extension(binding),
    }
    return statement(subjects, SVR, predicate)


def sbom_statement(*, subjects: Sequence[Subject], binding: Binding, sbom: Mapping[str, Any]) -> bytes:
    """A CycloneDX document as predicate, with the binding added to its `metadata.properties` (`sbom` is not changed).

    A document that already carries one of these properties is refused.
    """
    if sbom.get("bomFormat") != "CycloneDX":
        raise Refused(Reason.MALFORMED, "the SBOM does not say bomFormat CycloneDX")
    metadata = dict(mapping(sbom.get("metadata", {}), "metadata"))
    properties = sequence(metadata.get("properties", []), "metadata.properties")
    ours = ({"name": PROPERTY + name, "value": value} for name, value in binding.to_json().items())
    metadata["properties"] = [*properties, *ours]
    return statement(subjects, CYCLONEDX, {**sbom, "metadata": metadata})


def evidence_statement(
    kind: str, record: Mapping[str, Any], *, subjects: Sequence[Subject] = (), binding: Binding | None = None
) -> bytes:
    """An evidence record signed by whoever produced it; `subjects` default to the record itself.

    The predicate is `{"record": …, "binding": {…}}`. The binding is optional: a purge job does not know the policy.
    """
    predicate: dict[str, Any] = {"record": dict(record)}
    if binding is not None:
        predicate["binding"] = binding.to_json()
    if not subjects:
        try:
            subjects = (Subject(name=f"{kind}.json", sha256=sha256(strict_json.dumps(dict(record))).hexdigest()),)
        except strict_json.StrictJsonError as error:
            raise Refused(Reason.MALFORMED, f"{kind}: {error}") from None
    return statement(subjects, evidence_type(kind), predicate)


def policy_descriptor(binding: Binding, uri: str | None = None) -> dict[str, Any]:
    """The policy as an in-toto ResourceDescriptor; its URI defaults to a generic package URL with the version."""
    return ResourceDescriptor(
        name=POLICY_NAME,
        uri=uri or f"pkg:generic/tenantgate-policy@{quote(binding.policy_version, safe='')}",
        digest={"sha256": binding.policy_digest},
        annotations={"policyVersion": binding.policy_version},
    ).to_json()


def _extension(binding: Binding) -> dict[str, str]:
    return {EXTENSION + "pipelineId": binding.pipeline_id, EXTENSION + "signerIdentity": binding.signer_identity}
