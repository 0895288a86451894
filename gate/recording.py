"""Put an evidence record on record: check it against its schema, sign it, and store it whole."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from gate.model import GateError, Policy, Row
from gate.run import LOCAL_STORE, clock
from gate.signing import key_signer, trust_of
from gate.writing import write_new

if TYPE_CHECKING:
    from attestations.signers import Signer


def signer_for(key: Path, policy: Policy) -> Signer:
    """The evidence signer of a key file, in the identity the policy gives it."""
    from attestations.trust import EVIDENCE

    return key_signer(key, dict(os.environ), trust_of(policy), EVIDENCE)


def record(root: Path, kind: str, row: Row, signer: Signer, policy: Policy, *, store: Path | None = None) -> Path:
    """Sign one record and write `<store>/<kind>/<id>.sigstore.json`. Raises GateError when it does not fit its schema
    or its id is already taken by another record."""
    from attestations.refusal import Refused
    from attestations.signers import SignerError, sign_verified
    from attestations.statements import evidence_statement
    from attestations.trust import EVIDENCE
    from gate.reading import Schema

    if kind not in policy.kinds:
        raise GateError(f"{kind}: no pack of this policy defines this kind of evidence; enable its pack in gate.yaml")
    schema = Schema(policy.kinds[kind].schema, str(policy.kinds[kind].source))
    problems = schema.problems(dict(row))
    if problems:
        raise GateError(f"{kind} record: {problems[0].text}")
    target = (store or root / LOCAL_STORE) / kind / f"{row['id']}.sigstore.json"
    now, _ = clock(None)
    try:
        bundle = sign_verified(signer, evidence_statement(kind, row), trust_of(policy), usage=EVIDENCE, now=now)
    except (Refused, SignerError) as error:
        raise GateError(f"{kind}: the record could not be signed: {error}") from None
    if not write_new(target, bundle):
        raise GateError(f"{target}: the record {row['id']} exists; evidence is never overwritten")
    return target
