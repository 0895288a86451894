"""What is made from a release bundle and linked to it: a signed reference to the original, and a seal of its own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from attestations import statements
from gate import bundle
from gate.bundle import bag
from gate.bundle.refusal import BundleError, Code

if TYPE_CHECKING:
    from attestations.signers import Signer
    from attestations.trust import Trust
    from gate.bundle.checking import Verification

REFERENCE: Final = f"{bundle.ATTESTATIONS}/reference.sigstore.json"
REFERENCE_TYPE: Final = "https://in-toto.io/attestation/reference/v0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """The release bundle something is made from: the digest of its tag manifest, and the policy it is bound to."""

    digest: str
    policy_version: str
    policy_digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hand:
    """Who makes it, where and when: the signer with the builder.id of its way of signing, the run, and the clock."""

    signer: Signer
    builder_id: str
    pipeline_id: str
    trust: Trust
    now: datetime


def about_release(files: Mapping[str, bytes], decision: Mapping[str, Any]) -> dict[str, Any]:
    """Which full bundle something was derived from, and what was decided there."""
    return {
        "digest": bag.sha256(files[bag.TAG_MANIFEST]),
        "version": decision["subject"]["version"],
        "as_of": decision["as_of"],
        "verdict": decision["verdict"],
        "releasable": decision["releasable"],
        "policy": {"version": decision["policy"]["version"], "digest": decision["policy"]["digest"]},
    }


def sealed(
    made: Mapping[str, bytes], *, document: str, kind: str, record: Mapping[str, Any], label: str, original: Original,
    hand: Hand,
) -> dict[str, bytes]:  # fmt: skip
    """The whole bundle: the payload, a reference from its main document to the original, manifests and seal."""
    from attestations.signers import sign_verified
    from attestations.statements import Binding, Subject
    from attestations.trust import ATTESTATIONS

    reference = statements.statement(
        [Subject(name=document.rsplit("/", 1)[-1], sha256=bag.sha256(made[document]))],
        REFERENCE_TYPE,
        {
            "attester": {"id": hand.builder_id},
            "references": [{"name": bag.TAG_MANIFEST, "digest": {"sha256": original.digest}}],
        },
    )
    signed = sign_verified(hand.signer, reference, hand.trust, usage=ATTESTATIONS, now=hand.now)
    files = bag.bagged({**made, REFERENCE: signed}, organization="", label=label, made=hand.now)
    binding = Binding(
        policy_version=original.policy_version,
        policy_digest=original.policy_digest,
        pipeline_id=hand.pipeline_id,
        signer_identity=hand.signer.identity,
    )
    complete = {**record, "release_digest": original.digest, "sealed_at": statements.timestamp(hand.now)}
    return bag.sealed(files, kind, complete, hand.signer, binding, hand.trust, hand.now)


def check_reference(v: Verification, document: str) -> str:
    """The signed reference leads from this document to the bundle that the seal names."""
    wanted = (bag.sha256(v.file(document)),)
    found = v.attested(REFERENCE, REFERENCE_TYPE, wanted, identity=v.sealed.signer_identity)
    digests = [item["digest"]["sha256"] for item in found.statement["predicate"]["references"]]
    if digests != [v.record["release_digest"]]:
        raise BundleError(Code.PREDICATE_MISMATCH, "the reference is to another bundle")
    return f"to the release bundle sha256:{digests[0]}"


def full(v: Verification) -> Mapping[str, bytes] | None:
    """The files of the original, when the one who verifies gave it. Raises BundleError when it is another one."""
    found = v.question.against
    if found is not None and bag.sha256(found[bag.TAG_MANIFEST]) != v.record["release_digest"]:
        raise BundleError(Code.SUBJECT_MISMATCH, "made from another bundle than the one it is compared with")
    return found


def write_json(value: Any) -> bytes:
    """A document of ours: sorted keys, ASCII, one newline at the end."""
    return (json.dumps(value, indent=1, sort_keys=True, ensure_ascii=True, allow_nan=False) + "\n").encode()
