"""The audit against every way of changing the past: each has its reason, and no flipped bit or cut byte passes."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from attestations import merkle
from attestations.ledger import Checkpoint, Code, Ledger, LedgerError, Report, audit, write_entry
from attestations.ledger.note import sign_checkpoint
from attestations.ledger.sqlite import _SQL, _TABLES
from attestations.ledger.store import Session


def codes(report: Report) -> set[Code]:
    return {finding.code for finding in report.findings}


def audited(path: Path, kit: Any, trusted: str | None = None) -> Report:
    with kit.read(path) as ledger:
        return audit(ledger, trusted)


def rehash(kit: Any, numbers: list[int]) -> list[str]:
    """What somebody does who changes entries and knows the format: all rows rewritten to fit each other."""
    frontier: list[bytes] = []
    statements = ["DELETE FROM entry"]
    for index, number in enumerate(numbers):
        body = write_entry(kit.entry(number))
        hashes = merkle.append(frontier, index, merkle.leaf_hash(body))
        statements.append(f"INSERT INTO entry VALUES ({index}, x'{body.hex()}', x'{hashes.hex()}')")
    return statements


def body_of(kit: Any, number: int) -> str:
    return f"x'{write_entry(kit.entry(number)).hex()}'"


def leaf_of(kit: Any, number: int) -> str:
    return merkle.leaf_hash(write_entry(kit.entry(number))).hex()


def swap(one: int, other: int, columns: str) -> list[str]:
    """Let two rows change places: their entries only, or the whole rows."""
    if columns == "rows":
        return [
            f"UPDATE entry SET idx = {was} WHERE idx = {now}" for was, now in ((-1, one), (one, other), (other, -1))
        ]
    bodies = f"(SELECT body FROM entry WHERE idx = {one} + {other} - e.idx)"
    return [
        f"CREATE TABLE kept AS SELECT idx, {bodies} AS body FROM entry e WHERE idx IN ({one}, {other})",
        "UPDATE entry SET body = (SELECT body FROM kept WHERE kept.idx = entry.idx) WHERE idx IN (SELECT idx FROM kept)",
        "DROP TABLE kept",
    ]


SIZE = 11  # in batches of 4, 1 and 6
TAMPERED: list[tuple[str, Code, Any]] = [
    ("entry edited", Code.ENTRY_EDITED, lambda kit: [f"UPDATE entry SET body = {body_of(kit, 99)} WHERE idx = 6"]),
    ("first entry edited", Code.ENTRY_EDITED, lambda kit: [f"UPDATE entry SET body = {body_of(kit, 99)} WHERE idx = 0"]),
    ("entry emptied", Code.ENTRY_EDITED, lambda _: ["UPDATE entry SET body = x'' WHERE idx = 6"]),
    ("entry doubled over another", Code.ENTRY_EDITED, lambda kit: [
        f"UPDATE entry SET body = {body_of(kit, 3)} WHERE idx = 6"]),
    ("edited with its hash", Code.HISTORY_REWRITTEN, lambda kit: [
        f"UPDATE entry SET body = {body_of(kit, 99)} WHERE idx = 6",
        f"UPDATE entry SET hashes = CAST(x'{leaf_of(kit, 99)}' || substr(hashes, 33) AS BLOB) WHERE idx = 6"]),
    ("edited and all rehashed", Code.HISTORY_REWRITTEN, lambda kit: rehash(kit, [0, 1, 2, 99, *range(4, SIZE)])),
    ("reordered and all rehashed", Code.HISTORY_REWRITTEN, lambda kit: rehash(kit, [0, 2, 1, *range(3, SIZE)])),
    ("one more, all rehashed", Code.UNCOVERED, lambda kit: rehash(kit, list(range(SIZE + 1)))),
    ("entry in the middle deleted", Code.ENTRY_MISSING, lambda _: ["DELETE FROM entry WHERE idx = 6"]),
    ("first entry deleted", Code.ENTRY_MISSING, lambda _: ["DELETE FROM entry WHERE idx = 0"]),
    ("all before the last deleted", Code.ENTRY_MISSING, lambda _: ["DELETE FROM entry WHERE idx < 10"]),
    ("deleted and renumbered", Code.ENTRY_MISSING, lambda _: [
        "DELETE FROM entry WHERE idx = 7", "UPDATE entry SET idx = idx - 1 WHERE idx > 7"]),
    ("deleted under an older checkpoint and renumbered", Code.ENTRY_MISSING, lambda _: [
        "DELETE FROM entry WHERE idx = 1", "UPDATE entry SET idx = idx - 1 WHERE idx > 1"]),
    ("moved below zero", Code.ENTRY_MISSING, lambda _: ["UPDATE entry SET idx = -5 WHERE idx = 0"]),
    ("last entry deleted", Code.TAIL_CUT, lambda _: ["DELETE FROM entry WHERE idx = 10"]),
    ("last batch deleted", Code.TAIL_CUT, lambda _: ["DELETE FROM entry WHERE idx >= 5"]),
    ("all entries deleted", Code.TAIL_CUT, lambda _: ["DELETE FROM entry"]),
    ("entries swapped", Code.ENTRIES_REORDERED, lambda _: swap(2, 6, "bodies")),
    ("neighbours swapped", Code.ENTRIES_REORDERED, lambda _: swap(2, 3, "bodies")),
    ("rows swapped", Code.ENTRIES_REORDERED, lambda _: swap(2, 6, "rows")),
    ("neighbouring rows swapped", Code.ENTRIES_REORDERED, lambda _: swap(0, 1, "rows")),
    ("odd rows swapped", Code.ENTRIES_REORDERED, lambda _: swap(1, 5, "rows")),
    ("row swapped with the last", Code.ENTRIES_REORDERED, lambda _: swap(4, 10, "rows")),
    ("row swapped, odd and even", Code.ENTRIES_REORDERED, lambda _: swap(3, 8, "rows")),
    ("leaf hash changed", Code.NODE_ALTERED, lambda _: ["UPDATE entry SET hashes = zeroblob(32) WHERE idx = 4"]),
    ("subtree hash changed", Code.NODE_ALTERED, lambda _: [
        "UPDATE entry SET hashes = CAST(substr(hashes, 1, 64) || zeroblob(64) AS BLOB) WHERE idx = 7"]),
    ("hashes cut", Code.NODE_ALTERED, lambda _: ["UPDATE entry SET hashes = substr(hashes, 1, 32) WHERE idx = 7"]),
    ("hashes grown", Code.NODE_ALTERED, lambda _: [
        "UPDATE entry SET hashes = CAST(hashes || x'00' AS BLOB) WHERE idx = 7"]),
    ("checkpoint edited", Code.CHECKPOINT_ALTERED, lambda _: [
        "UPDATE checkpoint SET note = CAST(replace(note, 'evidence', 'Evidence') AS BLOB) WHERE size = 5"]),
    ("checkpoint emptied", Code.CHECKPOINT_ALTERED, lambda _: ["UPDATE checkpoint SET note = x'' WHERE size = 5"]),
    ("newest checkpoint emptied", Code.CHECKPOINT_ALTERED, lambda _: [
        "UPDATE checkpoint SET note = x'' WHERE size = 11"]),
    ("checkpoint filed under another size", Code.CHECKPOINT_ALTERED, lambda _: [
        "UPDATE checkpoint SET size = 6 WHERE size = 5"]),
    ("checkpoint copied", Code.CHECKPOINT_ALTERED, lambda _: [
        "INSERT INTO checkpoint SELECT 7, note FROM checkpoint WHERE size = 5"]),
    ("checkpoint by another key", Code.CHECKPOINT_ALTERED, lambda kit: [
        _other_note(kit.signer(2), kit.origin, 5)]),
    ("checkpoint of another ledger", Code.CHECKPOINT_ALTERED, lambda kit: [
        _other_note(kit.signer(origin="other.example"), "other.example", 5)]),
    ("checkpoint with another root by the right key", Code.HISTORY_REWRITTEN, lambda kit: [
        _other_note(kit.signer(), kit.origin, 5)]),
    ("newest checkpoint deleted", Code.UNCOVERED, lambda _: ["DELETE FROM checkpoint WHERE size = 11"]),
    ("all checkpoints deleted", Code.UNCOVERED, lambda _: ["DELETE FROM checkpoint"]),
    ("everything deleted", Code.UNCOVERED, lambda _: ["DELETE FROM checkpoint", "DELETE FROM entry"]),
    ("entry that is none", Code.ENTRY_EDITED, lambda _: ["UPDATE entry SET body = x'7b7d' WHERE idx = 6"]),
]  # fmt: skip


def _other_note(signer: Any, origin: str, size: int) -> str:
    note = sign_checkpoint(Checkpoint(origin=origin, size=size, root=bytes(32)), signer).encode()
    return f"UPDATE checkpoint SET note = x'{note.hex()}' WHERE size = {size}"


@pytest.mark.parametrize(("case", "code", "statements"), TAMPERED, ids=[case for case, *_ in TAMPERED])
def test_what_was_done_to_the_tables_is_found_and_named(
    case: str, code: Code, statements: Any, path: Path, kit: Any
) -> None:
    kit.filled(path, 4, 1, 6)
    assert audited(path, kit).ok
    kit.tamper(path, *statements(kit))
    report = audited(path, kit)
    assert code in codes(report), (case, report.findings)
    assert not report.ok
    assert all("\n" not in str(finding) for finding in report.findings)
    # What is right is not accused: nothing else than this, or what follows from it.
    follows = {Code.CHECKPOINT_ALTERED: {Code.UNCOVERED}, Code.ENTRY_MISSING: {Code.ENTRIES_REORDERED}}
    assert codes(report) <= {code} | follows.get(code, set()), (case, report.findings)


def test_two_kinds_of_tampering_are_both_named(path: Path, kit: Any) -> None:
    kit.filled(path, 4, 1, 6)
    rehashed = f"CAST(x'{leaf_of(kit, 99)}' || substr(hashes, 33) AS BLOB)"
    kit.tamper(
        path,
        f"UPDATE entry SET body = {body_of(kit, 99)}, hashes = {rehashed} WHERE idx = 2",
        f"UPDATE entry SET body = {body_of(kit, 98)} WHERE idx = 6",
    )
    assert codes(audited(path, kit)) == {Code.HISTORY_REWRITTEN, Code.ENTRY_EDITED}


def test_the_finding_names_the_entry(path: Path, kit: Any) -> None:
    kit.filled(path, 4, 1, 6)
    kit.tamper(path, f"UPDATE entry SET body = {body_of(kit, 99)} WHERE idx IN (2, 6)")
    assert [finding.index for finding in audited(path, kit).findings] == [2, 6]


def test_a_long_list_is_cut_and_counted(path: Path, kit: Any) -> None:
    kit.filled(path, 60)
    kit.tamper(path, "UPDATE entry SET body = CAST(body || ' ' AS BLOB)")
    findings = audited(path, kit).findings
    assert len(findings) == 21
    assert findings[-1].message == "and 40 more"


def test_a_malformed_entry_signed_by_the_key_is_shown(path: Path, kit: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    kit.filled(path, 3)
    with monkeypatch.context() as patch, kit.open(path) as ledger:
        patch.setattr("attestations.ledger.log.write_entry", lambda _: b"{}")
        ledger.append(kit.entries(3, 4))
    report = audited(path, kit)
    assert [(finding.code, finding.index) for finding in report.findings] == [(Code.ENTRY_MALFORMED, 3)]


def test_an_old_copy_and_another_history_against_a_trusted_checkpoint(path: Path, kit: Any) -> None:
    kit.filled(path, 4, 1)
    old = path.read_bytes()
    with kit.open(path) as ledger:
        newest = ledger.append(kit.entries(5, 8))[0].checkpoint
        middle = sign_checkpoint(
            Checkpoint(origin=kit.origin, size=6, root=merkle.root(_frontier(kit, range(6)))), kit.signer()
        )
        assert audit(ledger, newest).ok
        assert audit(ledger, middle).ok  # any size between is as good an anchor
    path.write_bytes(old)
    assert audited(path, kit).ok  # by itself it is sound: that is why a checkpoint is kept elsewhere
    assert codes(audited(path, kit, newest)) == {Code.ROLLED_BACK}
    with kit.open(path) as ledger:
        ledger.append(kit.entries(50, 53))
    assert codes(audited(path, kit, newest)) == {Code.FORKED}
    with kit.open(path) as ledger:
        ledger.append(kit.entries(60, 63))
    assert codes(audited(path, kit, newest)) == {Code.FORKED}


def _frontier(kit: Any, numbers: range) -> list[bytes]:
    frontier: list[bytes] = []
    for index, number in enumerate(numbers):
        merkle.append(frontier, index, merkle.leaf_hash(write_entry(kit.entry(number))))
    return frontier


def test_rows_of_two_ledgers_merged(path: Path, kit: Any, tmp_path: Path) -> None:
    kit.filled(path, 4, 1)
    other = tmp_path / "other"
    with kit.create(other) as ledger:
        ledger.append(kit.entries(20, 29))
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("ATTACH ? AS other", (str(other),))
    connection.execute("INSERT INTO entry SELECT * FROM other.entry WHERE idx >= 5")
    connection.execute("INSERT INTO checkpoint SELECT * FROM other.checkpoint WHERE size > 5")
    connection.close()
    assert codes(audited(path, kit)) == {Code.HISTORY_REWRITTEN}


class Memory:
    """The two tables in memory: the same SQL, so that thousands of audits take seconds."""

    where = "memory"
    durability = "none"

    def __init__(self) -> None:
        self.connection = sqlite3.connect(":memory:", isolation_level=None)
        self.connection.text_factory = bytes
        for table in _TABLES.values():
            self.connection.execute(table)

    @contextmanager
    def read(self) -> Iterator[Session]:
        yield Session(self.connection, _SQL, "?")

    write = read

    def damage(self) -> list[str]:
        return []

    def close(self) -> None:
        self.connection.close()


def test_every_flipped_bit_of_every_stored_value_is_found(kit: Any) -> None:
    store = Memory()
    signer = kit.signer()
    ledger = Ledger(store, kit.origin, signer, [signer.verifier])
    with store.write() as session:
        empty = Checkpoint(origin=kit.origin, size=0, root=merkle.EMPTY_ROOT)
        session.insert([], 0, sign_checkpoint(empty, signer))
    ledger.append(kit.entries(0, 3))
    assert audit(ledger).ok
    cells = [("entry", "idx", column) for column in ("body", "hashes")] + [("checkpoint", "size", "note")]
    flipped = 0
    for table, key, column in cells:
        for place, value in store.connection.execute(f"SELECT {key}, {column} FROM {table}").fetchall():
            update = f"UPDATE {table} SET {column} = ? WHERE {key} = ?"
            for bit in range(8 * len(value)):
                changed = bytearray(value)
                changed[bit // 8] ^= 1 << bit % 8
                store.connection.execute(update, (bytes(changed), place))
                assert not audit(ledger).ok, (table, place, column, bit)
                flipped += 1
            store.connection.execute(update, (value, place))
    for table, key in (("entry", "idx"), ("checkpoint", "size")):
        for (place,) in store.connection.execute(f"SELECT {key} FROM {table}").fetchall():
            for bit in range(64):
                changed_place = (place ^ 1 << bit) - (1 << 64 if bit == 63 else 0)
                present = f"SELECT count(*) FROM {table} WHERE {key} = ?"
                if store.connection.execute(present, (changed_place,)).fetchone() == (1,):
                    continue  # two rows can't have one key
                move = f"UPDATE {table} SET {key} = ? WHERE {key} = ?"
                store.connection.execute(move, (changed_place, place))
                assert not audit(ledger).ok, (table, place, bit)
                store.connection.execute(move, (place, changed_place))
    assert audit(ledger).ok
    assert flipped > 8_000


@pytest.fixture
def small(path: Path, kit: Any) -> Path:
    """A ledger file of a few pages of 512 bytes."""
    kit.filled(path, 3)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = DELETE")
    connection.execute("PRAGMA page_size = 512")
    connection.execute("VACUUM")
    connection.close()
    assert audited(path, kit).ok
    return path


def contents(path: Path) -> list[Any]:
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    connection.text_factory = bytes
    try:
        return [connection.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall() for table in _TABLES]
    finally:
        connection.close()


def passes(path: Path, kit: Any) -> bool:
    try:
        return audited(path, kit).ok
    except LedgerError:
        return False


def test_a_flipped_bit_in_the_file_is_found_or_changes_nothing(small: Path, kit: Any, tmp_path: Path) -> None:
    """One bit of every byte. Only what SQLite does not use, free space and counters, may change unseen."""
    data = small.read_bytes()
    before = contents(small)
    copy = tmp_path / "flipped"
    unseen = 0
    for at in range(len(data)):
        changed = bytearray(data)
        changed[at] ^= 1 << at % 8
        copy.write_bytes(changed)
        if passes(copy, kit):
            unseen += 1
            assert contents(copy) == before, at
    stored = sum(len(value) for table in before for row in table for value in row if isinstance(value, bytes))
    assert len(data) - unseen >= stored


def test_a_file_cut_anywhere_is_found(small: Path, kit: Any, tmp_path: Path) -> None:
    data = small.read_bytes()
    copy = tmp_path / "cut"
    for end in range(len(data)):
        copy.write_bytes(data[:end])
        assert not passes(copy, kit), end


def test_a_cut_write_ahead_log_loses_no_history_unseen(path: Path, kit: Any, tmp_path: Path) -> None:
    """The log beside the file holds the newest entries until they are folded in; cut, the ledger is an older one."""
    with kit.create(path) as ledger:
        ledger.append(kit.entries(0, 2))
        newest = ledger.append(kit.entries(2, 5))[0].checkpoint
        copy = tmp_path / "copy"
        log = Path(f"{path}-wal").read_bytes()
        seen = set()
        for end in range(0, len(log), 211):
            shutil.copy(path, copy)
            Path(f"{copy}-wal").write_bytes(log[:end])
            report = audited(copy, kit, newest)
            assert not report.ok, end
            seen |= codes(report)
        assert seen == {Code.ROLLED_BACK}
        Path(f"{copy}-wal").write_bytes(log)
        assert audited(copy, kit, newest).ok
