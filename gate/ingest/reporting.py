"""The report of a batch as an evidence record of the kind `ingest_report`, signed when there is a key.

A signed report is about the batch as it stands in the manifest, with the SHA-256 of each of its files: that is the
subject of its statement. So one signature makes the report evidence, and the events in those files with it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gate.ingest import attesting
from gate.ingest.manifest import ATTESTATIONS, NAME, REWRITTEN, Batch, Manifest, batch_digest, check
from gate.model import Policy, UndecidedError
from gate.writing import write_file

if TYPE_CHECKING:
    from attestations.signers import Signer
    from attestations.trust import Trust

KIND = "ingest_report"
REWRITE = "ingest_rewrite"
_MAX_BYTES = 16 << 20


def write(manifest: Manifest, signer: Signer | None, trust: Trust, policy: Policy, now: datetime) -> Path:
    """Report every batch that has no report: the newest, and one whose run was stopped before it came to that.

    With a signer the accepted records are signed too (see `gate.ingest.sealing`). Returns the newest report's path;
    raises UndecidedError, and then the batch is ingested and its report still to be written.
    """
    from gate.ingest import sealing

    path = manifest.store
    counting = {file.name for _, file in manifest.files()}
    for batch in manifest.batches:
        if batch.rewrites:  # it took nothing in; where it was signed, that was before it counted
            continue
        plain, signed = _paths(manifest.store, batch)
        path = signed if signed.exists() else plain
        if path.exists():
            continue
        if signer is None:
            write_file(plain, json.dumps(batch.report(), indent=2, sort_keys=True).encode() + b"\n")
            continue
        left = replace(batch, files=tuple(file for file in batch.files if file.name in counting))
        for file in left.files:
            if (wrong := check(manifest, file)) is not None:
                raise UndecidedError(f"{file.name}: {wrong}; the batch {batch.id} was not signed")
        sealing.seal(manifest, left, signer, trust, policy, now)
        write_file(signed, _signed(batch.report(), batch, signer, trust, now))
        path = signed
    return path


def _signed(record: Mapping[str, Any], batch: Batch, signer: Signer, trust: Trust, now: datetime) -> bytes:
    from attestations.predicates import evidence_statement
    from attestations.refusal import Refused
    from attestations.signers import SignerError, sign_verified
    from attestations.statements import Subject
    from attestations.trust import EVIDENCE

    subjects = (Subject(name=f"{NAME}#{batch.number}", sha256=batch_digest(batch)),)
    try:
        statement = evidence_statement(REWRITE if batch.rewrites else KIND, record, subjects=subjects)
        return sign_verified(signer, statement, trust, usage=EVIDENCE, now=now)
    except (Refused, SignerError) as error:
        raise UndecidedError(f"the report of the batch was not signed: {error}") from None


def sign_rewrite(before: Manifest, batch: Batch, signer: Signer, trust: Trust, now: datetime) -> None:
    """Sign for the files of a batch that writes anew what this signer signed for, before it counts.

    Raises UndecidedError."""
    if not batch.files:
        return
    path = _paths(before.store, batch)[1]
    write_file(path, _signed(_rewritten(before, batch), batch, signer, trust, now))


def _rewritten(before: Manifest, batch: Batch) -> dict[str, Any]:
    digests = {file.name: file.sha256 for of in before.batches for file in of.files}
    return {
        "id": f"rewrite-{batch.number:06}", "rewrites": batch.rewrites, "records": batch.accepted,
        "purged": batch.purged, "dropped": batch.dropped, "rejected": batch.parked + batch.rejected,
        "replaces": [{"name": name, "sha256": digests[name]} for name in batch.replaces],
        "finished_at": batch.finished_at, "previous": batch.previous,
    }  # fmt: skip


def _paths(store: Path, batch: Batch) -> tuple[Path, Path]:
    if batch.rewrites:
        folder = store / REWRITTEN
        return folder / f"{batch.number:06}.json", folder / f"{batch.number:06}.sigstore.json"
    folder = store / KIND
    return folder / f"{batch.id}.json", folder / f"{batch.id}.sigstore.json"


def signers(manifest: Manifest, trust: Trust, now: datetime) -> Mapping[str, str]:
    """Who signed for each file of the store, by its SHA-256: those of a batch that a verified report is about."""
    found: dict[str, str] = {}
    for batch, signer, _ in vouched(manifest, trust, now):
        if signer is not None:
            found |= {file.sha256: signer for file in batch.files}
    return found


AGAIN = "ingest what it was read from again, with --key, into a new store"


def vouched(manifest: Manifest, trust: Trust, now: datetime) -> Iterator[tuple[Batch, str | None, str]]:
    """Each batch with who signed for it, or None and then why nobody's word counts, with what to do about it."""
    producers = attesting.attested(manifest.store, trust, now) if any(b.attested for b in manifest.batches) else {}
    for batch in manifest.batches:
        gone = sorted({signer for digest, signer in batch.attested if signer not in producers.get(digest, ())})
        if gone:
            said = f"let in on the word of {gone[0]}, whose statement is not in the store any more or does not verify"
            yield batch, None, f"{said}; put it back under {ATTESTATIONS}, or {AGAIN}"
            continue
        signer, said = _signer_of(manifest, batch, trust, now)
        yield batch, signer, said


def _signer_of(manifest: Manifest, batch: Batch, trust: Trust, now: datetime) -> tuple[str | None, str]:
    from attestations.refusal import Refused
    from attestations.verify import verify
    from gate.collect.records import evidence_expectation

    _, signed = _paths(manifest.store, batch)
    if signed.is_symlink() or not signed.is_file():
        return None, f"nobody signed for the batch {batch.id}; {AGAIN}"
    try:
        if signed.stat().st_size > _MAX_BYTES:
            return None, f"{signed.name} has more than {_MAX_BYTES:,} bytes; {AGAIN}"
        kind = REWRITE if batch.rewrites else KIND
        verified = verify(signed.read_bytes(), trust, evidence_expectation(kind), now=now)
    except OSError as error:
        return None, f"{signed.name} can't be read: {error.strerror or error}"
    except Refused as refused:
        return None, f"{signed.name} does not verify ({refused}); have its signer's key trusted, or {AGAIN}"
    wanted = _rewritten(manifest, batch) if batch.rewrites else batch.report()
    named = [subject.get("digest", {}) for subject in verified.statement["subject"]]
    about = any(digest.get("sha256") == batch_digest(batch) for digest in named)
    if not about or verified.statement["predicate"].get("record") != wanted:
        said = f"{signed.name} is not about the batch as the store has it now"
        return None, f"{said}: an earlier version of the gate signed it, or the store was changed since; {AGAIN}"
    return str(verified.signer_identity), ""
