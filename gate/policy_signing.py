"""A policy as evidence: the statement that signs it, and who signed the policy that is about to decide."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from gate.model import GateError, Policy
from gate.signing import trust_of
from gate.tree import Tree

if TYPE_CHECKING:
    from attestations.signers import Signer
    from attestations.verify import Expectation

KIND = "policy"
"""Kind of the signed statement: `https://tenantgate.dev/evidence/policy/v1`, usage `tenantgate:policy`."""
SIGNATURE = "policy/policy.sigstore.json"
"""Where the signature lies unless gate.yaml says otherwise (`trust.policy_signature`). The digest does not cover it."""


def signature_path(policy: Policy) -> str:
    return str(policy.config.get("trust", {}).get("policy_signature", SIGNATURE))


def is_required(policy: Policy) -> bool:
    return bool(policy.config.get("trust", {}).get("require_signed_policy", False))


def sign(policy: Policy, signer: Signer, pipeline_id: str, now: datetime) -> bytes:
    """The signed statement that this is the policy: its digest, version, and the digest of every file of it."""
    from hashlib import sha256

    from attestations.predicates import evidence_statement
    from attestations.signers import sign_verified
    from attestations.statements import Binding, Subject
    from attestations.trust import POLICY
    from gate.reading import format_time

    record = {
        "project": policy.config["project"],
        "policy_version": policy.version,
        "policy_digest": policy.digest,
        "tool_version": policy.tool_version,
        "signed_at": format_time(now),
        "files": {name: sha256(data).hexdigest() for name, data in sorted(policy.files.items())},
    }
    binding = Binding(
        policy_version=policy.version,
        policy_digest=policy.digest,
        pipeline_id=pipeline_id,
        signer_identity=signer.identity,
    )
    statement = evidence_statement(
        KIND, record, subjects=[Subject(name="policy", sha256=policy.digest)], binding=binding
    )
    return sign_verified(signer, statement, trust_of(policy), usage=POLICY, now=now)


def expectation(policy_digest: str) -> Expectation:
    """What the signature of the policy with that digest must be."""
    from attestations.statements import evidence_type
    from attestations.trust import POLICY
    from attestations.verify import UNCHECKED, Expectation

    return Expectation(
        predicate_type=evidence_type(KIND),
        subjects=(policy_digest,),
        usage=POLICY,
        identity=UNCHECKED,
        issuer=UNCHECKED,
        policy_digest=policy_digest,
        pipeline_id=UNCHECKED,
        builders=UNCHECKED,
        predicate=UNCHECKED,
        max_age=UNCHECKED,
        require_timestamp=False,
        require_binding=True,
    )


def read_signature(policy: Policy, tree: Tree) -> bytes | None:
    """The signature file beside the policy, whatever it holds; None where there is none."""
    try:
        return tree.read(signature_path(policy), limit=4 << 20)
    except FileNotFoundError:
        return None


def signer_of(policy: Policy, tree: Tree, now: datetime) -> str | None:
    """Who signed this very policy with a key that it trusts for that; None when nobody did.

    Raises GateError when gate.yaml requires a signature and there is none that verifies.
    """
    from attestations.refusal import Refused
    from attestations.verify import verify

    path, required = signature_path(policy), is_required(policy)
    data = read_signature(policy, tree)
    if data is None:
        if required:
            raise GateError(f"{path}: missing; the policy must be signed: run `gate policy sign` and commit the file")
        return None
    try:
        return verify(data, trust_of(policy), expectation(policy.digest), now=now).signer_identity
    except Refused as refused:
        if required:
            raise GateError(
                f"{path}: does not sign this policy (sha256:{policy.digest[:12]}…): {refused}; run `gate policy sign`"
            ) from None
        return None
