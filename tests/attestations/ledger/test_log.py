"""The ledger in use, the same on SQLite and PostgreSQL: what is appended stays, in order, provable, and once."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from attestations.ledger import Code, Ledger, audit, create_ledger, open_ledger, verify_consistency, verify_receipt

Place = str | Path


def test_a_life_in_order(place: Place, kit: Any) -> None:
    with kit.create(place) as ledger:
        assert ledger.size() == 0
        empty = ledger.checkpoint()
        first = ledger.append(kit.entries(0, 5))
        assert [receipt.index for receipt in first] == list(range(5))
    with kit.open(place) as ledger:
        (sixth,) = ledger.append([kit.entry(5, "acme")])
        assert ledger.size() == 6
        assert ledger.entry(5) == kit.entry(5, "acme")
        assert ledger.find(kit.entry(3).statement) == (3,)
        assert ledger.find("0" * 64) == ()
        for index, receipt in enumerate([*first, sixth]):
            entry = kit.entry(index, "acme" if index == 5 else None)
            verify_receipt(receipt, entry, [kit.key])
            verify_receipt(ledger.receipt(index), entry, [kit.key])
        for old, new in ((empty, first[0].checkpoint), (first[0].checkpoint, sixth.checkpoint)):
            size = [int(note.split("\n")[1]) for note in (old, new)]
            verify_consistency(old, new, ledger.prove_consistency(*size), [kit.key])
        report = audit(ledger, first[0].checkpoint)
        assert report.ok, report.findings
        assert (report.size, report.checkpoints) == (6, 3)


def test_equal_entries_are_two_entries(place: Place, kit: Any) -> None:
    with kit.create(place) as ledger:
        ledger.append([kit.entry(1), kit.entry(1)])
        ledger.append([kit.entry(1)])
        assert ledger.find(kit.entry(1).statement) == (0, 1, 2)
        assert audit(ledger).ok


def test_without_a_signer_it_is_read_only(place: Place, kit: Any) -> None:
    with kit.create(place) as ledger:
        ledger.append(kit.entries(0, 3))
    with kit.read(place) as reader:
        assert reader.durability == "read-only"
        assert reader.size() == 3
        assert audit(reader).ok
        assert kit.refused(lambda: reader.append(kit.entries(3, 4))).code is Code.READ_ONLY


def test_a_ledger_is_made_once(place: Place, kit: Any) -> None:
    assert kit.refused(lambda: kit.open(place)).code is Code.MISSING
    with kit.create(place) as ledger:
        ledger.append(kit.entries(0, 3))
        assert kit.refused(lambda: kit.create(place)).code is Code.EXISTS
    assert kit.refused(lambda: kit.create(place)).code is Code.EXISTS
    with kit.open(place) as ledger:
        assert ledger.size() == 3


def test_it_takes_no_key_of_another_ledger(place: Place, kit: Any) -> None:
    other = kit.signer(origin="other.example")
    assert kit.refused(lambda: create_ledger(place, origin=kit.origin, signer=other)).code is Code.UNTRUSTED
    kit.create(place).close()
    assert kit.refused(lambda: open_ledger(place, origin=kit.origin, signer=other)).code is Code.UNTRUSTED
    assert kit.refused(lambda: open_ledger(place, origin=kit.origin)).code is Code.UNTRUSTED
    mistaken = kit.open(place, signer=kit.signer(2))
    with mistaken:
        assert kit.refused(lambda: mistaken.append(kit.entries(0, 1))).code is Code.UNTRUSTED
        assert not audit(mistaken).ok


def test_a_rotated_key_goes_on_where_the_old_one_stopped(place: Place, kit: Any) -> None:
    with kit.create(place) as ledger:
        ledger.append(kit.entries(0, 3))
    with kit.open(place, signer=kit.signer(2), verifier_keys=[kit.key]) as ledger:
        receipts = ledger.append(kit.entries(3, 5))
        assert audit(ledger).ok
    verify_receipt(receipts[0], kit.entry(3), [str(kit.signer(2).verifier)])
    assert kit.refused(lambda: verify_receipt(receipts[0], kit.entry(3), [kit.key])).code is Code.UNTRUSTED


@pytest.mark.parametrize(
    ("case", "call"),
    [
        ("nothing to append", lambda ledger: ledger.append([])),
        ("negative entry", lambda ledger: ledger.entry(-1)),
        ("entry beyond the end", lambda ledger: ledger.entry(3)),
        ("receipt beyond the end", lambda ledger: ledger.receipt(3)),
        ("size beyond the end", lambda ledger: ledger.prove_inclusion(0, 4)),
        ("index beyond the size", lambda ledger: ledger.prove_inclusion(2, 2)),
        ("empty tree", lambda ledger: ledger.prove_inclusion(0, 0)),
        ("backwards", lambda ledger: ledger.prove_consistency(3, 2)),
        ("negative size", lambda ledger: ledger.prove_consistency(-1, 2)),
        ("huge size", lambda ledger: ledger.prove_consistency(1, 2**70)),
        ("statement that is no digest", lambda ledger: ledger.find("' OR 1=1 --")),
    ],
)
def test_what_can_not_be_asked(case: str, call: Any, ledger: Ledger, kit: Any) -> None:
    ledger.append(kit.entries(0, 3))
    assert kit.refused(lambda: call(ledger)).code in (Code.RANGE, Code.ENTRY_INVALID), case
    assert ledger.size() == 3


def test_an_append_that_fails_leaves_nothing(place: Place, kit: Any) -> None:
    class Failing:
        verifier = kit.signer().verifier

        def sign(self, text: bytes) -> bytes:
            raise KeyboardInterrupt

    with kit.create(place) as ledger:
        before = ledger.append(kit.entries(0, 3))[0].checkpoint
        with kit.open(place, signer=Failing()) as failing:
            with pytest.raises(KeyboardInterrupt):
                failing.append(kit.entries(3, 9))
            assert failing.checkpoint() == before
        ledger.append(kit.entries(3, 5))
        assert ledger.size() == 5
        assert audit(ledger, before).ok


def test_nothing_is_appended_on_top_of_what_does_not_fit(path: Path, kit: Any) -> None:
    kit.filled(path, 3, 2)
    kit.tamper(path, "DELETE FROM entry WHERE idx = 4")
    with kit.open(path) as ledger:
        for call in (lambda: ledger.append(kit.entries(4, 5)), ledger.checkpoint, lambda: ledger.receipt(0)):
            error = kit.refused(call)
            assert error.code is Code.INCONSISTENT
            assert "gate ledger audit" in error.message


@pytest.mark.parametrize(
    ("case", "call", "statement"),
    [
        ("hashes at the edge cut", Ledger.checkpoint, "UPDATE entry SET hashes = x'00' WHERE idx = 4"),
        ("hashes at the edge changed", Ledger.checkpoint, "UPDATE entry SET hashes = zeroblob(32) WHERE idx = 4"),
        ("no checkpoint", Ledger.checkpoint, "DELETE FROM checkpoint"),
        ("newest checkpoint gone", Ledger.checkpoint, "DELETE FROM checkpoint WHERE size = 5"),
        ("entry edited", lambda ledger: ledger.receipt(1), "UPDATE entry SET body = x'00' WHERE idx = 1"),
        ("entry missing", lambda ledger: ledger.receipt(1), "DELETE FROM entry WHERE idx = 1"),
        ("sibling's hash gone", lambda ledger: ledger.receipt(1), "DELETE FROM entry WHERE idx = 0"),
    ],
)
def test_nothing_is_said_of_rows_that_do_not_fit(case: str, call: Any, statement: str, path: Path, kit: Any) -> None:
    kit.filled(path, 3, 2)
    kit.tamper(path, statement)
    with kit.read(path) as ledger:
        assert kit.refused(lambda: call(ledger)).code is Code.INCONSISTENT, case
        assert not audit(ledger).ok


def test_a_ledger_put_back_is_noticed_by_whoever_holds_a_checkpoint(path: Path, kit: Any) -> None:
    kit.filled(path, 3)
    old = path.read_bytes()
    with kit.open(path) as ledger:
        newest = ledger.append(kit.entries(3, 5))[0].checkpoint
    path.write_bytes(old)
    assert kit.refused(lambda: kit.open(path, trusted=newest)).code is Code.ROLLED_BACK
    with kit.open(path) as ledger:  # nobody checked: the ledger goes on, and now there are two histories
        ledger.append(kit.entries(50, 60))
        assert audit(ledger).ok
        assert [finding.code for finding in audit(ledger, newest).findings] == [Code.FORKED]
    assert kit.refused(lambda: kit.open(path, trusted=newest)).code is Code.FORKED


def test_an_open_ledger_notices_that_it_was_put_back(place: Place, kit: Any) -> None:
    """Deleting the newest rows and checkpoint is the same as putting an old copy back."""
    with kit.create(place) as ledger:
        ledger.append(kit.entries(0, 3))
        ledger.append(kit.entries(3, 5))
        statements = ("DELETE FROM {}entry WHERE idx >= 3", "DELETE FROM {}checkpoint WHERE size = 5")
        if isinstance(place, Path):
            kit.tamper(place, *(statement.format("") for statement in statements))
        else:
            import psycopg

            with psycopg.connect(place) as connection:
                for statement in statements:
                    connection.execute(statement.format("tenantgate_ledger."))
        assert kit.refused(lambda: ledger.append(kit.entries(5, 6))).code is Code.ROLLED_BACK


def test_a_trusted_checkpoint_must_be_this_ledgers(path: Path, kit: Any, tmp_path: Path) -> None:
    kit.filled(path, 3)
    signer = kit.signer(origin="other.example")
    with create_ledger(tmp_path / "other", origin="other.example", signer=signer) as other:
        foreign = other.checkpoint()
    assert kit.refused(lambda: kit.open(path, trusted=foreign)).code is Code.UNTRUSTED
    both = [str(signer.verifier)]
    assert kit.refused(lambda: kit.open(path, trusted=foreign, verifier_keys=both)).code is Code.WRONG_ORIGIN
    with kit.open(path, verifier_keys=both) as ledger:
        assert kit.refused(lambda: audit(ledger, foreign)).code is Code.WRONG_ORIGIN
        assert kit.refused(lambda: audit(ledger, "nonsense")).code is Code.NOTE_MALFORMED


def test_a_closed_ledger_says_so(place: Place, kit: Any) -> None:
    ledger = kit.create(place)
    ledger.close()
    ledger.close()
    assert kit.refused(lambda: ledger.append(kit.entries(0, 1))).code is Code.UNAVAILABLE
    assert kit.refused(ledger.checkpoint).code is Code.UNAVAILABLE
    assert kit.refused(lambda: audit(ledger)).code is Code.UNAVAILABLE


WRITER = """
import os, sys, threading
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from datetime import UTC, datetime
from attestations.ledger import Entry, key_signer, open_ledger
place, origin, seed, name, appends = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4], int(sys.argv[5])
signer = key_signer(Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32), origin)
ledger = open_ledger(place, origin=origin, signer=signer)
def work(own, label):
    for number in range(appends):
        moment = datetime(2026, 11, 21, microsecond=number, tzinfo=UTC)
        entries = [Entry(kind=f"{label}/{number}/{part}", subject="0" * 64, statement="1" * 64, recorded_at=moment)
                   for part in range(2)]
        for entry, receipt in zip(entries, own.append(entries)):
            os.write(1, f"{entry.kind} {receipt.index}\\n".encode())
own = open_ledger(place, origin=origin, signer=signer)
shared = [threading.Thread(target=work, args=(ledger, f"{name}/shared{n}")) for n in range(2)]
threads = [*shared, threading.Thread(target=work, args=(own, f"{name}/own"))]
for thread in threads: thread.start()
for thread in threads: thread.join()
ledger.close()
own.close()
"""


def test_writers_in_processes_and_threads_lose_nothing_and_never_fork(place: Place, kit: Any) -> None:
    kit.create(place).close()
    command = [sys.executable, "-c", WRITER, str(place), kit.origin, "1"]
    writers = [
        subprocess.Popen([*command, f"w{number}", "12"], stdout=subprocess.PIPE, text=True) for number in range(3)
    ]
    acknowledged: dict[str, int] = {}
    for writer in writers:
        output, _ = writer.communicate(timeout=60)
        assert writer.returncode == 0
        acknowledged |= {kind: int(index) for kind, index in map(str.split, output.splitlines())}
    assert sorted(acknowledged.values()) == list(range(3 * 3 * 12 * 2))
    with kit.open(place) as ledger:
        assert all(ledger.entry(index).kind == kind for kind, index in acknowledged.items())
        report = audit(ledger)
        assert report.ok, report.findings
        assert (report.size, report.checkpoints) == (216, 109)


def test_a_forked_child_must_open_its_own(place: Place, kit: Any) -> None:
    code = (
        "import os, sys, warnings; warnings.simplefilter('ignore')\n"
        "from attestations.ledger import LedgerError, open_ledger, parse_verifier\n"
        "ledger = open_ledger(sys.argv[1], origin=sys.argv[2], verifier_keys=[sys.argv[3]])\n"
        "child = os.fork()\n"
        "if not child:\n"
        "    try: ledger.checkpoint()\n"
        "    except LedgerError as error: ledger.close(); os._exit(17 if error.code == 'unavailable' else 18)\n"
        "    os._exit(19)\n"
        "assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 17\n"
        "ledger.checkpoint()\n"
    )
    kit.create(place).close()
    subprocess.run([sys.executable, "-c", code, str(place), kit.origin, kit.key], check=True, timeout=30)


def test_one_waits_for_the_other_and_gives_up_in_time(place: Place, kit: Any) -> None:
    kit.create(place).close()
    inside, done = threading.Event(), threading.Event()

    class Slow:
        verifier = kit.signer().verifier

        def sign(self, text: bytes) -> bytes:
            inside.set()
            assert done.wait(30)
            return bytes(kit.signer().sign(text))

    with kit.open(place, signer=Slow()) as slow, kit.open(place, timeout=0.05) as hasty:
        thread = threading.Thread(target=lambda: slow.append(kit.entries(0, 1)))
        thread.start()
        assert inside.wait(30)
        assert kit.refused(lambda: hasty.append(kit.entries(1, 2))).code is Code.BUSY
        assert hasty.size() == 0  # readers don't wait
        done.set()
        thread.join()
        hasty.append(kit.entries(1, 2))
        assert hasty.size() == 2
