"""The accepted events of event stores: handed to the engine as the files they are, not as rows.

A store's manifest says which files count and what they are. One that is not there, not the same, or was made under
another schema of its kind is unread, and makes every control that needs the kind UNKNOWN. Events are verified when the
signed report of their batch names their file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from gate.collect import Context, first_line
from gate.model import Coverage, Descriptor, Evidence, GateError, Row, Unread
from gate.store import Segment, StoredRows

if TYPE_CHECKING:
    from gate.ingest.manifest import Manifest

_BATCH_BITS = 44
"""Of an evidence id, below which a record's ordinal in its batch stands."""


@dataclass(frozen=True, slots=True)
class EventStore:
    """An event store that was opened: its batches follow `before` others, and who signed for which of its files."""

    manifest: Manifest
    before: int
    signers: Mapping[str, str]


def open_stores(context: Context) -> tuple[EventStore | Unread, ...]:
    """The event stores among the evidence stores; one that can't be opened says why."""
    found: list[EventStore | Unread] = []
    before = 0
    for store in context.stores:
        from gate.ingest import manifest, reporting

        try:
            opened = manifest.read(store.resolve())
            if opened is None:
                continue
            found.append(EventStore(opened, before, reporting.signers(opened, context.trust, context.now)))
            before += len(opened.batches)
        except GateError as error:
            found.append(Unread(path=f"{store.name}/{manifest.NAME}", reason=first_line(error)))
    return tuple(found)


def with_events(context: Context, stores: Sequence[EventStore | Unread], evidence: Evidence) -> Evidence:
    """The evidence with what the event stores hold of its kind."""
    from gate.ingest.run import schema_digests

    if not stores:
        return evidence
    wanted = schema_digests({evidence.kind: context.policy.kinds[evidence.kind].schema})[evidence.kind]
    unread: list[Unread] = []
    segments: list[Segment] = []
    materials: list[Descriptor] = []
    raw: list[tuple[Path, Segment]] = []
    for store in stores:
        if isinstance(store, Unread):
            unread.append(store)
            continue
        for segment, name, lost in _segments(store, evidence.kind, wanted):
            if lost is not None:
                unread.append(Unread(path=name, reason=lost))
                continue
            segments.append(segment)
            if segment.table == evidence.kind:
                materials.append(Descriptor(name=name, sha256=store_digest(store, name)))
                raw.append((_raw(store.manifest.store, name, evidence.kind), segment))
    if not segments and not unread:
        return evidence
    events = sum(segment.records for segment in segments if segment.table == evidence.kind)
    rows: Any = evidence.rows
    if segments:
        rows = StoredRows(evidence.rows, segments, lambda: _read(raw))
    numbers = {**evidence.coverage.numbers, "events": events}
    scope = evidence.coverage.scope + (f", {events:,} events" if events else "")
    return replace(
        evidence,
        rows=cast("tuple[Row, ...]", rows),
        coverage=Coverage(scope=scope, unread=(*evidence.coverage.unread, *unread), numbers=numbers),
        materials=(*evidence.materials, *materials),
    )


def store_digest(store: EventStore, name: str) -> str:
    """The SHA-256 of a file of the store."""
    return next(file.sha256 for _, file in store.manifest.files() if file.name == name)


def _segments(store: EventStore, kind: str, schema: str) -> Iterator[tuple[Segment, str, str | None]]:
    """The segments of a kind, each with its name and why it can't be used, if so."""
    from gate.ingest.manifest import check

    for batch, file in store.manifest.files():
        if file.table != kind and not file.table.startswith(f"{kind}__"):
            continue
        lost = check(store.manifest, file)
        if lost is None and batch.schemas.get(kind) != schema:
            lost = "was ingested under another schema of this kind; ingest its sources again into a new store"
        signer = store.signers.get(file.sha256)
        segment = Segment(
            path=str(store.manifest.store / file.name),
            table=file.table,
            records=file.records,
            base=(store.before + batch.number) << _BATCH_BITS,
            sources=tuple((name, digest) for name, digest, _ in batch.sources),
            verified=signer is not None,
            signer=signer,
        )
        yield segment, file.name, lost


def _raw(store: Path, name: str, kind: str) -> Path:
    """The records that a Parquet file was made from."""
    from gate.ingest.manifest import RAW

    return store / RAW / f"{Path(name).stem}.{kind}.jsonl.zst"


def _read(raw: Sequence[tuple[Path, Segment]]) -> Iterator[Row]:
    """The records of the segments as rows: those of the kept lines that their Parquet file still has."""
    import io

    import duckdb
    import orjson
    import zstandard

    for path, segment in raw:
        with duckdb.connect(":memory:", config={"threads": "1"}) as engine:
            kept = engine.execute("SELECT _at FROM read_parquet($1) ORDER BY _at", [segment.path])
            wanted = kept.fetchone()
            with (
                path.open("rb") as file,
                zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True) as data,
            ):
                for line in io.BufferedReader(data):
                    entry = orjson.loads(line)
                    if wanted is None or entry["o"] != wanted[0]:
                        continue
                    wanted = kept.fetchone()
                    name, digest = segment.sources[entry["f"]]
                    row = {**entry["e"], "source_path": name, "source_line": entry["l"], "source_digest": digest,
                           "record_digest": entry["d"], "verified": segment.verified}  # fmt: skip
                    yield row if segment.signer is None else {**row, "signer": segment.signer}
