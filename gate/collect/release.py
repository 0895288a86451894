"""The release under judgement: its artifacts, their attestations as the verifier saw them, and their SBOMs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from attestations import statements
from attestations.refusal import Refused
from attestations.trust import ATTESTATIONS
from attestations.verify import UNCHECKED, Expectation, verify
from gate.collect import Context
from gate.model import Coverage, Descriptor, Evidence, Row


def collect(context: Context) -> Iterable[Evidence]:
    """`release`: a row an artifact. `attestation`: a row a bundle, refused ones with their reason. `sbom`: as built."""
    subject, policy = context.subject, context.policy
    artifacts: tuple[Row, ...] = tuple(
        {
            "version": subject.version, "artifact": artifact.name, "artifact_sha256": artifact.sha256,
            "commit": subject.commit, "policy_version": policy.version, "policy_digest": policy.digest,
        }
        for artifact in subject.artifacts
    )  # fmt: skip
    yield Evidence(
        kind="release",
        rows=artifacts,
        coverage=Coverage(scope=f"{len(artifacts)} artifacts", numbers={"artifacts": len(artifacts)}),
        materials=tuple(Descriptor(name=a.name, sha256=a.sha256) for a in subject.artifacts),
    )
    rows = tuple(_row(context, name, bundle) for name, bundle in context.attestations)
    yield Evidence(
        kind="attestation",
        rows=rows,
        coverage=Coverage(
            scope=f"{len(rows)} bundles",
            numbers={"bundles": len(rows), "refused": sum(r.get("refused") is not None for r in rows)},
        ),
        materials=tuple(
            Descriptor(name=name, sha256=hashlib.sha256(bundle).hexdigest()) for name, bundle in context.attestations
        ),
    )
    yield Evidence(
        kind="sbom", rows=context.sboms, coverage=Coverage(scope=f"{len(context.sboms)} SBOMs made for this release")
    )


def _row(context: Context, name: str, bundle: bytes) -> Row:
    expectation = Expectation(
        predicate_type=UNCHECKED,
        subjects=UNCHECKED,
        usage=ATTESTATIONS,
        identity=UNCHECKED,
        issuer=UNCHECKED,
        policy_digest=UNCHECKED,
        pipeline_id=UNCHECKED,
        builders=UNCHECKED,
        predicate=UNCHECKED,
        max_age=UNCHECKED,
        require_timestamp=False,
        require_binding=True,
    )
    try:
        found = verify(bundle, context.trust, expectation, now=context.now)
    except Refused as refused:
        detail = str(refused)[:400]
        return {
            "path": name, "predicate_type": "unknown", "subjects": [], "refused": str(refused.code), "detail": detail,
            "verified": False,
        }  # fmt: skip
    binding = found.binding
    row: dict[str, object] = {
        "path": name,
        "predicate_type": found.predicate_type,
        "subjects": [{"name": n, "sha256": d["sha256"]} for n, d in found.subjects if "sha256" in d],
        "builder_id": statements.builder_of(found.statement),
        "verified": True,
        "signer": found.signer_identity,
        "signer_identity": found.signer_identity,
    }
    if binding is not None:
        row |= {
            "policy_version": binding.policy_version, "policy_digest": binding.policy_digest,
            "pipeline_id": binding.pipeline_id,
        }  # fmt: skip
    return row
