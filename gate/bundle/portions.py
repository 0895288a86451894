"""One tenant's portion of a signed batch of records: its lines, and the proof that they are all of its lines.

The batch's statement commits to each tenant's lines by number and root (see `attestations.batches`). A slice shows the
tenant's lines with that commitment opened, and nothing of the other lines but how many there are of nobody's or of
several tenants'. Of a batch without a line of the tenant it says the digest and the number of records, no more.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from attestations import batches, merkle, strict_json
from attestations.batches import Group, Opening
from attestations.refusal import Refused
from gate import bundle
from gate.bundle import records, tenants
from gate.bundle.checking import Verification
from gate.bundle.records import Part
from gate.bundle.refusal import BundleError, Code
from gate.bundle.scanning import Scanner
from gate.collect.batches import tenant_of


def portion(files: Mapping[str, bytes], part: Part, tenant: str, scanner: Scanner) -> dict[str, Any]:
    """A batch as the tenant may see it. `files`: the verified release bundle. A line that mentions another tenant is
    there as a digest. Raises BundleError."""
    try:
        batch = records.batch_of_part(part, files)
        opened = batches.openings(batch, io.BytesIO(files[part.file]), tenant_of) if batch.tenants else {}
        found = list(batches.records(batch, io.BytesIO(files[part.file]), tenant_of))
    except Refused as refused:
        raise BundleError(str(refused.code), f"{part.file}: {refused.message}") from None
    made: dict[str, Any] = {"sha256": part.sha256, "records": part.records}
    mine = [(number, line) for number, line, record in found if tenant_of(record) == tenant]
    if not mine or tenant not in opened:
        return made
    shown = [(number, line) for number, line in mine if not scanner.find(line)]
    hidden = [(number, line) for number, line in mine if scanner.find(line)]
    return {
        **made,
        "statement": part.statement,
        "tenant": _opening(opened[tenant]),
        "nobody": _opening(opened[None]) if None in opened else None,
        "lines": [[number, line.decode()] for number, line in shown],
        "mentions": [[number, merkle.leaf_hash(line).hex()] for number, line in hidden],
    }


def numbers(documents: list[Mapping[str, Any]]) -> dict[str, int]:
    """How many records the batches of a kind hold, and how many lines are shown or withheld for a name in them."""
    return {
        "records": sum(document["records"] for document in documents),
        "lines": sum(len(document.get("lines", ())) for document in documents),
        "mentions": sum(len(document.get("mentions", ())) for document in documents),
    }


def statements_of(documents: list[Mapping[str, Any]]) -> Iterator[str]:
    """The paths of the statements that must be in the slice."""
    return (document["statement"] for document in documents if "statement" in document)


def check(
    v: Verification, kind: str, documents: list[Mapping[str, Any]], promised: Mapping[str, int], at: datetime
) -> int:
    """That these are the batches that were sealed, and the lines all of the tenant's; returns the number of lines.

    Raises BundleError and Refused.
    """
    if {document["sha256"]: document["records"] for document in documents} != promised or len(documents) != len(
        promised
    ):
        raise BundleError(Code.INCOMPLETE, f"{kind}: the batches are not those that were sealed")
    return sum(_check(v, kind, document, at) for document in documents if "statement" in document)


def _check(v: Verification, kind: str, document: Mapping[str, Any], at: datetime) -> int:
    tenant = v.record["tenant"]
    path = document["statement"]
    if not path.startswith(f"{bundle.EVIDENCE_FILES}/{document['sha256']}."):
        raise BundleError(Code.MALFORMED, f"{kind}: {strict_json.shown(path)} is not where the statement lies")
    batch = batches.open_batch(v.file(path), v.trust, now=at, kind=kind)
    if (batch.sha256, batch.records) != (document["sha256"], document["records"]):
        raise BundleError(Code.EVIDENCE_MISMATCH, f"{kind}: {path} is about another file")
    leaves: dict[int, bytes] = {}
    for number, text in document["lines"]:
        line = text.encode()
        if tenants.named(strict_json.loads(line)) != {tenant}:
            raise BundleError(Code.FOREIGN_TENANT, f"{kind}: line {number} is not this tenant's alone")
        leaves[number] = merkle.leaf_hash(line)
    leaves |= {number: bytes.fromhex(leaf) for number, leaf in document["mentions"]}
    if len(leaves) != len(document["lines"]) + len(document["mentions"]):
        raise BundleError(Code.MALFORMED, f"{kind}: a line is accounted for twice")
    batches.check_opening(batch, _read(document["tenant"], tenant), [leaves[number] for number in sorted(leaves)])
    if document["nobody"] is not None:
        batches.check_opening(batch, _read(document["nobody"], None))
    return len(document["lines"])


def _opening(found: Opening) -> dict[str, Any]:
    group = found.group
    return {
        "records": group.records,
        "root": group.root,
        "salt": group.salt,
        "index": found.index,
        "path": list(found.path),
    }


def _read(document: Mapping[str, Any], tenant: str | None) -> Opening:
    group = Group(tenant=tenant, records=document["records"], root=document["root"], salt=document["salt"])
    return Opening(group=group, index=document["index"], path=tuple(document["path"]))
