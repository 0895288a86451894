"""Signed batches of records: a JSON Lines file and the statement beside it count as a whole, or not at all."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from attestations import batches, strict_json
from attestations.refusal import Reason, Refused
from gate.bundle import tenants
from gate.model import Kind, QueryError, Row
from gate.policy import SOURCE_FIELDS

if TYPE_CHECKING:
    from attestations.batches import Batch

LINES = (".jsonl", ".ndjson")
PACKED = tuple(f"{suffix}.gz" for suffix in LINES)
MAX_BYTES = 1 << 30
"""Of a batch's file as it is stored: it is held in memory, as all evidence of a run is."""


def ending(name: str) -> str | None:
    """The ending of a JSON Lines file, packed or not; None for any other name."""
    return next((suffix for suffix in (*LINES, *PACKED) if name.endswith(suffix)), None)


def subject_of(name: str) -> str | None:
    """The JSON Lines file that a statement of this name lies beside; None for the names of other files."""
    base = name.removesuffix(batches.STATEMENT_SUFFIX)
    return base if base != name and ending(base) else None


def tenant_of(record: Mapping[str, Any]) -> str | None:
    """The one tenant that a record's fields name; None when they name none, or several."""
    named = tenants.named(record)
    return next(iter(named)) if len(named) == 1 else None


def schema_digest(kind: Kind) -> str:
    """SHA-256 of a kind's schema as canonical JSON."""
    text = json.dumps(dict(kind.schema), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def time_field(kind: Kind) -> str | None:
    """The field that says when a record happened: `time` (CloudEvents), or the only required time there is."""
    from gate.ingest.judge import when

    return when(kind.schema)


def examiner(kind: Kind) -> Callable[[int, Mapping[str, Any]], None]:
    """Raises Refused for a record that no control could be asked about: against its schema, or unfit for its table."""
    from gate.reading import Schema
    from gate.store import misfit

    schema = Schema(kind.schema, str(kind.source))
    unfit = misfit(kind)

    def examine(number: int, record: Mapping[str, Any]) -> None:
        for name in sorted(SOURCE_FIELDS & record.keys()):
            raise Refused(Reason.MALFORMED, f"line {number}: the field {name!r} is the gate's to fill in; remove it")
        try:
            reason = unfit(record) if schema.is_valid(record) else schema.problems(record)[0].text
        except QueryError as error:
            reason = str(error)
        if reason is not None:
            raise Refused(Reason.MALFORMED, f"line {number}: {reason}")

    return examine


def rows(
    batch: Batch, data: bytes, name: str, examine: Callable[[int, Mapping[str, Any]], None] | None = None
) -> Iterator[Row]:
    """The rows of a batch's file; none of them counts before the iterator ended. Raises Refused, as does `examine`."""
    for number, _, record in batches.records(batch, io.BytesIO(data), tenant_of):
        if examine is not None:
            examine(number, record)
        try:
            digest = hashlib.sha256(strict_json.dumps(record)).hexdigest()
        except strict_json.StrictJsonError as error:
            raise Refused(Reason.MALFORMED, f"line {number}: {error}") from None
        yield {
            **record,
            "source_path": name,
            "source_line": number,
            "source_digest": batch.sha256,
            "record_digest": digest,
            "verified": True,
            "signer": batch.signer,
        }
