"""Receipts and consistency proofs, checked as an auditor does: with text and a public key, without any database."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attestations.ledger import Code, LedgerError, Receipt, read_receipt, verify_consistency, verify_receipt
from attestations.ledger.note import sign_checkpoint


@dataclasses.dataclass(frozen=True)
class History:
    """A ledger grown in batches, as it went out: receipts by entry, checkpoints by size, proofs between them."""

    receipts: dict[int, Receipt]
    checkpoints: dict[int, str]
    proofs: dict[tuple[int, int], tuple[bytes, ...]]


@pytest.fixture(scope="module")
def history(kit: Any, tmp_path_factory: pytest.TempPathFactory) -> History:
    path: Path = tmp_path_factory.mktemp("history") / "ledger"
    with kit.create(path) as ledger:
        receipts: dict[int, Receipt] = {}
        checkpoints = {0: ledger.checkpoint()}
        for count in (1, 1, 3, 2, 6):
            size = len(receipts)
            receipts |= dict(enumerate(ledger.append(kit.entries(size, size + count)), size))
            checkpoints[size + count] = ledger.checkpoint()
        proofs = {
            (old, new): ledger.prove_consistency(old, new) for old in checkpoints for new in checkpoints if old <= new
        }
        again = {index: ledger.receipt(index) for index in receipts}
        assert [again[12], again[7]] == [receipts[12], receipts[7]]  # the last batch's are under the newest checkpoint
        for index, receipt in again.items():
            assert verify_receipt(receipt, kit.entry(index), [kit.key]).size == 13
    return History(receipts, checkpoints, proofs)


def code_of(call: Any) -> Code | None:
    try:
        call()
    except LedgerError as error:
        return error.code
    return None


def test_every_receipt_verifies_from_its_text(history: History, kit: Any) -> None:
    for index, receipt in history.receipts.items():
        read = read_receipt(str(receipt), kit.entry(index))
        assert read == receipt
        checkpoint = verify_receipt(read, kit.entry(index), [kit.key])
        assert checkpoint.origin == kit.origin
        assert history.checkpoints[checkpoint.size] == receipt.checkpoint


def test_the_text_is_a_tlog_proof(history: History) -> None:
    lines = str(history.receipts[3]).split("\n")
    assert lines[:2] == ["c2sp.org/tlog-proof@v1", "index 3"]
    assert lines[5:8] == ["", "ledger.example/evidence", "5"]


def test_extra_data_is_read_over(history: History, kit: Any) -> None:
    text = str(history.receipts[3]).replace("index", "extra YWJj\nindex")
    assert read_receipt(text, kit.entry(3)) == history.receipts[3]


@pytest.mark.parametrize(
    ("code", "change"),
    [
        (Code.PROOF_INVALID, {"index": 4}),
        (Code.PROOF_INVALID, {"index": 5}),
        (Code.PROOF_INVALID, {"index": -1}),
        (Code.PROOF_INVALID, {"path": ()}),
        (Code.PROOF_INVALID, {"path": (bytes(32),) * 3}),
        (Code.PROOF_INVALID, {"path": (b"",) * 3}),
        (Code.ENTRY_MISMATCH, {"leaf_hash": bytes(32)}),
        (Code.NOTE_MALFORMED, {"checkpoint": ""}),
    ],
)
def test_a_changed_receipt(code: Code, change: dict[str, Any], history: History, kit: Any) -> None:
    receipt = dataclasses.replace(history.receipts[3], **change)
    assert code_of(lambda: verify_receipt(receipt, kit.entry(3), [kit.key])) is code


def test_a_receipt_is_for_its_entry_ledger_and_key_alone(history: History, kit: Any) -> None:
    receipt = history.receipts[3]
    other = str(kit.signer(2).verifier)
    elsewhere = str(kit.signer(origin="other.example").verifier)
    assert code_of(lambda: verify_receipt(receipt, kit.entry(4), [kit.key])) is Code.ENTRY_MISMATCH
    assert code_of(lambda: verify_receipt(receipt, kit.entry(3, "acme"), [kit.key])) is Code.ENTRY_MISMATCH
    assert code_of(lambda: verify_receipt(receipt, kit.entry(3), [])) is Code.UNTRUSTED
    assert code_of(lambda: verify_receipt(receipt, kit.entry(3), [other])) is Code.UNTRUSTED
    assert code_of(lambda: verify_receipt(receipt, kit.entry(3), [elsewhere])) is Code.UNTRUSTED
    assert code_of(lambda: verify_receipt(receipt, kit.entry(3), [other, kit.key])) is None
    assert code_of(lambda: verify_receipt(receipt, kit.entry(3), ["nonsense"])) is Code.KEY_INVALID


def test_every_flipped_bit_of_a_receipt_is_refused(history: History, kit: Any) -> None:
    receipt, entry = history.receipts[3], kit.entry(3)
    data = str(receipt).encode()
    for at in range(len(data)):
        for bit in range(8):
            changed = data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :]
            text = changed.decode("utf-8", "surrogateescape")
            assert code_of(lambda text=text: verify_receipt(read_receipt(text, entry), entry, [kit.key])), (at, bit)


def test_every_shortened_receipt_is_refused(history: History, kit: Any) -> None:
    text, entry = str(history.receipts[3]), kit.entry(3)
    for end in range(len(text)):
        assert code_of(lambda end=end: verify_receipt(read_receipt(text[:end], entry), entry, [kit.key])), end


@pytest.mark.parametrize(
    ("case", "change"),
    [
        ("other header", lambda text: text.replace("@v1", "@v2")),
        ("no index", lambda text: text.replace("index 3\n", "")),
        ("leading zero", lambda text: text.replace("index 3", "index 03")),
        ("index in other digits", lambda text: text.replace("index 3", "index ٣")),
        ("extra that is not base64", lambda text: text.replace("index", "extra \x00\nindex")),
        ("two extra lines", lambda text: text.replace("index", "extra YQ==\nextra YQ==\nindex")),
        ("carriage returns", lambda text: text.replace("\n", "\r\n")),
        ("a hash too short", lambda text: text.replace("=\n", "\n", 1)),
        ("64 hashes", lambda text: text.replace("index 3\n", "index 3\n" + 61 * ("A" * 43 + "=\n"))),
        ("too long", lambda text: text + "x" * 200000),
    ],
)
def test_what_is_no_tlog_proof(case: str, change: Any, history: History, kit: Any) -> None:
    text = change(str(history.receipts[3]))
    assert code_of(lambda: read_receipt(text, kit.entry(3))) is Code.PROOF_MALFORMED, case


@given(st.text())
def test_any_text_is_refused_with_a_code(text: str) -> None:
    from datetime import UTC, datetime

    from attestations.ledger import Entry

    entry = Entry(kind="x", subject="0" * 64, statement="0" * 64, recorded_at=datetime(2026, 1, 1, tzinfo=UTC))
    assert code_of(lambda: read_receipt("c2sp.org/tlog-proof@v1\nindex " + text, entry)) in (Code.PROOF_MALFORMED, None)
    assert code_of(lambda: read_receipt(text, entry)) is Code.PROOF_MALFORMED


def test_every_pair_of_checkpoints_is_one_history(history: History, kit: Any) -> None:
    for (old, new), path in history.proofs.items():
        older, newer = verify_consistency(history.checkpoints[old], history.checkpoints[new], path, [kit.key])
        assert (older.size, newer.size) == (old, new)


def test_what_is_not_one_history(history: History, kit: Any, tmp_path: Path) -> None:
    checkpoints, proofs = history.checkpoints, history.proofs
    with kit.create(tmp_path / "other") as ledger:  # the same key signs another history: a split view
        ledger.append(kit.entries(100, 105))
        other = ledger.checkpoint()

    def code(old: str, new: str, path: tuple[bytes, ...]) -> Code | None:
        return code_of(lambda: verify_consistency(old, new, path, [kit.key]))

    assert code(checkpoints[5], other, ()) is Code.FORKED
    assert code(checkpoints[2], other, proofs[2, 5]) is Code.PROOF_INVALID
    assert code(checkpoints[13], checkpoints[5], proofs[5, 13]) is Code.ROLLED_BACK
    assert code(checkpoints[5], checkpoints[13], proofs[5, 7]) is Code.PROOF_INVALID
    assert code(checkpoints[5], checkpoints[13], proofs[5, 13][:-1]) is Code.PROOF_INVALID
    assert code(checkpoints[5], checkpoints[5], proofs[5, 13]) is Code.PROOF_INVALID
    assert code(checkpoints[0], checkpoints[5], proofs[2, 5]) is Code.PROOF_INVALID
    assert code_of(lambda: verify_consistency(checkpoints[5], checkpoints[7], proofs[5, 7], [])) is Code.UNTRUSTED


def test_an_empty_ledger_has_one_root_only(history: History, kit: Any) -> None:
    from attestations.ledger import Checkpoint

    odd = sign_checkpoint(Checkpoint(origin=kit.origin, size=0, root=bytes(32)), kit.signer())
    assert code_of(lambda: verify_consistency(odd, history.checkpoints[5], (), [kit.key])) is Code.PROOF_INVALID
    assert code_of(lambda: verify_consistency(odd, history.checkpoints[0], (), [kit.key])) is Code.FORKED


def test_checkpoints_of_two_ledgers_are_not_compared(history: History, kit: Any) -> None:
    from attestations.ledger import Checkpoint

    signer = kit.signer(origin="other.example")
    other = sign_checkpoint(Checkpoint(origin="other.example", size=20, root=bytes(32)), signer)
    keys = [kit.key, str(signer.verifier)]
    assert code_of(lambda: verify_consistency(history.checkpoints[5], other, (), keys)) is Code.WRONG_ORIGIN
