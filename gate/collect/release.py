"""The release under judgement: its artifacts, their attestations as the verifier saw them, and their SBOMs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from attestations import statements
from attestations.refusal import Reason, Refused
from attestations.strict_json import shown
from attestations.verify import Verified, verify
from gate.bundle.checking import expect
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
    try:
        found = _verified(context, bundle)
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


def _verified(context: Context, bundle: bytes) -> Verified:
    """A bundle that says something of this release, for somebody who may say it. Raises Refused.

    What another tool made carries no binding to a policy. It counts for what it says, and its signer must be allowed to
    speak for the builder it names (SLSA v1.1, "Verifying artifacts", step 1).
    """
    found = verify(bundle, context.trust, expect(), now=context.now)
    artifacts = {artifact.sha256 for artifact in context.subject.artifacts}
    if not any(digests.get("sha256") in artifacts for _, digests in found.subjects):
        raise Refused(Reason.SUBJECT_MISMATCH, "it is about none of the artifacts of this release")
    builder = statements.builder_of(found.statement)
    if found.binding is None and builder is not None:
        allowed = context.policy.config.get("trust", {}).get("builders", ())
        if {"signer": found.signer_identity, "builder": builder} not in allowed:
            why = f"{shown(found.signer_identity)} may not speak for {shown(builder)}; if it may, list both in"
            raise Refused(Reason.BUILDER_NOT_ALLOWED, f"{why} trust.builders of gate.yaml")
    return found
