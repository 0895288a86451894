"""Put evidence on record: check records against their schema, sign one or a whole file of them, and store it."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from gate.model import GateError, Policy, Row
from gate.run import LOCAL_STORE, clock
from gate.signing import key_signer, trust_of
from gate.writing import write_new

if TYPE_CHECKING:
    from attestations.signers import Signer

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@+-]{0,127}")
"""Ids that may be names of files as they are."""


def signer_for(key: Path, policy: Policy) -> Signer:
    """The evidence signer of a key file, in the identity the policy gives it."""
    from attestations.trust import EVIDENCE

    return key_signer(key, dict(os.environ), trust_of(policy), EVIDENCE)


def record(root: Path, kind: str, row: Row, signer: Signer, policy: Policy, *, store: Path | None = None) -> Path:
    """Sign one record and write `<store>/<kind>/<id>.sigstore.json`. Raises GateError when it does not fit its schema
    or its id is already taken by another record."""
    from attestations.predicates import evidence_statement
    from attestations.refusal import Refused
    from attestations.signers import SignerError, sign_verified
    from attestations.trust import EVIDENCE
    from gate.reading import Schema

    if kind not in policy.kinds:
        raise GateError(f"{kind}: no pack of this policy defines this kind of evidence; enable its pack in gate.yaml")
    schema = Schema(policy.kinds[kind].schema, str(policy.kinds[kind].source))
    problems = schema.problems(dict(row))
    if problems:
        raise GateError(f"{kind} record: {problems[0].text}")
    identity = str(row["id"])
    stem = identity if _PLAIN.fullmatch(identity) else hashlib.sha256(identity.encode()).hexdigest()
    target = (store or root / LOCAL_STORE) / kind / f"{stem}.sigstore.json"
    now, _ = clock(None)
    try:
        bundle = sign_verified(signer, evidence_statement(kind, row), trust_of(policy), usage=EVIDENCE, now=now)
    except (Refused, SignerError) as error:
        raise GateError(f"{kind}: the record could not be signed: {error}") from None
    if not write_new(target, bundle):
        raise GateError(f"{target}: the record {row['id']} exists; evidence is never overwritten")
    return target


def record_batch(
    root: Path,
    kind: str,
    file: Path,
    signer: Signer,
    policy: Policy,
    *,
    store: Path | None = None,
    producer: str | None = None,
    scope: str | None = None,
    time: str | None = None,
) -> tuple[Path, bytes]:
    """Sign a JSON Lines file (or `.gz` of one) as one batch and write it and its statement into `<store>/<kind>/`.

    `time` names the field that says when a record happened (default: by the schema). Where the file lies in that
    folder already, it stays. Returns the statement's path and bytes. Raises GateError when a record does not fit.
    """
    import io

    from attestations import batches
    from attestations.refusal import Refused
    from attestations.signers import SignerError, sign_verified
    from attestations.trust import EVIDENCE
    from gate.collect import batches as reading

    if kind not in policy.kinds:
        raise GateError(f"{kind}: no pack of this policy defines this kind of evidence; enable its pack in gate.yaml")
    definition = policy.kinds[kind]
    field = time or reading.time_field(definition)
    if field is not None and definition.schema.get("properties", {}).get(field, {}).get("format") != "date-time":
        raise GateError(f"--time-field {field}: no time of the kind {kind}")
    data = _whole(file)
    now, _ = clock(None)
    try:
        statement = batches.statement(
            io.BytesIO(data), name=file.name, kind=kind, schema_sha256=reading.schema_digest(definition),
            producer=producer or signer.identity, now=now, tenant_of=reading.tenant_of, time_field=field, scope=scope,
            examine=reading.examiner(definition),
        )  # fmt: skip
        bundle = sign_verified(signer, statement, trust_of(policy), usage=EVIDENCE, now=now)
        batch = batches.open_batch(bundle, trust_of(policy), now=now, kind=kind)
        for _ in reading.rows(batch, data, file.name):  # what nobody could read is not put on record
            pass
    except Refused as refused:
        raise GateError(f"{file}: {refused.message}") from None
    except SignerError as error:
        raise GateError(f"{kind}: the batch could not be signed: {error}") from None
    target = (store or root / LOCAL_STORE) / kind / file.name
    if not write_new(target, data) and target.read_bytes() != data:
        raise GateError(f"{target}: another file of this name exists; evidence is never overwritten")
    beside = target.with_name(f"{target.name}{batches.STATEMENT_SUFFIX}")
    if not write_new(beside, bundle):
        raise GateError(f"{beside}: the batch is on record already; evidence is never overwritten")
    return beside, bundle


def _whole(file: Path) -> bytes:
    from gate.collect import batches as reading

    if reading.ending(file.name) is None:
        raise GateError(f"{file}: a batch is named *{', *'.join((*reading.LINES, *reading.PACKED))}")
    if not file.is_file():
        raise GateError(f"{file}: no such file")
    with file.open("rb") as opened:
        data = opened.read(reading.MAX_BYTES + 1)
    if len(data) > reading.MAX_BYTES:
        raise GateError(f"{file}: more than {reading.MAX_BYTES:,} bytes; split it")
    return data
