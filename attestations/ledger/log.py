"""The ledger itself: append, prove, look up. Entries and the signed checkpoint over them are one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from attestations import merkle
from attestations.ledger.entry import Entry, read_entry, statement_needle, write_entry
from attestations.ledger.errors import Code, LedgerError
from attestations.ledger.note import (
    Checkpoint,
    Signer,
    Verifier,
    check_origin,
    open_checkpoint,
    parse_verifier,
    sign_checkpoint,
)
from attestations.ledger.receipt import Receipt
from attestations.ledger.store import Row, Session, Store

_POSTGRES = ("postgresql://", "postgres://")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Head:
    """A verified checkpoint, the note it was read from, and the roots of the perfect subtrees under it."""

    note: str
    checkpoint: Checkpoint
    frontier: tuple[bytes, ...]


class Ledger:
    """An open ledger; see `open_ledger`. Threads may share it: they take turns."""

    def __init__(self, store: Store, origin: str, signer: Signer | None, verifiers: Sequence[Verifier]) -> None:
        self.origin = origin
        self.verifiers = tuple(verifiers)
        self.store = store
        self._signer = signer
        self._seen: _Head | None = None  # the newest met: a later one must extend it

    @property
    def where(self) -> str:
        """The place, for messages."""
        return self.store.where

    @property
    def durability(self) -> str:
        """The settings the database confirmed when the ledger was opened."""
        return self.store.durability

    def append(self, entries: Sequence[Entry]) -> tuple[Receipt, ...]:
        """Record entries, in order; return when they and a signed checkpoint over them are on the disk.

        All are recorded or none. A server lost in between, even during the commit, is asked once more: entries that
        turn out to be there are acknowledged, others recorded then, none of them twice. After an exception none is
        acknowledged; yet when the server stays away, or the process is killed, they may be there: `find` tells.
        Raises LedgerError: READ_ONLY, ENTRY_INVALID, INCONSISTENT and the other ways in which a store can't be used.
        """
        signer = self._signer
        if signer is None:
            raise LedgerError(Code.READ_ONLY, f"{self.where}: opened without a checkpoint key, for reading only")
        bodies = [write_entry(entry) for entry in entries]
        if not bodies:
            raise LedgerError(Code.ENTRY_INVALID, "there is nothing to append")
        before: list[int] = []
        try:
            return self._append(bodies, signer, before)
        except LedgerError as error:
            if error.code is not Code.UNAVAILABLE or not before or not self.store.reconnect():
                raise
        return self._append(bodies, signer, before)

    def _append(self, bodies: Sequence[bytes], signer: Signer, before: list[int]) -> tuple[Receipt, ...]:
        """One attempt. `before` is given the size it found; what an earlier one left behind that counts as recorded."""
        with self.store.write() as session:
            head = self._head(session)
            at = self._recorded(session, bodies, before[0], head.checkpoint.size) if before else None
            if at is not None:
                return tuple(self._receipt(session, head, at + number) for number in range(len(bodies)))
            before[:] = [head.checkpoint.size]
            frontier = list(head.frontier)
            rows = [
                Row(index=index, body=body, hashes=merkle.append(frontier, index, merkle.leaf_hash(body)))
                for index, body in enumerate(bodies, head.checkpoint.size)
            ]
            checkpoint = Checkpoint(
                origin=self.origin, size=head.checkpoint.size + len(rows), root=merkle.root(frontier)
            )
            note = sign_checkpoint(checkpoint, signer)
            session.insert(rows, checkpoint.size, note)
            receipts = tuple(_receipts(rows, head, note))
        self._seen = _Head(note=note, checkpoint=checkpoint, frontier=tuple(frontier))
        return receipts

    def checkpoint(self) -> str:
        """The newest signed checkpoint, verified. Publish it: whoever holds it notices a later rollback or fork."""
        with self.store.read() as session:
            return self._head(session).note

    def size(self) -> int:
        """The number of entries."""
        with self.store.read() as session:
            return self._head(session).checkpoint.size

    def entry(self, index: int) -> Entry:
        """Entry number `index`, from 0. Raises LedgerError RANGE, ENTRY_MALFORMED."""
        with self.store.read() as session:
            return read_entry(self._row(session, index, self._head(session).checkpoint.size).body)

    def find(self, statement: str) -> tuple[int, ...]:
        """The indices of the entries about a statement, by its SHA-256 in hex. Reads the whole ledger."""
        needle = statement_needle(statement)
        with self.store.read() as session:
            return session.find(needle)

    def receipt(self, index: int) -> Receipt:
        """A receipt for entry `index` under the newest checkpoint, verified. Raises LedgerError RANGE, INCONSISTENT."""
        with self.store.read() as session:
            return self._receipt(session, self._head(session), index)

    def _recorded(self, session: Session, bodies: Sequence[bytes], start: int, stop: int) -> int | None:
        """Where these entries stand, in one piece, among those from `start` on."""
        found = [self._row(session, index, stop).body for index in range(start, stop)]
        count = len(bodies)
        return next(
            (start + at for at in range(len(found) - count + 1) if found[at : at + count] == list(bodies)), None
        )

    def _receipt(self, session: Session, head: _Head, index: int) -> Receipt:
        size = head.checkpoint.size
        leaf = merkle.leaf_hash(self._row(session, index, size).body)
        path = self._hashes(session, merkle.inclusion_plan(index, size))
        if merkle.root_from_inclusion(index, size, leaf, path) != head.checkpoint.root:
            raise self._inconsistent(f"entry {index} is not the one that was signed")
        return Receipt(index=index, leaf_hash=leaf, path=path, checkpoint=head.note)

    def prove_inclusion(self, index: int, size: int) -> tuple[bytes, ...]:
        """The hashes that lead from leaf `index` to the root of the first `size` entries. Raises LedgerError RANGE."""
        return self._prove(lambda: merkle.inclusion_plan(index, size), size)

    def prove_consistency(self, old: int, new: int) -> tuple[bytes, ...]:
        """The hashes that prove the first `old` entries a prefix of the first `new`. Raises LedgerError RANGE."""
        return self._prove(lambda: merkle.consistency_plan(old, new) if old else [], new)

    def check_extends(self, trusted: str) -> Checkpoint:
        """Make sure the ledger is the one of a checkpoint kept elsewhere, with entries added; return that checkpoint.

        Raises LedgerError ROLLED_BACK, FORKED and what `open_checkpoint` raises.
        """
        anchor = self._open(trusted)
        with self.store.read() as session:
            self._check_prefix(session, anchor, self._head(session).checkpoint)
        return anchor

    def close(self) -> None:
        self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _head(self, session: Session) -> _Head:
        """The newest checkpoint, verified against the rows; nothing is built on what doesn't fit."""
        newest = session.newest_checkpoint()
        if newest is None:
            raise self._inconsistent("there is no checkpoint")
        filed, note = newest
        size = session.size()
        seen = self._seen
        if seen and seen.note == note and seen.checkpoint.size == size:
            return seen
        checkpoint = self._open(note)
        if not checkpoint.size == filed == size:
            what = f"there are {size} entries; the newest checkpoint, filed under {filed}, covers {checkpoint.size}"
            raise self._inconsistent(what)
        frontier = self._hashes(session, merkle.peaks(0, size))
        if merkle.root(frontier) != checkpoint.root:
            raise self._inconsistent("the stored hashes do not lead to the signed root")
        if seen:
            self._check_prefix(session, seen.checkpoint, checkpoint)
        self._seen = _Head(note=note, checkpoint=checkpoint, frontier=frontier)
        return self._seen

    def _check_prefix(self, session: Session, anchor: Checkpoint, head: Checkpoint) -> None:
        if head.size < anchor.size:
            message = (
                f"{self.where}: has {head.size} entries, a trusted checkpoint {anchor.size}: an old copy was put back"
            )
            raise LedgerError(Code.ROLLED_BACK, message)
        if merkle.root(self._hashes(session, merkle.peaks(0, anchor.size))) != anchor.root:
            message = (
                f"{self.where}: its first {anchor.size} entries are not those of the trusted checkpoint: two histories"
            )
            raise LedgerError(Code.FORKED, message)

    def _prove(self, plan: Callable[[], Sequence[merkle.Range]], size: int) -> tuple[bytes, ...]:
        with self.store.read() as session:
            covered = self._head(session).checkpoint.size
            if not 0 <= size <= covered:
                raise LedgerError(Code.RANGE, f"{self.where}: has {covered} entries, not {size}")
            try:
                nodes = plan()
            except merkle.ProofError as error:
                raise LedgerError(Code.RANGE, f"{self.where}: {error}") from None
            return self._hashes(session, nodes)

    def _row(self, session: Session, index: int, size: int) -> Row:
        if not 0 <= index < size:
            raise LedgerError(Code.RANGE, f"{self.where}: there is no entry {index}; it has {size}, counted from 0")
        row = session.entry(index)
        if row is None:
            raise self._inconsistent(f"entry {index} is missing")
        return row

    def _hashes(self, session: Session, nodes: Sequence[merkle.Range]) -> tuple[bytes, ...]:
        rows = session.hashes(merkle.rows_of(nodes))
        try:
            return tuple(merkle.hash_of(node, rows) for node in nodes)
        except KeyError as missing:
            raise self._inconsistent(f"the hashes of entry {missing} are missing or cut") from None

    def _open(self, note: str) -> Checkpoint:
        checkpoint = open_checkpoint(note, self.verifiers)
        if checkpoint.origin != self.origin:
            raise LedgerError(Code.WRONG_ORIGIN, f"a checkpoint of {checkpoint.origin}; this ledger is {self.origin}")
        return checkpoint

    def _inconsistent(self, what: str) -> LedgerError:
        return LedgerError(Code.INCONSISTENT, f"{self.where}: {what}; run `gate ledger audit`")


def open_ledger(
    place: str | Path,
    *,
    origin: str,
    signer: Signer | None = None,
    verifier_keys: Iterable[str] = (),
    trusted: str | None = None,
    timeout: float = 30.0,
) -> Ledger:
    """Open a ledger: a path, or a libpq URL (`postgresql://…`). Without a signer it can only be read.

    `origin` is the ledger's name, and that of its keys; `verifier_keys` are trusted beside the signer's own, such as
    those of before a rotation. `trusted` is a checkpoint kept elsewhere, which the ledger must extend. `timeout`, in
    seconds, is how long to wait for other writers. Raises LedgerError.
    """
    check_origin(origin)
    verifiers = [parse_verifier(key) for key in verifier_keys] + ([signer.verifier] if signer else [])
    if not any(verifier.name == origin for verifier in verifiers) or (signer and signer.verifier.name != origin):
        raise LedgerError(Code.UNTRUSTED, f"no key of the ledger {origin} was given")
    ledger = Ledger(_open_store(place, writable=signer is not None, timeout=timeout), origin, signer, verifiers)
    try:
        if trusted is not None:
            ledger.check_extends(trusted)
    except BaseException:
        ledger.close()
        raise
    return ledger


def create_ledger(place: str | Path, *, origin: str, signer: Signer, timeout: float = 30.0) -> Ledger:
    """Make a new, empty ledger where there is nothing yet, and open it.

    A step of its own, never done in passing: that a ledger is gone must be noticed. Raises LedgerError.
    """
    if signer.verifier.name != check_origin(origin):
        raise LedgerError(Code.UNTRUSTED, f"the key is {signer.verifier.name}'s, the ledger is {origin}")
    genesis = sign_checkpoint(Checkpoint(origin=origin, size=0, root=merkle.EMPTY_ROOT), signer)
    if str(place).startswith(_POSTGRES):
        from attestations.ledger import postgres

        postgres.create(str(place), genesis, timeout=timeout)
    else:
        from attestations.ledger import sqlite

        sqlite.create(Path(place), genesis, timeout=timeout)
    return open_ledger(place, origin=origin, signer=signer, timeout=timeout)


def _open_store(place: str | Path, *, writable: bool, timeout: float) -> Store:
    if str(place).startswith(_POSTGRES):
        from attestations.ledger.postgres import PostgresStore

        return PostgresStore(str(place), writable=writable, timeout=timeout)
    from attestations.ledger.sqlite import SqliteStore

    return SqliteStore(Path(place), writable=writable, timeout=timeout)


def _receipts(rows: Sequence[Row], head: _Head, note: str) -> Iterator[Receipt]:
    """Receipts for the rows just added to `head`: all the hashes they need are in its frontier and in the rows."""
    stored = {row.index: row.hashes for row in rows}
    for (start, stop), value in zip(merkle.peaks(0, head.checkpoint.size), head.frontier, strict=True):
        stored[stop - 1] = bytes(merkle.HASH_SIZE * ((stop - start).bit_length() - 1)) + value
    size = head.checkpoint.size + len(rows)
    paths = merkle.inclusion_paths(head.checkpoint.size, size, size, lambda node: merkle.hash_of(node, stored))
    for row, path in zip(rows, paths, strict=True):
        yield Receipt(index=row.index, leaf_hash=row.hashes[: merkle.HASH_SIZE], path=path, checkpoint=note)
