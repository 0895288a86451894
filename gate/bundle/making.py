"""Decision, evidence and attestations → the files of a release bundle. Pure: the same input gives the same bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from attestations.batches import STATEMENT_SUFFIX
from gate import bundle
from gate.bundle import bag, records
from gate.bundle.instructions import (
    BATCH_SECTION,
    LEDGER_SECTION,
    Example,
    argument,
    decision_section,
    policy_section,
    verify_md,
)
from gate.collect import batches
from gate.model import Decision, Descriptor, Evidence, Outcome, Policy, Severity

if TYPE_CHECKING:
    from attestations.signers import Signer
    from attestations.statements import Binding, Subject
    from attestations.trust import Trust
    from gate.panels import Drawn

_REPLAY = ("# decide again, from the evidence, policy and clock in here:", "gate replay . --trusted-keys KEYS.json")
VERIFIER_LEVELS = ("TENANTGATE_RELEASE_ALLOWED", "SLSA_BUILD_LEVEL_1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What a release bundle is made of, beside the decision and its policy.

    `attestations` are those made by this release, by name (`sbom`, `saasbom`, `provenance`, `verdict`, `test-result`,
    `policy`);
    `given` were made elsewhere. `attached` are files that evidence names by digest, such as drill journals. `ledger`
    are files for `data/ledger/`, by name.
    """

    attestations: Mapping[str, bytes]
    sbom: bytes
    saasbom: bytes | None = None
    given: Sequence[bytes] = ()
    attached: Sequence[bytes] = ()
    ledger: Mapping[str, bytes] = field(default_factory=dict)


def payload(
    decision: Decision,
    policy: Policy,
    material: Material,
    trust: Trust,
    *,
    panels: Sequence[Drawn] = (),
    keyless: bool,
) -> dict[str, bytes]:
    """Everything under `data/`, by path."""
    from attestations.envelope import read
    from attestations.statements import VSA, builder_of, parse

    names = [item.name for evidence in decision.evidence for item in evidence.materials]
    batched = [BATCH_SECTION] if any(map(batches.subject_of, names)) else []
    artifact = argument(decision.subject.artifacts[0].name if decision.subject.artifacts else "")
    files: dict[str, bytes] = {
        **reports(decision, panels),
        bundle.SBOM: material.sbom,
        "data/VERIFY.md": verify_md(
            f"what the release of {decision.subject.project} {decision.subject.version} was decided on",
            seal=bundle.RELEASE,
            commands=[f"gate verify . --trusted-keys KEYS.json --artifact {artifact}", *_REPLAY],
            example=Example(
                bundle.VERDICT,
                VSA,
                artifact,
                resource=resource_uri(decision.subject.project, str(decision.subject.version)),
                verifier=builder_of(parse(read(material.attestations["verdict"]).envelope.payload)),
            ),
            keyless=keyless,
            inside=[
                decision_section(artifact),
                policy_section(decision.tool_version),
                *([LEDGER_SECTION] if material.ledger else []),
                *batched,
            ],
        ),
    }
    if material.saasbom is not None:
        files[bundle.SAASBOM] = material.saasbom
    files |= {f"{bundle.ATTESTATIONS}/{name}.sigstore.json": data for name, data in material.attestations.items()}
    files |= {f"{bundle.GIVEN}/{bag.sha256(data)}.sigstore.json": data for data in material.given}
    files |= {f"{bundle.POLICY}/{name}": data for name, data in policy.files.items()}
    files |= {f"{bundle.LEDGER}/{name}": data for name, data in material.ledger.items()}
    files |= {f"{bundle.EVIDENCE_FILES}/{bag.sha256(data)}.json": data for data in material.attached}
    for evidence in decision.evidence:
        files[f"{bundle.EVIDENCE}/{evidence.kind}.json"] = records.write_evidence(evidence)
        digests = {item.name: item.sha256 for item in evidence.materials}
        for item in evidence.materials:
            if item.content is not None:
                files[f"{bundle.EVIDENCE_FILES}/{_file_name(item, digests)}"] = item.content
    files |= trust_files(trust)
    return files


def reports(decision: Decision, panels: Sequence[Drawn]) -> dict[str, bytes]:
    """The decision itself, its panels and its reports, by path."""
    from gate.report import REPORTS
    from gate.report.panels import document

    wanted = {bundle.DECISION: "json", **bundle.REPORTS}
    made = {path: REPORTS[name](decision, panels).encode() for path, name in wanted.items()}
    return {**made, bundle.PANELS: document(decision, panels).encode()}


def trust_files(trust: Trust) -> dict[str, bytes]:
    """The trusted keys and roots: for comparison and for tools, never to be believed because they lie here."""
    files: dict[str, bytes] = {}
    if trust.keys is not None:
        files["data/trust/trusted-keys.json"] = trust.keys.dump()
        for key in trust.keys.keys:
            name = hashlib.sha256(key.public.der).hexdigest()[:16]
            files[f"data/trust/{name}.pem"] = key.public.pem
    if trust.sigstore_root is not None:
        files["data/trust/trusted_root.json"] = trust.sigstore_root
    return files


def attached(evidence: Sequence[Evidence], candidates: Sequence[bytes]) -> list[bytes]:
    """Those of some files whose digest a record names in a field `…_sha256`: a drill's journal, for instance."""
    named = {
        value
        for item in evidence
        for row in item.rows
        for name, value in row.items()
        if name.endswith("_sha256") and isinstance(value, str)
    }
    return [data for data in candidates if bag.sha256(data) in named]


def _file_name(item: Descriptor, digests: Mapping[str, str]) -> str:
    """A digest and the ending of a record's file, nothing else of a name that somebody else chose.

    The statement about a batch of records lies beside its file and is called after it.
    """
    lines = batches.subject_of(item.name)
    if lines is not None and lines in digests:
        return f"{digests[lines]}{batches.ending(lines)}{STATEMENT_SUFFIX}"
    suffix = STATEMENT_SUFFIX if item.name.endswith(STATEMENT_SUFFIX) else batches.ending(item.name) or ".json"
    return f"{item.sha256}{suffix}"


def verdict_statements(
    decision: Decision,
    subjects: Sequence[Subject],
    binding: Binding,
    inputs: Mapping[str, bytes],
    verifier_id: str,
    *,
    rehearsed_at: datetime | None = None,
) -> dict[str, bytes]:
    """The decision as SLSA VSA v1 and as in-toto test-result v0.1, to be signed.

    Their time is the moment judged; for a decision under another clock it is `rehearsed_at`, the moment it was made.
    """
    from attestations.predicates import ResourceDescriptor, test_result, verification_summary
    from gate.report.outline import measurements

    descriptors = [
        ResourceDescriptor(uri=f"{name}.sigstore.json", digest={"sha256": bag.sha256(data)})
        for name, data in sorted(inputs.items())
    ]
    at = rehearsed_at if decision.as_of_overridden and rehearsed_at is not None else decision.as_of
    by = outcomes(decision)
    return {
        "verdict": verification_summary(
            subjects=subjects,
            binding=binding,
            verifier_id=verifier_id,
            tool_version=decision.tool_version,
            verified_at=at,
            resource_uri=resource_uri(decision.subject.project, str(decision.subject.version)),
            passed=decision.releasable,
            levels=VERIFIER_LEVELS,
            inputs=descriptors,
        ),
        "test-result": test_result(
            subjects=subjects,
            binding=binding,
            passed=by["passed"],
            warned=by["warned"],
            failed=by["failed"],
            measurements=measurements(decision),
            finished_at=at,
        ),
    }


def saasbom_of(decision: Decision, binding: Binding, *, rehearsed_at: datetime) -> bytes | None:
    """The integrations that the decision was about; its time is that of the verdict. Raises SbomError."""
    from gate.bundle.saasbom import saasbom

    return saasbom(
        decision.evidence, decision.subject, binding, as_of=decision.as_of,
        timestamp=rehearsed_at if decision.as_of_overridden else decision.as_of, tool_version=decision.tool_version,
    )  # fmt: skip


def resource_uri(project: str, version: str) -> str:
    """What a release is called in its VSA: a generic package URL."""
    return f"pkg:generic/{project}@{version}"


def outcomes(decision: Decision) -> dict[str, list[str]]:
    """The controls as in-toto test-result counts them: passed, warned (also: waived), failed (also: unknown)."""
    found: dict[str, list[str]] = {"passed": [], "warned": [], "failed": []}
    for result in decision.results:
        warned = result.outcome is Outcome.WAIVED or (
            result.outcome is not Outcome.PASS and result.level is Severity.WARN
        )
        found["failed" if result.blocks else "warned" if warned else "passed"].append(result.control.id)
    return found


def sealed(
    payload_files: Mapping[str, bytes],
    decision: Decision,
    signer: Signer,
    binding: Binding,
    trust: Trust,
    now: datetime,
) -> dict[str, bytes]:
    """The whole bundle: the payload, its BagIt manifests and the signature over them. `now` is the time of sealing."""
    from gate.reading import format_time

    label = f"{decision.subject.project}-{decision.subject.version}"
    files = bag.bagged(payload_files, organization=decision.subject.project, label=label, made=decision.as_of)
    secret = records.secret_of(files[bag.MANIFEST])
    record: dict[str, Any] = {
        "version": decision.subject.version,
        "verdict": str(decision.verdict),
        "releasable": decision.releasable,
        "decision_sha256": bag.sha256(files[bundle.DECISION]),
        "files": len(payload_files),
        "sealed_at": format_time(now),
        "policy_signer": decision.policy_signer,
        "evidence": {item.kind: records.commitment(secret, item) for item in decision.evidence},
    }
    return bag.sealed(files, bundle.RELEASE, record, signer, binding, trust, now)
