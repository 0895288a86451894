"""The accepted events of event stores: handed to the engine as the files they are, not as rows.

A store's manifest says which files count and what they are. One that is not there, not the same, or was made under
another schema of its kind is unread, and makes every control that needs the kind UNKNOWN. Events are verified when the
signed report of their batch names their files; then their place is a line of the signed batch of records.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from gate.collect import Context, first_line
from gate.model import Coverage, Descriptor, Evidence, GateError, Row, UndecidedError, Unread
from gate.store import Segment, StoredRows

if TYPE_CHECKING:
    from gate.ingest.manifest import Manifest
    from gate.ingest.sealing import Sealed

_BATCH_BITS = 44
"""Of an evidence id, below which a record's ordinal in its batch stands."""


@dataclass(frozen=True, slots=True)
class EventStore:
    """An event store that was opened: its batches follow `before` others, and who signed for which of its files."""

    manifest: Manifest
    before: int
    signers: Mapping[str, str]
    doubts: Mapping[str, str]
    """By the SHA-256 of a file that nobody's signature counts for: why, and what to do."""


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
            signers: dict[str, str] = {}
            doubts: dict[str, str] = {}
            for batch, signer, said in reporting.vouched(opened, context.trust, context.now):
                for file in batch.files:
                    (doubts if signer is None else signers)[file.sha256] = said if signer is None else signer
            found.append(EventStore(opened, before, signers, doubts))
            before += len(opened.batches)
        except GateError as error:
            found.append(Unread(path=f"{store.name}/{manifest.NAME}", reason=first_line(error)))
    return tuple(found)


def with_events(context: Context, stores: Sequence[EventStore | Unread], evidence: Evidence) -> Evidence:
    """The evidence with what the event stores hold of its kind."""
    if not stores:
        return evidence
    found = _Found()
    for store in stores:
        if isinstance(store, Unread):
            found.unread.append(store)
        else:
            _add(found, context, store, evidence.kind)
    if not found.segments and not found.unread:
        return evidence
    events = sum(segment.records for segment in found.segments if segment.table == evidence.kind)
    rows: Sequence[Row] = evidence.rows
    if found.segments:
        rows = StoredRows(evidence.rows, found.segments, lambda: _read(found.readers))
    numbers = {**evidence.coverage.numbers, "events": events}
    scope = evidence.coverage.scope + (f", {events:,} events" if events else "")
    return replace(
        evidence,
        rows=rows,
        coverage=Coverage(scope=scope, unread=(*evidence.coverage.unread, *found.unread), numbers=numbers),
        materials=(*evidence.materials, *found.materials),
    )


@dataclass(slots=True)
class _Found:
    """What the stores hold of one kind."""

    segments: list[Segment] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    materials: list[Descriptor] = field(default_factory=list)
    readers: list[Callable[[], Iterator[Row]]] = field(default_factory=list)


def _add(found: _Found, context: Context, store: EventStore, kind: str) -> None:
    from attestations.batches import STATEMENT_SUFFIX
    from gate.ingest import sealing
    from gate.ingest.manifest import check
    from gate.ingest.run import schema_digests

    wanted = schema_digests({kind: context.policy.kinds[kind].schema})[kind]
    counting = {file.name for _, file in store.manifest.files()}
    for batch in store.manifest.batches:
        files = [file for file in batch.files if file.name in counting
                 and (file.table == kind or file.table.startswith(f"{kind}__"))]  # fmt: skip
        lost = [(file, check(store.manifest, file)) for file in files]
        if files and batch.schemas.get(kind) != wanted:
            said = "was ingested under another schema of this kind; gate ingest --compact judges it by today's"
            lost = [(file, said) for file in files]
        found.unread += [Unread(path=file.name, reason=reason) for file, reason in lost if reason is not None]
        if not files or any(reason is not None for _, reason in lost):
            continue
        signers = {store.signers.get(file.sha256) for file in files}
        signer = signers.pop() if len(signers) == 1 else None
        sources = tuple((name, digest) for name, digest, _ in batch.sources)
        for file in files:
            sealed = None
            if signer is not None and file.table == kind:
                sealed = sealing.opened(store.manifest, file, context.trust, context.now)
            segment = Segment(
                path=str(store.manifest.store / file.name),
                sha256=file.sha256,
                table=file.table,
                records=file.records,
                base=(store.before + batch.number) << _BATCH_BITS,
                sources=sources if sealed is None else ((sealed.name, sealed.sha256),),
                first=None if sealed is None else 1,
                verified=signer is not None,
                signer=signer,
                doubt=store.doubts.get(file.sha256, ""),
            )
            found.segments.append(segment)
            if file.table != kind:
                continue
            found.materials.append(Descriptor(name=file.name, sha256=file.sha256))
            if sealed is None:
                found.readers.append(partial(_raw_rows, store.manifest.store, file.name, segment))
            else:
                found.materials.append(_Stored(sealed.path, name=sealed.name, sha256=sealed.sha256))
                digest = hashlib.sha256(sealed.statement).hexdigest()
                beside = f"{sealed.name}{STATEMENT_SUFFIX}"
                found.materials.append(Descriptor(name=beside, sha256=digest, content=sealed.statement))
                found.readers.append(partial(_signed_rows, sealed))


class _Stored(Descriptor):
    """Evidence whose bytes are read when somebody asks for them, and are those that were hashed, or none."""

    _path: Path

    def __init__(self, path: Path, *, name: str, sha256: str) -> None:
        for field_name, value in (("name", name), ("sha256", sha256), ("_path", path)):
            object.__setattr__(self, field_name, value)

    @property
    def content(self) -> bytes:
        """Raises UndecidedError when the file is not what it was."""
        return _content(self._path, self.sha256)


def _content(path: Path, sha256: str) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UndecidedError(f"{path}: can't be read: {error.strerror or error}") from None
    if hashlib.sha256(data).hexdigest() != sha256:
        raise UndecidedError(f"{path}: changed after it was judged")
    return data


def _read(readers: Sequence[Callable[[], Iterator[Row]]]) -> Iterator[Row]:
    for reader in readers:
        yield from reader()


def _signed_rows(sealed: Sealed) -> Iterator[Row]:
    """The records of a signed batch as rows, like those of any other (see `gate.collect.batches`)."""
    import gzip
    import io

    import orjson

    with gzip.open(io.BytesIO(_content(sealed.path, sealed.sha256))) as file:
        for number, line in enumerate(file, 1):
            yield {
                **orjson.loads(line), "source_path": sealed.name, "source_line": number, "source_digest": sealed.sha256,
                "record_digest": hashlib.sha256(line[:-1]).hexdigest(), "verified": True, "signer": sealed.signer,
            }  # fmt: skip


def _raw_rows(store: Path, name: str, segment: Segment) -> Iterator[Row]:
    """The records that were kept for a Parquet file as rows, with the places they were read from."""
    from gate.ingest import sealing

    for entry in sealing.entries(store, name, sealing.raw_of(name, segment.table)):
        source, digest = segment.sources[entry["f"]]
        row = {
            **entry["e"], "source_path": source, "source_line": entry["l"], "source_digest": digest,
            "record_digest": entry["d"], "verified": segment.verified,
        }  # fmt: skip
        yield row if segment.signer is None else {**row, "signer": segment.signer}
