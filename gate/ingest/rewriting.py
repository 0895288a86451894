"""What a store holds written anew: many small files as few large ones, by the schemas of today, without what expired.

It is an ingest of what was ingested: the records that were kept go through the same staging into a new batch, which
replaces the files they came from. Who vouches for a record never changes by it. Records that nobody signed for are
written anew without a key; those of a signer only with that signer's key, signed before they count.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gate.ingest import forgetting, sealing
from gate.ingest import manifest as store
from gate.ingest.judge import TENANT, Held, Judge, Rules, when
from gate.ingest.manifest import Batch, File, Manifest
from gate.ingest.run import SLICE, Outcome, Rewrite, Run, schema_digests
from gate.ingest.sources import Read
from gate.ingest.workers import HELD, LINES_IN_BLOCK, Result, Work
from gate.model import GateError, Policy, UndecidedError
from gate.reading import format_time, from_epoch_ms, parse_time

if TYPE_CHECKING:
    from attestations.signers import Signer
    from attestations.trust import Trust

FULL = 200_000
"""Records from which on a file is not worth writing anew."""
_ENTRIES = 20_000
_TOOL = "gate ingest --expire"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expired:
    """What an expiry did: its batch (None: nothing was due) and the facts for `gate purge record --manifest`."""

    outcome: Outcome | None
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Part:
    """A Parquet file of a kind's own table that is to be written anew, and all that belongs to it."""

    batch: Batch
    file: File
    beside: tuple[str, ...]


@dataclass(slots=True)
class _Left:
    """What was left out of what is written anew: how many of each tenant, and a digest over their digests."""

    tenants: Counter[str] = field(default_factory=Counter)
    kept_by_hold: Counter[str] = field(default_factory=Counter)
    of_kind: Counter[str] = field(default_factory=Counter)
    digest: Any = field(default_factory=sha256)


Leave = Callable[[str, Mapping[str, Any]], bool]
"""Whether a record of a kind is left out."""


def compact(
    target: Path, rules: Rules, policy: Policy, now: datetime, trust: Trust, signer: Signer | None
) -> Outcome | None:
    """Merge small files, and bring those of an older schema to that of today: what does not fit it is parked or
    rejected, and counted. None when there is nothing to do. Raises UndecidedError; then the store is as it was."""
    _read(target)  # what is no store gets no lock
    with store.locked(target):
        before = _read(target)
        wanted = schema_digests(rules.schemas)
        parts = []
        for kind, found in _parts(before, policy, trust, now, signer).items():
            old = [part for part in found if part.batch.schemas.get(kind) != wanted[kind]]
            small = [part for part in found if part.file.records < FULL and part not in old]
            parts += old + (small if len(small) > 1 or (old and small) else [])
        if not parts:
            return None
        return _rewrite(before, parts, rules, policy, now, store.COMPACTION, trust, signer, None, _Left(), {})[0]


def expire(
    target: Path, rules: Rules, policy: Policy, now: datetime, trust: Trust, signer: Signer | None,
    windows: Mapping[str, int], held: frozenset[str],
) -> Expired:  # fmt: skip
    """Drop the records of each kind whose time lies more than so many days back, but for those of `held` tenants.

    So goes what was parked or rejected of the kind; under the name `held`, whatever was, by when that happened.
    Records of other signers stay, and are said to. Raises GateError for a kind that has no time, and UndecidedError.
    """
    limits = {kind: (now - timedelta(days=days)).replace(microsecond=0) for kind, days in windows.items()}
    fields = {kind: when(policy.kinds[kind].schema) for kind in windows if kind != forgetting.ANY}
    for kind, name in fields.items():
        if name is None:
            raise GateError(f"--expire {kind}: its records have no time; they can't be too old")
    left = _Left()

    def leave(kind: str, record: Mapping[str, Any]) -> bool:
        text = record.get(str(fields.get(kind)))
        if kind not in limits or text is None or parse_time(text) >= limits[kind]:
            return False
        return goes(kind, frozenset(record[name] for name in TENANT if isinstance(record.get(name), str)))

    def goes(kind: str, named: frozenset[str]) -> bool:
        if held and (not named or named & held):
            left.kept_by_hold[kind] += 1
            return False
        left.tenants.update(named or {"all"})
        return True

    def forget(item: forgetting.Held) -> bool:
        moment = from_epoch_ms(item.held_at)
        due = forgetting.ANY in limits and moment < limits[forgetting.ANY]
        if not due and item.kind in fields:
            text = (item.record or {}).get(str(fields[item.kind]))
            with contextlib.suppress(ValueError):
                moment = min(moment, parse_time(text) if isinstance(text, str) else moment)
            due = moment < limits[item.kind]
        return due and goes(forgetting.ANY, item.tenants)

    _read(target)  # what is no store gets no lock
    with store.locked(target):
        before = _read(target)
        ours = _parts(before, policy, trust, now, signer)
        due = [part for kind in fields for part in ours.get(kind, ()) if _oldest(before, part, fields) < limits[kind]]
        counted = {kind: _records(before, kind) for kind in fields}
        until = {kind: format_time(limits[kind]) for kind in fields}
        waiting = _held(before, trust, now, signer)
        gone = forgetting.Forgotten()
        outcome = None
        if due or waiting:
            outcome, gone = _rewrite(
                before, due, rules, policy, now, store.EXPIRY, trust, signer, leave, left, until, waiting, forget
            )
        if outcome is not None:
            store.sweep(outcome.manifest)
        facts = _facts(policy, now, limits, fields, counted, left, due, outcome, gone)
    return Expired(outcome=outcome, facts=facts)


def _read(target: Path) -> Manifest:
    found = store.read(target)
    if found is None:
        raise GateError(f"{target}: not an event store; gate ingest makes one")
    return found


def _parts(
    before: Manifest, policy: Policy, trust: Trust, now: datetime, signer: Signer | None
) -> dict[str, list[_Part]]:
    """By kind: the files that this signer signed for, or without one those that nobody did."""
    from gate.ingest import reporting

    signers = reporting.signers(before, trust, now)
    wanted = None if signer is None else signer.identity
    found: dict[str, list[_Part]] = {}
    files = list(before.files())
    for batch, file in files:
        if file.table in policy.kinds and signers.get(file.sha256) == wanted:
            stem = Path(file.name).stem
            beside = tuple(f.name for of, f in files if of is batch and f is not file and _belongs(f, file, stem))
            found.setdefault(file.table, []).append(_Part(batch, file, beside))
    return found


def _held(before: Manifest, trust: Trust, now: datetime, signer: Signer | None) -> list[tuple[Batch, File]]:
    """The files of what was parked or rejected that this signer signed for, or without one those that nobody did."""
    from gate.ingest import reporting

    signers = reporting.signers(before, trust, now)
    wanted = None if signer is None else signer.identity
    held = [(batch, file) for batch, file in before.files() if forgetting.is_held(file.name)]
    return [(batch, file) for batch, file in held if signers.get(file.sha256) == wanted]


def _belongs(file: File, main: File, stem: str) -> bool:
    if file.name == sealing.raw_of(main.name, main.table):
        return True
    return file.table.startswith(f"{main.table}__") and Path(file.name).name.startswith(f"{stem}__")


def _oldest(before: Manifest, part: _Part, fields: Mapping[str, str | None]) -> datetime:
    """The earliest time in a file; its Parquet says so without being read through."""
    import duckdb

    name = str(fields[part.file.table]).replace('"', '""')
    with duckdb.connect(":memory:", config={"threads": "1"}) as engine:
        query = f'SELECT min("{name}") FROM read_parquet($1)'  # noqa: S608 the name of a column, quoted
        found = engine.execute(query, [str(before.store / part.file.name)]).fetchone()
    return from_epoch_ms(int(found[0])) if found and found[0] is not None else parse_time("9999-12-31T00:00:00Z")


def _records(manifest: Manifest, kind: str) -> int:
    return sum(file.records for _, file in manifest.files() if file.table == kind)


def _rewrite(
    before: Manifest, parts: Sequence[_Part], rules: Rules, policy: Policy, now: datetime, why: str, trust: Trust,
    signer: Signer | None, leave: Leave | None, left: _Left, limits: Mapping[str, str],
    held: Sequence[tuple[Batch, File]] = (), forget: Callable[[forgetting.Held], bool] | None = None,
) -> tuple[Outcome | None, forgetting.Forgotten]:  # fmt: skip
    """What came of it; None where nothing was to be written anew after all."""
    files = {file.name: file for _, file in before.files()}
    replaced = tuple(name for part in parts for name in (part.file.name, *part.beside))
    for name in (*replaced, *(file.name for _, file in held)):
        if (wrong := store.check(before, files[name])) is not None:
            raise UndecidedError(f"{before.store / name}: {wrong}; nothing was written anew")
    batches = [*(part.batch for part in parts), *(batch for batch, _ in held)]
    sources = {source: None for batch in batches for source in batch.sources}
    places = {source: number for number, source in enumerate(sources)}
    run = Run(before, rules, policy, now)
    with run:
        gone = forgetting.Forgotten()
        if forget is not None:
            gone = forgetting.forget(before, held, forget, run.folder, places)
            for digest in gone.digests:
                left.digest.update(digest)
        if not parts and gone.kept is None:
            return None, gone
        pending: list[Result] = []
        size = 0
        for result in _results(before, parts, rules, run.folder, places, leave, left):
            run.results.append(result)
            run.read += result.read
            pending.append(result)
            size += result.size
            if size >= SLICE:
                run.convert(pending)
                pending, size = [], 0
        run.convert(pending)
        purged = left.of_kind.total() + gone.gone.total()
        run.read += purged

        def sign(batch: Batch) -> None:
            if signer is not None:
                from gate.ingest import reporting

                sealing.seal(before, batch, signer, trust, policy, now)
                reporting.sign_rewrite(before, batch, signer, trust, now)

        dropped = left.digest.hexdigest() if purged else ""
        rewrite = Rewrite(why, (*replaced, *gone.replaced), purged, dropped, limits, sign, gone.kept)
        attested = {one: None for batch in batches for one in batch.attested}
        done = [Read(*source) for source in sources]
        return run.finish(done, rewrite=rewrite, attested=tuple(attested)), gone


def _results(
    before: Manifest, parts: Sequence[_Part], rules: Rules, folder: Path, places: Mapping[Any, int],
    leave: Leave | None, left: _Left,
) -> Iterator[Result]:  # fmt: skip
    """The records of the parts as staged blocks: as they are where their schema is, else judged again."""
    work = Work(rules, folder)
    judges = {
        kind: Judge(replace(rules, schemas={kind: rules.schemas[kind]}, kind=kind, tenants=None))
        for kind in {part.file.table for part in parts}
    }
    wanted = schema_digests(rules.schemas)
    number = 0
    for part in parts:
        kind = part.file.table
        same = part.batch.schemas.get(kind) == wanted[kind]
        entries = sealing.entries(before.store, part.file.name, sealing.raw_of(part.file.name, kind))
        more = True
        while more:
            number += 1
            out = work.out()
            read = longest = size = 0
            more = False
            for entry in entries:
                record = entry["e"]
                if leave is not None and leave(kind, record):
                    left.of_kind[kind] += 1
                    left.digest.update(bytes.fromhex(entry["d"]))
                    continue
                ordinal = (number << LINES_IN_BLOCK) + read
                source = places[part.batch.sources[entry["f"]]]
                text = work.canonical(record)
                verdict = (kind, text) if same else judges[kind].judge(record)
                if isinstance(verdict, Held):
                    line = work.held(ordinal, source, entry["l"], verdict, text)
                else:
                    line = work.accepted(ordinal, source, entry["l"], text)
                out.add(HELD if isinstance(verdict, Held) else kind, line)
                longest = max(longest, len(line))
                size += len(line)
                read += 1
                if read == _ENTRIES:
                    more = True
                    break
            accepted = out.write(number)
            yield Result(number=number, source=0, read=read, accepted=accepted, held=read - sum(accepted.values()),
                         longest=longest, size=size)  # fmt: skip


def _facts(
    policy: Policy, now: datetime, limits: Mapping[str, datetime], fields: Mapping[str, str | None],
    counted: Mapping[str, int], left: _Left, due: Sequence[_Part], outcome: Outcome | None,
    gone: forgetting.Forgotten,
) -> dict[str, Any]:  # fmt: skip
    """What a purge manifest says of it (see the kind `purge_manifest`)."""
    import gate

    held, forgot = gone.before.total(), gone.gone.total()
    purged = left.of_kind.total() + forgot
    observed = 0
    if outcome is not None:
        made = sum(file.records for file in outcome.batch.files if file.table in policy.kinds)
        refused = outcome.batch.parked + outcome.batch.rejected
        observed = sum(part.file.records for part in due) - made - refused
        kept = [outcome.manifest.store / file.name for file in outcome.batch.files if forgetting.is_held(file.name)]
        observed += forgetting.forgotten(kept) - gone.earlier
    older = "; ".join(
        f"records of {kind} whose {fields[kind]} is before {format_time(limits[kind])}" for kind in fields
    )
    older += "; " * bool(fields and forgetting.ANY in limits)
    if forgetting.ANY in limits:
        older += f"what was parked or rejected before {format_time(limits[forgetting.ANY])}"
    tables = sorted({*limits, forgetting.ANY} if held else limits)
    return {
        "scope": {"tenants": sorted(left.tenants) or ["all"], "systems": ["event store"], "tables": tables},
        "data_classes": tables,
        "trigger": "retention" if purged else "noop",
        "noop": not purged,
        "noop_query": None if purged else older,
        "method": "clear",
        "technique": "files written anew without the records, and unlinked"
        + (f"; SHA-256 over their digests {left.digest.hexdigest()}" if purged else ""),
        "tool": _TOOL,
        "tool_version": gate.__version__,
        "counts": [
            {"table": kind, "before": counted[kind], "purged": left.of_kind[kind],
             "after": counted[kind] - left.of_kind[kind]}
            for kind in sorted(fields)
        ] + [{"table": forgetting.ANY, "before": held, "purged": forgot, "after": held - forgot}] * bool(held),
        "tombstone_validation": {
            "query": "records of the replaced files, less those of the files that replace them",
            "expected": purged,
            "observed": observed,
        },
        "exceptions": [{"reason": "legal hold", "table": kind, "rows": n} for kind, n in left.kept_by_hold.items()],
        "performed_at": format_time(now),
        "residual": "copies of the store's folder; of what was parked or rejected its digest, its place and why",
    }  # fmt: skip
