"""One ingest from its sources to its commit: read, judge, find duplicates, put in place, count, commit.

Nothing counts before the manifest is replaced, and it is replaced last. A run that ends anywhere before that leaves
files that no manifest names; the next one removes them. Much input is committed part by part, a batch each: what is in
the manifest is where the next run of the same source, by its SHA-256, goes on.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from gate.ingest import attesting
from gate.ingest import manifest as store
from gate.ingest.formats import BLOCK, Block
from gate.ingest.judge import PARKED, REJECTED, Rules, check_kinds
from gate.ingest.manifest import Batch, File, Manifest
from gate.ingest.sources import Read, Reader, Source, packed
from gate.ingest.staging import Staging, sync
from gate.ingest.workers import Result, Workers
from gate.model import Policy, UndecidedError
from gate.reading import epoch_ms, format_time, from_epoch_ms

SKEW = timedelta(minutes=5)
SLICE = 128 << 20
"""Bytes of input that are judged before what was accepted becomes Parquet."""
COMMIT = 1 << 30
"""Bytes of input (unpacked) after which a part of it is committed."""
SMALL = 8 << 20
"""Bytes of input that are not worth starting processes for."""
PROCESSES = 2

Progress = Callable[[int, int], None]
"""Told how many bytes and records were read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a run did: the store after it, its batches, and the first place of each reason.

    `places` are (outcome, reason, place, detail). `broken` says that a source was not read to its end. `resumed` are
    (source, blocks that an earlier run had committed), `changed` the sources that are not what an earlier run began.
    """

    manifest: Manifest
    batches: tuple[Batch, ...]
    places: tuple[tuple[str, str, str, str], ...]
    broken: bool
    resumed: tuple[tuple[str, int], ...] = ()
    changed: tuple[str, ...] = ()

    @property
    def batch(self) -> Batch:
        """The last one."""
        return self.batches[-1]

    @property
    def counts(self) -> dict[str, int]:
        """What was read and what became of it, over all batches; `parked_open` is the store's."""
        names = ("read", "accepted", "duplicates", "parked", "rejected", "purged")
        summed = {name: sum(getattr(batch, name) for batch in self.batches) for name in names}
        return {**summed, "parked_open": self.batch.parked_open}

    @property
    def reasons(self) -> list[tuple[str, str, int]]:
        """(outcome, reason, records), most first."""
        found: Counter[tuple[str, str]] = Counter()
        for batch in self.batches:
            for outcome, reason, records in batch.reasons:
                found[outcome, reason] += records
        return sorted(((o, r, n) for (o, r), n in found.items()), key=lambda item: (-item[2], item[0], item[1]))


def rules_of(policy: Policy, kind: str | None, tenants: frozenset[str] | None, now: datetime) -> Rules:
    """What a policy's records are judged by. Raises GateError for kinds that no record can be told apart by."""
    rules = Rules(
        schemas={name: found.schema for name, found in policy.kinds.items()},
        kind=kind,
        tenants=tenants,
        not_after=format_time((now + SKEW).replace(microsecond=0)),
    )
    check_kinds(rules)
    return rules


def schema_digests(schemas: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """SHA-256 of each kind's schema as canonical JSON."""
    return {name: hashlib.sha256(_canonical(schema)).hexdigest() for name, schema in schemas.items()}


def _canonical(schema: Mapping[str, Any]) -> bytes:
    return json.dumps(dict(schema), sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def ingest(
    target: Path, sources: Sequence[Source], rules: Rules, policy: Policy, now: datetime, progress: Progress,
    *, processes: int | None = None, commit: int = COMMIT, attested: Mapping[str, tuple[str, bytes]] | None = None,
) -> Outcome:  # fmt: skip
    """Read the sources into the store. Raises GateError and UndecidedError; then nothing of them counts but the parts
    that were committed before, each `commit` bytes, from where the next run goes on.

    `attested` says by SHA-256 who signed for which file, and how: then each source must be one of these.
    """
    with store.locked(target):
        manifest = store.read(target) or Manifest(store=target)
        rules = replace(rules, expired=manifest.expired)
        begun = {batch.sources[-1][1]: batch for batch in manifest.batches if batch.until and batch.sources}
        ended = {digest for batch in manifest.batches for _, digest, _ in batch.sources[: -1 if batch.until else None]}
        open_ = {digest: batch for digest, batch in begun.items() if digest not in ended}
        large = sum(map(_size, sources)) > commit
        digests = _digests(sources) if open_ or large or attested is not None else {}
        known: dict[str, tuple[str, bytes]] = {}
        for number, source in enumerate(sources if attested is not None else ()):
            digest = digests.get(number, "")
            if attested is None or digest not in attested:
                said = f"no attestation is about this file (sha256:{digest})" if digest else "can't be attested"
                raise UndecidedError(f"{source.name}: {said}; nothing was ingested")
            known[digest] = attested[digest]
        attesting.keep(target, known)
        parted = len(digests) == len(sources)
        skip = {number: done for number, digest in digests.items()
                if digest in open_ and (done := _done(open_[digest], sources[number], rules))}  # fmt: skip
        names = {batch.sources[-1][0] for batch in open_.values()}
        outcomes: list[Outcome] = []
        totals = [0, 0]

        def advance(size: int) -> None:
            totals[0] += size
            progress(totals[0], totals[1])

        reader = Reader(sources, advance, digests, skip)
        blocks = reader.blocks()
        more = True
        with Workers(_processes(sources) if processes is None else processes, rules, target / store.STAGING) as workers:
            while more:
                run = Run(manifest, rules, policy, now)
                with run:
                    more = run.judge(blocks, workers, commit if parted else None, totals)
                    until = (reader.given, _which(reader.last, rules)) if more else None
                    signed = tuple((d, known[d][0]) for d in {read.sha256: None for read in reader.done} if d in known)
                    outcomes.append(run.finish(reader.done, until=until, attested=signed))
                manifest = outcomes[-1].manifest
                reader.part()
        return Outcome(
            manifest=manifest,
            batches=tuple(outcome.batch for outcome in outcomes),
            places=tuple(
                {(o, r): (o, r, p, d) for found in reversed(outcomes) for o, r, p, d in found.places}.values()
            ),
            broken=any(outcome.broken for outcome in outcomes),
            resumed=tuple((sources[number].name, blocks) for number, blocks in skip.items()),
            changed=tuple(s.name for n, s in enumerate(sources) if s.name in names and digests.get(n) not in open_),
        )


def _size(source: Source) -> int:
    """How much a file may be when it is unpacked, roughly."""
    if source.path is None:
        return 0
    return source.path.stat().st_size * (100 if source.format == "parquet" or packed(source.name) else 1)


def _which(source: Source, rules: Rules) -> str:
    """What blocks a source is read in: others can't be counted by them."""
    return f"{source.format}:{rules.kind or ''}:{BLOCK}"


def _done(batch: Batch, source: Source, rules: Rules) -> int:
    return batch.until[0] if batch.until is not None and batch.until[1] == _which(source, rules) else 0


def _digests(sources: Sequence[Source]) -> dict[int, str]:
    """The SHA-256 of each source that is a file. Raises UndecidedError."""
    found = {}
    for number, source in enumerate(sources):
        if source.path is not None:
            try:
                with source.path.open("rb") as file:
                    found[number] = hashlib.file_digest(file, "sha256").hexdigest()
            except OSError as error:
                raise UndecidedError(f"{source.name}: can't be read: {error.strerror or error}") from None
    return found


def replay(target: Path, rules: Rules, policy: Policy, now: datetime, progress: Progress) -> Outcome | None:
    """Judge what is parked once more. None when nothing is."""
    if store.read(target) is None:  # it gets no lock
        raise UndecidedError(f"{target}: not an event store")
    with store.locked(target):
        before = store.read(target)
        if before is None:
            raise UndecidedError(f"{target}: not an event store")
        rules = replace(rules, expired=before.expired)
        run = Run(before, rules, policy, now)
        with run, Workers(0, rules, target / store.STAGING) as workers:
            digest = hashlib.sha256()
            run.judge(_parked_blocks(run.staging, digest), workers, None, [0, 0])
            if not run.read:
                return None
            progress(0, run.read)
            done = Read("what was parked", digest.hexdigest(), 0)
            return run.finish([done], replay=True)


def _parked_blocks(staging: Staging, digest: Any) -> Iterator[Block]:
    for number, (line, data) in enumerate(staging.replayed(), 1):
        digest.update(hashlib.sha256(data).digest())
        yield Block(number, 0, lines=((line, data),))


def _processes(sources: Sequence[Source]) -> int:
    """As many as there are processors, two at most; none for little."""
    size = sum(s.path.stat().st_size if s.path is not None else SMALL for s in sources)
    return 0 if size < SMALL else min(PROCESSES, os.cpu_count() or 1)


@dataclass(frozen=True, slots=True)
class Rewrite:
    """Why what is stored is written anew, the files that are replaced, what was left out, and who signs before it
    counts."""

    why: str
    replaces: tuple[str, ...]
    purged: int
    dropped: str
    expired: Mapping[str, str]
    sign: Callable[[Batch], None]
    kept: tuple[Path, int] | None = None
    """What was held and still is, with how many records, if that is written anew too."""


class Run:
    """The state of what becomes one batch, between taking the lock and committing."""

    def __init__(self, before: Manifest, rules: Rules, policy: Policy, now: datetime) -> None:
        self._before = before
        self._rules = rules
        self._policy = policy
        self._now = now
        self.results: list[Result] = []
        self.read = 0
        self.folder = before.store / store.STAGING

    def __enter__(self) -> None:
        try:
            store.sweep(self._before)
            self.folder.mkdir(parents=True)
        except OSError as error:
            raise UndecidedError(f"{self.folder}: can't be written: {error.strerror or error}") from None
        self.staging = Staging(self.folder, self._rules.schemas, self._before)

    def __exit__(self, *_: object) -> None:
        self.staging.close()
        _remove(self.folder)

    def judge(self, blocks: Iterator[Block], workers: Workers, commit: int | None, totals: list[int]) -> bool:
        """Judge the blocks; a slice of them becomes Parquet while the next one is judged.

        Ends after `commit` bytes of them, if that is given; returns whether there may be more. `totals[1]` is the
        number of records so far.
        """
        pending: list[Result] = []
        size = judged = 0
        more = False
        try:
            with ThreadPoolExecutor(1) as beside:
                converting = beside.submit(self.convert, [])
                for block in blocks:
                    pending += self._took(workers.give(block), totals)
                    size += block.size
                    if size >= SLICE or (commit is not None and judged + size >= commit):
                        pending += self._took(workers.drain(), totals)
                        converting.result()
                        converting = beside.submit(self.convert, pending)
                        judged += size
                        pending, size = [], 0
                        more = commit is not None and judged >= commit
                        if more:
                            break
                pending += self._took(workers.drain(), totals)
                converting.result()
                self.convert(pending)
        except OSError as error:
            raise UndecidedError(f"{error.filename or self.folder}: {error.strerror or error}") from None
        return more

    def _took(self, results: Iterator[Result], totals: list[int]) -> Iterator[Result]:
        for result in results:
            self.results.append(result)
            self.read += result.read
            totals[1] += result.read
            yield result

    def convert(self, results: Sequence[Result]) -> None:
        blocks = {r.number: tuple(r.accepted) for r in results if r.accepted}
        if blocks:
            self.staging.convert(blocks, max(r.longest for r in results))

    def finish(
        self, done: Sequence[Read], *, replay: bool = False, until: tuple[int, str] | None = None,
        rewrite: Rewrite | None = None, attested: tuple[tuple[str, str], ...] = (),
    ) -> Outcome:  # fmt: skip
        """Find duplicates, move the files to their places, and commit."""
        target = self._before.store
        number = len(self._before.batches) + 1
        duplicates, conflicts = self.staging.duplicates() if rewrite is None else (0, 0)
        moves: list[tuple[Path, File]] = []
        parts: dict[str, int] = {}
        accepted = 0
        for part, rows in self.staging.finish():
            table = "" if part.table is None else part.table.name
            if part.table is not None and not part.table.array:
                parts[part.kind] = parts.get(part.kind, 0) + 1
                accepted += rows
            stem = f"{number:06}-{parts[part.kind]:04}"
            if part.table is None:
                name = f"{store.RAW}/{stem}.{part.kind}.jsonl.zst"
            else:
                name = f"{part.kind}/{stem}{table.removeprefix(part.kind)}.parquet"
            moves.append((part.path, _file(part.path, name, rows, table)))
        numbers = [r.number for r in self.results if r.held]
        longest = max((r.longest for r in self.results), default=0)
        held, reasons, again = self.staging.hold(
            sorted(numbers),
            longest,
            [r.sha256 for r in done],
            epoch_ms(self._now),
            replay=replay or rewrite is not None,
        )
        duplicates += again
        new = [path for path, _ in moves]
        if held is not None:
            rows = sum(n for _, _, n in reasons)
            moves.append((held, _file(held, f"{store.HELD}/{number:06}.parquet", rows, "")))
            new.append(held)
        for path in sorted(self.folder.glob("*.bytes")):
            moves.append((path, _file(path, f"{store.HELD}/{path.name}", 0, "")))
        if rewrite is not None and rewrite.kept is not None:
            path, rows = rewrite.kept
            moves.append((path, _file(path, f"{store.HELD}/{number:06}-0000.parquet", rows, "")))
            new.append(path)
        known = {file.name for _, file in self._before.files()}
        moves = [(path, file) for path, file in moves if file.name not in known]
        parked_open, oldest = self.staging.parked(new, () if rewrite is None else rewrite.replaces)
        counts = {wanted: sum(n for outcome, _, n in reasons if outcome == wanted) for wanted in (PARKED, REJECTED)}
        purged = 0 if rewrite is None else rewrite.purged
        self._reconcile(accepted, duplicates, counts, purged, sum(r.held for r in self.results) + conflicts)
        batch = Batch(
            number=number,
            finished_at=format_time(self._now),
            replay=replay,
            policy_version=self._policy.version,
            policy_digest=self._policy.digest,
            schemas={k: v for k, v in schema_digests(self._rules.schemas).items()
                     if any(f.table == k for _, f in moves)},
            sources=tuple((r.name, r.sha256, r.size) for r in done),
            read=self.read,
            accepted=accepted,
            duplicates=duplicates,
            parked=counts[PARKED],
            rejected=counts[REJECTED],
            parked_open=parked_open,
            oldest_parked_at=None if oldest is None else format_time(from_epoch_ms(oldest)),
            reasons=tuple(reasons),
            files=tuple(file for _, file in moves),
            attested=attested,
            until=until,
            rewrites="" if rewrite is None else rewrite.why,
            replaces=() if rewrite is None else rewrite.replaces,
            purged=purged,
            dropped="" if rewrite is None else rewrite.dropped,
            expired={} if rewrite is None else rewrite.expired,
            previous=store.batch_digest(self._before.batches[-1]) if self._before.batches else "",
        )  # fmt: skip
        places = tuple(
            (outcome, reason, f"{done[source].name if source >= 0 else 'the store'}:{line}", detail)
            for outcome, reason, source, line, detail in self.staging.examples()
        )
        _place(target, moves)
        if rewrite is not None:
            rewrite.sign(batch)
        after = store.commit(self._before, batch)
        broken = any(reason in ("truncated", "corrupt", "not-parquet") for _, reason, _ in reasons)
        return Outcome(manifest=after, batches=(batch,), places=places, broken=broken)

    def _reconcile(self, accepted: int, duplicates: int, counts: Mapping[str, int], purged: int, held: int) -> None:
        """Raise UndecidedError unless every record that was read is accounted for, once."""
        judged = sum(sum(r.accepted.values()) + r.held for r in self.results) + purged
        found = accepted + duplicates + counts[PARKED] + counts[REJECTED] + purged
        if not self.read == judged == found:
            raise UndecidedError(
                f"{self._before.store}: {self.read:,} records were read, {judged:,} judged and {found:,} accounted for"
                f" ({held:,} held); nothing was ingested"
            )


def _file(path: Path, name: str, records: int, table: str) -> File:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return File(name=name, sha256=digest, size=file.tell(), records=records, table=table)


def _place(target: Path, moves: Sequence[tuple[Path, File]]) -> None:
    """Move the files to where the manifest will say they are, and have them on the disk before it does."""
    try:
        folders = set()
        for path, file in moves:
            place = target / file.name
            place.parent.mkdir(parents=True, exist_ok=True)
            sync(path)
            path.replace(place)
            folders.add(place.parent)
        for folder in folders:
            sync(folder)
    except OSError as error:
        raise UndecidedError(f"{error.filename or target}: can't be written: {error.strerror or error}") from None


def _remove(folder: Path) -> None:
    import shutil

    shutil.rmtree(folder, ignore_errors=True)
