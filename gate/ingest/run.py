"""One ingest from its sources to its commit: read, judge, find duplicates, put in place, count, commit.

Nothing counts before the manifest is replaced, and it is replaced last. A run that ends anywhere before that leaves
files that no manifest names; the next one removes them and starts again.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from gate.ingest import manifest as store
from gate.ingest.judge import PARKED, REJECTED, Rules, check_kinds
from gate.ingest.manifest import Batch, File, Manifest
from gate.ingest.sources import Block, Read, Reader, Source
from gate.ingest.staging import Staging, sync
from gate.ingest.workers import Result, Workers
from gate.model import Policy, UndecidedError
from gate.reading import epoch_ms, format_time, from_epoch_ms

SKEW = timedelta(minutes=5)
SLICE = 128 << 20
"""Bytes of input that are judged before what was accepted becomes Parquet."""
SMALL = 8 << 20
"""Bytes of input that are not worth starting processes for."""
PROCESSES = 2

Progress = Callable[[int, int], None]
"""Told how many bytes and records were read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a run did: the store after it, its batch, and the first place of each reason.

    `places` are (outcome, reason, place, detail). `broken` says that a source was not read to its end.
    """

    manifest: Manifest
    batch: Batch
    places: tuple[tuple[str, str, str, str], ...]
    broken: bool


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
    *, processes: int | None = None,
) -> Outcome:  # fmt: skip
    """Read the sources into the store. Raises GateError and UndecidedError; then nothing of them counts."""
    with store.locked(target):
        before = store.read(target) or Manifest(store=target)
        run = _Run(before, rules, policy, now, progress)
        with run:
            reader = Reader(sources, run.advance)
            run.judge(reader.blocks(), _processes(sources) if processes is None else processes)
            return run.finish(reader.done, replay=False)


def replay(target: Path, rules: Rules, policy: Policy, now: datetime, progress: Progress) -> Outcome | None:
    """Judge what is parked once more. None when nothing is."""
    with store.locked(target):
        before = store.read(target)
        if before is None:
            raise UndecidedError(f"{target}: not an event store")
        run = _Run(before, rules, policy, now, progress)
        with run:
            digest = hashlib.sha256()
            run.judge(_parked_blocks(run.staging, digest), 0)
            if not run.read:
                return None
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


class _Run:
    """The state of one run, between taking the lock and committing."""

    def __init__(self, before: Manifest, rules: Rules, policy: Policy, now: datetime, progress: Progress) -> None:
        self._before = before
        self._rules = rules
        self._policy = policy
        self._now = now
        self._progress = progress
        self._results: list[Result] = []
        self._bytes = 0
        self.read = 0
        self._folder = before.store / store.STAGING

    def __enter__(self) -> None:
        try:
            store.sweep(self._before)
            self._folder.mkdir(parents=True)
        except OSError as error:
            raise UndecidedError(f"{self._folder}: can't be written: {error.strerror or error}") from None
        self.staging = Staging(self._folder, self._rules.schemas, self._before)

    def __exit__(self, *_: object) -> None:
        self.staging.close()
        _remove(self._folder)

    def advance(self, size: int) -> None:
        self._bytes += size
        self._progress(self._bytes, self.read)

    def judge(self, blocks: Iterator[Block], processes: int) -> None:
        """Judge every block; a slice of them becomes Parquet while the next one is judged."""
        pending: list[Result] = []
        size = 0
        workers = Workers(processes, self._rules, self._folder)
        try:
            with ThreadPoolExecutor(1) as beside:
                converting = beside.submit(self._convert, [])
                for block in blocks:
                    pending += self._took(workers.give(block))
                    size += block.size
                    if size >= SLICE:
                        pending += self._took(workers.drain())
                        converting.result()
                        converting = beside.submit(self._convert, pending)
                        pending, size = [], 0
                pending += self._took(workers.drain())
                converting.result()
                self._convert(pending)
        except OSError as error:
            raise UndecidedError(f"{error.filename or self._folder}: {error.strerror or error}") from None
        finally:
            workers.close()

    def _took(self, results: Iterator[Result]) -> Iterator[Result]:
        for result in results:
            self._results.append(result)
            self.read += result.read
            yield result

    def _convert(self, results: Sequence[Result]) -> None:
        blocks = {r.number: tuple(r.accepted) for r in results if r.accepted}
        if blocks:
            self.staging.convert(blocks, max(r.longest for r in results))

    def finish(self, done: Sequence[Read], *, replay: bool) -> Outcome:
        """Find duplicates, move the files to their places, and commit."""
        target = self._before.store
        number = len(self._before.batches) + 1
        duplicates, conflicts = self.staging.duplicates()
        moves: list[tuple[Path, File]] = []
        parts: dict[tuple[str, str], int] = {}
        accepted = 0
        for part, rows in self.staging.finish():
            table = "" if part.table is None else part.table.name
            index = parts[part.kind, table] = parts.get((part.kind, table), 0) + 1
            if part.table is None:
                name = f"{store.RAW}/{number:06}-{index:04}.{part.kind}.jsonl.zst"
            else:
                name = f"{part.kind}/{number:06}-{index:04}{table.removeprefix(part.kind)}.parquet"
                accepted += rows if not part.table.array else 0
            moves.append((part.path, _file(part.path, name, rows, table)))
        numbers = [r.number for r in self._results if r.held]
        longest = max((r.longest for r in self._results), default=0)
        held, reasons, again = self.staging.hold(
            sorted(numbers), longest, [r.sha256 for r in done], epoch_ms(self._now), replay=replay
        )
        duplicates += again
        new = [path for path, _ in moves]
        if held is not None:
            rows = sum(n for _, _, n in reasons)
            moves.append((held, _file(held, f"{store.HELD}/{number:06}.parquet", rows, "")))
            new.append(held)
        for path in sorted(self._folder.glob("*.bytes")):
            moves.append((path, _file(path, f"{store.HELD}/{path.name}", 0, "")))
        known = {file.name for _, file in self._before.files()}
        moves = [(path, file) for path, file in moves if file.name not in known]
        parked_open, oldest = self.staging.parked(new)
        counts = {wanted: sum(n for outcome, _, n in reasons if outcome == wanted) for wanted in (PARKED, REJECTED)}
        self._reconcile(accepted, duplicates, counts, sum(r.held for r in self._results) + conflicts)
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
            previous=store.batch_digest(self._before.batches[-1]) if self._before.batches else "",
        )  # fmt: skip
        places = tuple(
            (outcome, reason, f"{done[source].name if source >= 0 else 'the store'}:{line}", detail)
            for outcome, reason, source, line, detail in self.staging.examples()
        )
        _place(target, moves)
        after = store.commit(self._before, batch)
        broken = any(reason in ("truncated", "corrupt") for _, reason, _ in reasons)
        return Outcome(manifest=after, batch=batch, places=places, broken=broken)

    def _reconcile(self, accepted: int, duplicates: int, counts: Mapping[str, int], held: int) -> None:
        """Raise UndecidedError unless every record that was read is accounted for, once."""
        judged = sum(sum(r.accepted.values()) + r.held for r in self._results)
        found = accepted + duplicates + counts[PARKED] + counts[REJECTED]
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
