"""Evidence as it lies in a bundle, `data/evidence/<kind>.json`: all that a control is asked about, written and read.

The records of a signed batch are not repeated there: the document says where among the rows they belong, and they are
read from the batch's own file, `data/evidence/files/<sha256>.jsonl`.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import islice
from typing import Any

from attestations import envelope, merkle, statements, strict_json
from attestations.batches import STATEMENT_SUFFIX, Batch, batch_of
from attestations.refusal import Refused
from gate import bundle
from gate.bundle.refusal import BundleError, Code
from gate.collect import batches
from gate.model import Coverage, Descriptor, Evidence, Row, Unread

_LATEST = datetime.max.replace(tzinfo=UTC) - timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The records of a signed batch among the rows of a kind: `records` of them from row `at` on, counted from 0.

    `path` is the name the batch was read under, `sha256` that of its file, `signer` who signed it.
    """

    at: int
    path: str
    sha256: str
    records: int
    signer: str

    @property
    def file(self) -> str:
        """Where the batch's file lies in a release bundle."""
        return f"{bundle.EVIDENCE_FILES}/{self.sha256}{batches.ending(self.path) or ''}"

    @property
    def statement(self) -> str:
        return f"{self.file}{STATEMENT_SUFFIX}"


def batched(evidence: Evidence) -> tuple[Part, ...]:
    """The signed batches that evidence holds, each whole and in one piece, as the collector leaves them."""
    names = {material.name for material in evidence.materials}
    files = {m.sha256: m.name for m in evidence.materials if f"{m.name}{STATEMENT_SUFFIX}" in names}
    rows = list(evidence.rows) if files else []
    found: list[Part] = []
    index = 0
    while index < len(rows):
        row = rows[index]
        digest = row.get("source_digest")
        if digest not in files or row.get("verified") is not True:
            index += 1
            continue
        count = 0
        for line, other in enumerate(islice(rows, index, None), 1):
            source = (other.get("source_digest"), other.get("source_path"), other.get("source_line"))
            if source != (digest, files[digest], line):
                break
            count = line
        if not count:
            raise BundleError(Code.EVIDENCE_MISMATCH, f"{evidence.kind}: not all of {strict_json.shown(files[digest])}")
        found.append(Part(at=index, path=files[digest], sha256=digest, records=count, signer=str(row.get("signer"))))
        index += count
    return tuple(found)


def single(evidence: Evidence, parts: Sequence[Part]) -> tuple[Row, ...]:
    """The rows that are of no batch."""
    if not parts:
        return tuple(evidence.rows)
    inside = {index for part in parts for index in range(part.at, part.at + part.records)}
    return tuple(row for index, row in enumerate(evidence.rows) if index not in inside)


def write_evidence(evidence: Evidence) -> bytes:
    """One kind as JSON: rows, coverage and materials, enough to ask the controls again."""
    coverage = evidence.coverage
    parts = batched(evidence)
    document: dict[str, Any] = {
        "kind": evidence.kind,
        "rows": [dict(row) for row in single(evidence, parts)],
        "coverage": {
            "scope": coverage.scope,
            "numbers": dict(coverage.numbers),
            "unread": [{"path": u.path, "line": u.line, "reason": u.reason} for u in coverage.unread],
        },
        "materials": [{"name": m.name, "sha256": m.sha256} for m in evidence.materials],
    }
    if parts:
        document["batches"] = [
            {"at": p.at, "path": p.path, "sha256": p.sha256, "records": p.records, "signer": p.signer} for p in parts
        ]
    return (json.dumps(document, indent=1, sort_keys=True, ensure_ascii=True, allow_nan=False) + "\n").encode()


def read_evidence(data: bytes, name: str, files: Mapping[str, bytes]) -> Evidence:
    """What `write_evidence` wrote, with the rows of batches from their files. Raises BundleError for anything else."""
    try:
        document = strict_json.loads(data)
        coverage = document["coverage"]
        rows = [_object(row) for row in document["rows"]]
        for part in [_part(item) for item in document.get("batches", ())]:
            rows[part.at : part.at] = _rows(part, files)
        found = Evidence(
            kind=_text(document["kind"]),
            rows=tuple(rows),
            coverage=Coverage(
                scope=_text(coverage["scope"]),
                numbers={_text(key): _integer(value) for key, value in coverage["numbers"].items()},
                unread=tuple(
                    Unread(path=_text(u["path"]), line=_integer(u["line"]), reason=_text(u["reason"]))
                    for u in coverage["unread"]
                ),
            ),
            materials=tuple(
                Descriptor(name=_text(m["name"]), sha256=_text(m["sha256"])) for m in document["materials"]
            ),
        )
    except (strict_json.StrictJsonError, KeyError, TypeError, AttributeError) as error:
        raise BundleError(Code.MALFORMED, f"{name}: not the evidence of a kind: {error}") from None
    if name != f"data/evidence/{found.kind}.json":
        raise BundleError(Code.MALFORMED, f"{name}: says it is of kind {strict_json.shown(found.kind)}")
    return found


def _part(item: Any) -> Part:
    return Part(
        at=_integer(item["at"]),
        path=_text(item["path"]),
        sha256=_text(item["sha256"]),
        records=_integer(item["records"]),
        signer=_text(item["signer"]),
    )


def batch_of_part(part: Part, files: Mapping[str, bytes]) -> Batch:
    """What the statement beside a batch says, its signature not checked. Raises BundleError and Refused."""
    for path in (part.file, part.statement):
        if path not in files:
            raise BundleError(Code.MISSING_FILE, f"{path} is missing")
    document = statements.parse(envelope.read(files[part.statement]).envelope.payload)
    batch = batch_of(document, part.signer, now=_LATEST)
    if (batch.sha256, batch.records) != (part.sha256, part.records):
        raise BundleError(Code.EVIDENCE_MISMATCH, f"{part.file}: the statement beside it is about another file")
    return batch


def _rows(part: Part, files: Mapping[str, bytes]) -> list[Row]:
    """The rows of a batch from its file and what its statement says, whose signature is checked with the evidence."""
    try:
        return list(batches.rows(batch_of_part(part, files), files[part.file], part.path))
    except Refused as refused:
        raise BundleError(str(refused.code), f"{part.file}: {refused.message}") from None


def canonical(row: Row) -> bytes:
    """A row in its one spelling: ASCII JSON, sorted keys, no white space."""
    return json.dumps(dict(row), sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode()


# --- commitments -------------------------------------------------------------------------------------------------
#
# The seal of a release bundle names, for each kind, the number of its records and the Merkle root (RFC 9162) over
# them. Each leaf is salted, so that whoever is shown some of the records learns nothing about the others. The salts
# come from the manifest of the full bundle, which is as secret as the bundle: its reader can open every leaf.


def secret_of(manifest: bytes) -> bytes:
    """What the salts of a bundle are made from."""
    return sha256(b"tenantgate evidence commitment v1\n" + manifest).digest()


def salt(secret: bytes, kind: str, index: int) -> bytes:
    """The salt of record number `index` (from 0) of a kind."""
    return hmac.digest(secret, f"{kind}\n{index}".encode(), "sha256")


def leaf(row_salt: bytes, row: Row) -> bytes:
    """The leaf of one record: 32 bytes that only who knows salt and record can make."""
    return merkle.leaf_hash(row_salt + canonical(row))


def root(leaves: Sequence[bytes]) -> str:
    """The Merkle root over leaves in order, in hex."""
    return merkle.root_of(leaves).hex()


def commitment(secret: bytes, evidence: Evidence) -> dict[str, Any]:
    """Number of single records and root over them, for the seal; and the batches, whose statements commit to theirs."""
    parts = batched(evidence)
    rows = single(evidence, parts)
    leaves = [leaf(salt(secret, evidence.kind, i), row) for i, row in enumerate(rows)]
    made: dict[str, Any] = {"records": len(rows), "root": root(leaves)}
    return made | ({"batches": {part.sha256: part.records for part in parts}} if parts else {})


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not a string")
    return value


def _integer(value: object) -> int:
    if type(value) is not int:
        raise TypeError("not an integer")
    return value


def _object(value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise TypeError("not an object")
    return value
