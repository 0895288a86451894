"""The audit: recompute the ledger from its entries, and say by reason code what does not fit what was signed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from attestations import merkle
from attestations.ledger.entry import read_entry
from attestations.ledger.errors import Code, LedgerError
from attestations.ledger.log import Ledger
from attestations.ledger.note import Checkpoint, open_checkpoint
from attestations.ledger.store import Row, Session

_LISTED: Final = 20
_SUSPECTS: Final = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong; `index` is the entry, or the size of the checkpoint, where there is one."""

    code: Code
    message: str
    index: int | None = None

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What an audit saw. Without `anchor`, a checkpoint kept elsewhere, an old copy put back looks sound."""

    origin: str
    size: int
    checkpoints: int
    newest: Checkpoint | None
    anchor: Checkpoint | None
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        return not self.findings


@dataclass(slots=True)
class _Pass:
    """What reading all rows once showed; sizes and indices count entries."""

    size: int = 0  # entries from 0 without a gap
    rows: int = 0
    gap: int | None = None
    edited: list[tuple[int, bytes, bytes]] = field(default_factory=list)  # index, hash of the entry, hash stored
    misfits: list[int] = field(default_factory=list)  # rows whose other hashes don't follow from the entries
    malformed: list[tuple[int, str]] = field(default_factory=list)
    altered: list[tuple[int, str]] = field(default_factory=list)  # checkpoints
    wrong: list[Checkpoint] = field(default_factory=list)  # signed, but not the root of the entries
    right: int = 0  # the largest size whose signed root is that of the entries
    checkpoints: int = 0
    newest: Checkpoint | None = None
    anchor_root: bytes | None = None


def audit(ledger: Ledger, trusted: str | None = None) -> Report:
    """Check every entry, hash and checkpoint; against a `trusted` checkpoint, also for a rollback or a fork.

    Raises LedgerError when `trusted` does not verify or the store can't be read now; damage is a finding.
    """
    anchor = None
    if trusted is not None:
        anchor = open_checkpoint(trusted, ledger.verifiers)
        if anchor.origin != ledger.origin:
            raise LedgerError(
                Code.WRONG_ORIGIN, f"the trusted checkpoint is {anchor.origin}'s, the ledger {ledger.origin}"
            )
    findings: list[Finding] = []
    seen = _Pass()
    try:
        findings += [Finding(code=Code.CORRUPT, message=line) for line in ledger.store.damage()]
        with ledger.store.read() as session:
            _read(session, ledger, anchor, seen)
            findings += _explain(session, seen)
            findings += _compare(seen, anchor)
    except LedgerError as error:
        if error.code not in (Code.CORRUPT, Code.SCHEMA):
            raise
        findings.append(Finding(code=error.code, message=error.message))
    return Report(
        origin=ledger.origin,
        size=seen.size,
        checkpoints=seen.checkpoints,
        newest=seen.newest,
        anchor=anchor,
        findings=tuple(findings),
    )


def _read(session: Session, ledger: Ledger, anchor: Checkpoint | None, seen: _Pass) -> None:
    checkpoints = _verified(session, ledger, seen)
    pending = next(checkpoints, None)
    frontier: list[bytes] = []
    rows = session.entries()
    row = next(rows, None)
    while True:
        if pending and pending.size == seen.size:
            if pending.root == merkle.root(frontier):
                seen.right = pending.size
            else:
                seen.wrong.append(pending)
            pending = next(checkpoints, None)
        if anchor and anchor.size == seen.size:
            seen.anchor_root = merkle.root(frontier)
        if row is None or row.index != seen.size:
            break
        _check_row(row, merkle.append(frontier, row.index, merkle.leaf_hash(row.body)), seen)
        seen.size += 1
        row = next(rows, None)
    if row is not None:
        seen.gap = seen.size
    for _ in checkpoints:  # of the ones beyond the entries, only the signature can be checked
        pass
    seen.rows = seen.size + (row is not None) + sum(1 for _ in rows)


def _check_row(row: Row, expected: bytes, seen: _Pass) -> None:
    if row.hashes != expected:
        stored = row.hashes[: merkle.HASH_SIZE]
        if stored != expected[: merkle.HASH_SIZE]:
            seen.edited.append((row.index, expected[: merkle.HASH_SIZE], stored))
            return
        seen.misfits.append(row.index)
    try:
        read_entry(row.body)
    except LedgerError as error:
        seen.malformed.append((row.index, error.message))


def _verified(session: Session, ledger: Ledger, seen: _Pass) -> Iterator[Checkpoint]:
    """The checkpoints that verify; the others are noted."""
    for filed, note in session.checkpoints():
        seen.checkpoints += 1
        try:
            checkpoint = open_checkpoint(note.decode("utf-8", "surrogateescape"), ledger.verifiers)
        except LedgerError as error:
            seen.altered.append((filed, str(error)))
            continue
        if checkpoint.size != filed or checkpoint.origin != ledger.origin:
            seen.altered.append((filed, f"it is a checkpoint of {checkpoint.origin} with {checkpoint.size} entries"))
            continue
        seen.newest = checkpoint
        yield checkpoint


def _explain(session: Session, seen: _Pass) -> Iterator[Finding]:
    """From what does not fit to what was done: the most specific reason the data shows."""
    covered = seen.newest.size if seen.newest else 0
    short = seen.gap is None and seen.size < covered
    yield from _each(Code.CHECKPOINT_ALTERED, seen.altered, "the checkpoint over {} entries: {}")
    yield from _each(Code.ENTRY_MALFORMED, seen.malformed, "entry {}: {}")
    if seen.gap is not None:
        message = f"entry {seen.gap} is missing; {seen.rows - seen.size} rows are behind the gap"
        yield Finding(code=Code.ENTRY_MISSING, index=seen.gap, message=message)
    if seen.newest is None or covered < seen.size:
        message = (
            f"entries {covered} to {seen.size - 1} are under no signed checkpoint" if seen.size else "no checkpoint"
        )
        yield Finding(code=Code.UNCOVERED, index=covered, message=message)
    if not (seen.wrong or short or seen.gap is not None):
        altered = sorted(index for index in {index for index, *_ in seen.edited} | set(seen.misfits) if index < covered)
        message = "the hashes stored beside entry {} are wrong, the entry is the one that was signed"
        yield from _each(Code.NODE_ALTERED, [(index,) for index in altered], message)
        return
    stored = {hashed for _, _, hashed in seen.edited}
    moved = [(index,) for index, actual, _ in seen.edited if actual in stored]
    edited = [(index,) for index, actual, _ in seen.edited if actual not in stored]
    yield from _each(Code.ENTRIES_REORDERED, moved, "entry {} stands where another one was recorded")
    yield from _each(Code.ENTRY_EDITED, edited, "entry {} is not the one whose hash was recorded")
    if seen.wrong and not (seen.edited and _stored_hashes_match(session, seen.wrong)):
        yield _rewritten(session, seen, missing=short and bool(seen.misfits))
    elif short and not seen.edited and seen.misfits:
        yield _removed(seen, covered)
    elif short:
        message = f"entries {seen.size} to {covered - 1} are gone; a signed checkpoint covers them"
        yield Finding(code=Code.TAIL_CUT, index=seen.size, message=message)


def _rewritten(session: Session, seen: _Pass, *, missing: bool) -> Finding:
    first = seen.wrong[0]
    if missing:
        return _removed(seen, seen.newest.size if seen.newest else 0)
    if _rearranged(session):
        message = f"among the first {first.size} entries some stand in others' places; each is one that was recorded"
        return Finding(code=Code.ENTRIES_REORDERED, index=seen.right, message=message)
    message = (
        f"entries {seen.right} to {first.size - 1} are not those under the checkpoint signed over {first.size} entries"
    )
    return Finding(code=Code.HISTORY_REWRITTEN, index=seen.right, message=message)


def _removed(seen: _Pass, covered: int) -> Finding:
    first = seen.misfits[0]
    message = f"{covered - seen.size} of {covered} entries were taken out at or before {first}, the rest renumbered"
    return Finding(code=Code.ENTRY_MISSING, index=first, message=message)


def _compare(seen: _Pass, anchor: Checkpoint | None) -> Iterator[Finding]:
    if anchor is None:
        return
    covered = seen.newest.size if seen.newest else 0
    if covered < anchor.size:
        message = (
            f"the newest checkpoint covers {covered} entries, the trusted one {anchor.size}: an old copy was put back"
        )
        yield Finding(code=Code.ROLLED_BACK, index=covered, message=message)
    elif seen.anchor_root not in (None, anchor.root) and not seen.wrong:
        message = f"the first {anchor.size} entries have another root than in the trusted checkpoint: two histories"
        yield Finding(code=Code.FORKED, index=anchor.size, message=message)


def _stored_hashes_match(session: Session, wrong: Sequence[Checkpoint]) -> bool:
    """Whether the hashes stored for the entries lead to the signed roots, where the entries themselves don't."""
    roots = {checkpoint.size: checkpoint.root for checkpoint in wrong}
    frontier: list[bytes] = []
    for expected, row in enumerate(session.entries()):
        if row.index != expected:
            break
        merkle.append(frontier, row.index, row.hashes[: merkle.HASH_SIZE])
        if roots.pop(row.index + 1, None) not in (None, merkle.root(frontier)):
            return False
    return not roots


def _rearranged(session: Session) -> bool:
    """Whether rows that don't fit their neighbours are all recorded ones in other places.

    Every second row holds the hash over its pair of leaves. If each such hash among the misfits is that of some two of
    the misfit leaves, the leaves are the recorded ones.
    """
    leaves: list[bytes] = []
    pairs: set[bytes] = set()
    left: Row | None = None
    for row in session.entries():
        if not row.index & 1:
            left = row
            continue
        both = [left, row] if left else [row]
        hashes = [one.hashes for one in both]
        first, last = hashes[0][: merkle.HASH_SIZE], hashes[-1][: merkle.HASH_SIZE]
        fits = [len(one.hashes) == merkle.row_size(one.index) for one in both]
        if not all(fits) or merkle.node_hash(first, last) != _level_1(row.hashes):
            leaves += [first, last]
            pairs.update(filter(None, map(_level_1, hashes)))
        left = None
    if left is not None:
        leaves.append(left.hashes[: merkle.HASH_SIZE])
        pairs.update(filter(None, [_level_1(left.hashes)]))
    if not pairs or len(leaves) > _SUSPECTS:
        return False
    return pairs <= {merkle.node_hash(one, other) for one in leaves for other in leaves}


def _level_1(hashes: bytes) -> bytes:
    return hashes[merkle.HASH_SIZE : 2 * merkle.HASH_SIZE]


def _each(code: Code, places: Sequence[tuple[object, ...]], text: str) -> Iterator[Finding]:
    """A finding for each place, the first ones in full."""
    for place in places[:_LISTED]:
        index = place[0]
        yield Finding(code=code, index=index if isinstance(index, int) else None, message=text.format(*place))
    if len(places) > _LISTED:
        yield Finding(code=code, message=f"and {len(places) - _LISTED} more")
