"""Decision, evidence and attestations → the files of a release bundle."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from gate import bundle
from gate.model import Decision, Evidence, Outcome, Policy, Severity

if TYPE_CHECKING:
    from attestations.signers import Signer
    from attestations.statements import Binding, Subject
    from attestations.trust import Trust

VERIFIER_LEVELS = ("TENANTGATE_RELEASE_ALLOWED", "SLSA_BUILD_LEVEL_1")


def payload(
    decision: Decision, policy: Policy, attestations: Mapping[str, bytes], sbom: bytes, trust: Trust, project: str
) -> dict[str, bytes]:
    """Everything under `data/`, by path."""
    from gate.report import REPORTS

    files: dict[str, bytes] = {
        bundle.DECISION: REPORTS["json"](decision).encode(),
        bundle.SBOM: sbom,
        "data/reports/report.txt": REPORTS["text"](decision).encode(),
        "data/reports/report.html": REPORTS["html"](decision).encode(),
        "data/reports/report.sarif": REPORTS["sarif"](decision).encode(),
        "data/VERIFY.md": _verify_md(decision, project).encode(),
    }
    files |= {f"{bundle.ATTESTATIONS}/{name}.sigstore.json": data for name, data in attestations.items()}
    files |= {f"data/policy/{name}": data for name, data in policy.files.items()}
    for evidence in decision.evidence:
        files[f"data/evidence/{evidence.kind}.json"] = evidence_json(evidence)
        for material in evidence.materials:
            if material.content is not None:
                files[f"data/evidence/files/{material.sha256}{_suffix(material.name)}"] = material.content
    if trust.keys is not None:
        files["data/trust/trusted-keys.json"] = trust.keys.dump()
        for key in trust.keys.keys:
            name = hashlib.sha256(key.public.der).hexdigest()[:16]
            files[f"data/trust/{name}.pem"] = key.public.pem
    if trust.sigstore_root is not None:
        files["data/trust/trusted_root.json"] = trust.sigstore_root
    return files


def _suffix(name: str) -> str:
    """The ending of a record's file, nothing else of a name that somebody else chose."""
    return ".sigstore.json" if name.endswith(".sigstore.json") else ".json"


def evidence_json(evidence: Evidence) -> bytes:
    """One kind of evidence as canonical JSON: rows, coverage and materials, enough to ask the controls again."""
    document = {
        "kind": evidence.kind,
        "rows": [dict(row) for row in evidence.rows],
        "coverage": {
            "scope": evidence.coverage.scope,
            "numbers": dict(evidence.coverage.numbers),
            "unread": [{"path": u.path, "line": u.line, "reason": u.reason} for u in evidence.coverage.unread],
        },
        "materials": [{"name": m.name, "sha256": m.sha256} for m in evidence.materials],
    }
    return (json.dumps(document, indent=1, sort_keys=True, ensure_ascii=True) + "\n").encode()


def verdict_statements(
    decision: Decision, subjects: Sequence[Subject], binding: Binding, inputs: Mapping[str, bytes], verifier_id: str
) -> dict[str, bytes]:
    """The decision as SLSA VSA v1 and as in-toto test-result v0.1, to be signed."""
    from attestations.statements import ResourceDescriptor, test_result, verification_summary

    descriptors = [
        ResourceDescriptor(uri=f"{name}.sigstore.json", digest={"sha256": hashlib.sha256(data).hexdigest()})
        for name, data in sorted(inputs.items())
    ]
    passed: list[str] = []
    warned: list[str] = []
    failed: list[str] = []
    for result in decision.results:
        if result.blocks:
            failed.append(result.control.id)
        elif result.outcome in (Outcome.PASS, Outcome.WAIVED):
            (passed if result.outcome is Outcome.PASS else warned).append(result.control.id)
        elif result.level is Severity.WARN:
            warned.append(result.control.id)
        else:
            passed.append(result.control.id)
    return {
        "verdict": verification_summary(
            subjects=subjects,
            binding=binding,
            verifier_id=verifier_id,
            tool_version=decision.tool_version,
            verified_at=decision.as_of,
            resource_uri=f"pkg:generic/{decision.subject.project}@{decision.subject.version}",
            passed=decision.releasable,
            levels=VERIFIER_LEVELS,
            inputs=descriptors,
        ),
        "test-result": test_result(
            subjects=subjects,
            binding=binding,
            passed=passed,
            warned=warned,
            failed=failed,
            finished_at=decision.as_of,
        ),
    }


def sealed(
    files: Mapping[str, bytes], decision: Decision, signer: Signer, binding: Binding, trust: Trust, now: datetime
) -> dict[str, bytes]:
    """The whole bundle: the payload, its BagIt manifests and the signature over them."""
    from attestations.signers import sign_verified
    from attestations.statements import Subject, evidence_statement
    from attestations.trust import ATTESTATIONS

    total = sum(len(data) for data in files.values())
    tags = {
        "bagit.txt": b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n",
        "bag-info.txt": (
            f"Source-Organization: {decision.subject.project}\n"
            f"External-Identifier: {decision.subject.version}\n"
            f"Bagging-Date: {decision.as_of.date().isoformat()}\n"
            f"Payload-Oxum: {total}.{len(files)}\n"
        ).encode(),
        bundle.MANIFEST: manifest(files),
    }
    tag_manifest = manifest(tags)
    record: dict[str, Any] = {
        "version": decision.subject.version,
        "verdict": str(decision.verdict),
        "releasable": decision.releasable,
        "decision_sha256": hashlib.sha256(files[bundle.DECISION]).hexdigest(),
        "files": len(files),
    }
    statement = evidence_statement(
        bundle.BUNDLE_KIND,
        record,
        subjects=[Subject(name=bundle.TAG_MANIFEST, sha256=hashlib.sha256(tag_manifest).hexdigest())],
        binding=binding,
    )
    seal = sign_verified(signer, statement, trust, usage=ATTESTATIONS, now=now)
    return {**files, **tags, bundle.TAG_MANIFEST: tag_manifest, bundle.SIGNATURE: seal}


def manifest(files: Mapping[str, bytes]) -> bytes:
    """A BagIt manifest, which is also what `sha256sum -c` reads."""
    return "".join(f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in sorted(files.items())).encode()


def _verify_md(decision: Decision, project: str) -> str:
    artifact = decision.subject.artifacts[0].name if decision.subject.artifacts else "ARTIFACT"
    return f"""# How to check this bundle

It holds what the release of {project} {decision.subject.version} was decided on. Nothing in it has to be believed:
check the signatures with trusted keys that you got from somewhere else than this folder.

With the gate (offline):

    gate verify . --trusted-keys KEYS.json --artifact {artifact}

With coreutils and OpenSSL. The manifests first, then the signature over them:

    sha256sum -c tagmanifest-sha256.txt && sha256sum -c manifest-sha256.txt
    jq -r .dsseEnvelope.payload bundle.sigstore.json | base64 -d > payload.json
    jq -r '.dsseEnvelope.signatures[0].sig' bundle.sigstore.json | base64 -d > payload.sig
    {{ printf 'DSSEv1 28 application/vnd.in-toto+json %s ' "$(wc -c < payload.json)"; cat payload.json; }} > payload.pae
    openssl dgst -sha256 -verify PUBLIC-KEY.pem -signature payload.sig payload.pae
    jq -r '.subject[0].digest.sha256' payload.json    # is the digest of tagmanifest-sha256.txt

With cosign, for a single attestation:

    cosign verify-blob-attestation --key PUBLIC-KEY.pem --bundle data/attestations/verdict.sigstore.json \\
      --insecure-ignore-tlog --type https://slsa.dev/verification_summary/v1 {artifact}

The policy digest is the SHA-256 of the `sha256sum` lines of `data/policy/` (paths without that prefix, sorted) and
then the line `tenantgate {decision.tool_version}`.
"""
