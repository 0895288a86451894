"""The report of a batch as an evidence record of the kind `ingest_report`, signed when there is a key.

A signed report is about the batch's files: they are the subjects of its statement, by SHA-256. So one signature makes
the report evidence, and the events in those files with it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from gate.ingest.manifest import Batch, Manifest, check
from gate.model import Policy, UndecidedError
from gate.writing import write_file

if TYPE_CHECKING:
    from attestations.signers import Signer
    from attestations.trust import Trust

KIND = "ingest_report"
_MAX_BYTES = 16 << 20


def write(manifest: Manifest, signer: Signer | None, trust: Trust, policy: Policy, now: datetime) -> Path:
    """Report every batch that has no report: the newest, and one whose run was stopped before it came to that.

    With a signer the accepted records are signed too (see `gate.ingest.sealing`). Returns the newest report's path;
    raises UndecidedError, and then the batch is ingested and its report still to be written.
    """
    from gate.ingest import sealing

    path = manifest.store
    for batch in manifest.batches:
        plain, signed = _paths(manifest.store, batch)
        path = signed if signed.exists() else plain
        if path.exists():
            continue
        if signer is None:
            write_file(plain, json.dumps(batch.report(), indent=2, sort_keys=True).encode() + b"\n")
            continue
        for file in batch.files:
            if (wrong := check(manifest, file)) is not None:
                raise UndecidedError(f"{file.name}: {wrong}; the batch {batch.id} was not signed")
        sealing.seal(manifest, batch, signer, trust, policy, now)
        write_file(signed, _signed(batch, signer, trust, now))
        path = signed
    return path


def _signed(batch: Batch, signer: Signer, trust: Trust, now: datetime) -> bytes:
    from attestations.refusal import Refused
    from attestations.signers import SignerError, sign_verified
    from attestations.statements import Subject, evidence_statement
    from attestations.trust import EVIDENCE

    subjects = tuple(Subject(name=f.name, sha256=f.sha256) for f in batch.files)
    try:
        statement = evidence_statement(KIND, batch.report(), subjects=subjects)
        return sign_verified(signer, statement, trust, usage=EVIDENCE, now=now)
    except (Refused, SignerError) as error:
        raise UndecidedError(f"the batch {batch.id} is ingested, but its report was not signed: {error}") from None


def _paths(store: Path, batch: Batch) -> tuple[Path, Path]:
    folder = store / KIND
    return folder / f"{batch.id}.json", folder / f"{batch.id}.sigstore.json"


def signers(manifest: Manifest, trust: Trust, now: datetime) -> Mapping[str, str]:
    """Who signed for each file of the store, by its SHA-256: those that a verified report names."""
    from attestations.refusal import Refused
    from attestations.verify import verify
    from gate.collect.records import evidence_expectation

    found: dict[str, str] = {}
    for batch in manifest.batches:
        _, signed = _paths(manifest.store, batch)
        if signed.is_symlink() or not signed.is_file():
            continue
        try:
            if signed.stat().st_size > _MAX_BYTES:
                continue
            verified = verify(signed.read_bytes(), trust, evidence_expectation(KIND), now=now)
        except (Refused, OSError):
            continue  # the records collector says so of the report itself
        if verified.statement["predicate"].get("record") != batch.report():
            continue
        named = [subject.get("digest", {}) for subject in verified.statement["subject"]]
        subjects = {digest["sha256"] for digest in named if "sha256" in digest}
        found |= {f.sha256: str(verified.signer_identity) for f in batch.files if f.sha256 in subjects}
    return found
