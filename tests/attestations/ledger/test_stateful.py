"""Any sequence of appends, reopenings, crashes, failures and old copies leaves one history, with every receipt good."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from attestations.ledger import Code, LedgerError, Receipt, audit, verify_consistency, verify_receipt


class Failing:
    """A checkpoint key that gives up in the middle of the transaction."""

    def __init__(self, signer: Any) -> None:
        self.verifier = signer.verifier

    def sign(self, text: bytes) -> bytes:
        raise RuntimeError("the key service is gone")


class Machine(RuleBasedStateMachine):
    kit: Any

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.number = 0
        self.path = self.folder / "0"
        self.receipts: list[Receipt] = []
        self.checkpoints: dict[int, str] = {}
        self.copies: list[tuple[int, Path]] = []

    @initialize()
    def make(self) -> None:
        self.ledger = self.kit.create(self.path)
        self.second = self.kit.open(self.path)
        self.checkpoints[0] = self.ledger.checkpoint()

    def copy(self) -> Path:
        """What a power loss leaves: the files as they are now, nothing closed."""
        self.number += 1
        target = self.folder / str(self.number)
        for name in ("", "-wal"):
            source = Path(f"{self.path}{name}")
            if source.exists():
                shutil.copy(source, f"{target}{name}")
        return target

    @rule(count=st.integers(1, 9), second=st.booleans())
    def append(self, count: int, second: bool) -> None:
        size = len(self.receipts)
        receipts = (self.second if second else self.ledger).append(self.kit.entries(size, size + count))
        self.receipts += receipts
        self.checkpoints[len(self.receipts)] = receipts[0].checkpoint

    @rule(count=st.integers(1, 3))
    def fail(self, count: int) -> None:
        with self.kit.open(self.path, signer=Failing(self.kit.signer())) as failing, pytest.raises(RuntimeError):
            failing.append(self.kit.entries(500, 500 + count))

    @rule()
    def reopen(self) -> None:
        self.ledger.close()
        self.second.close()
        self.ledger = self.kit.open(self.path, trusted=self.checkpoints[len(self.receipts)])
        self.second = self.kit.open(self.path)

    @rule()
    def crash(self) -> None:
        lost = self.path
        self.path = self.copy()
        self.ledger.close()
        self.second.close()
        lost.unlink()
        self.ledger = self.kit.open(self.path, trusted=self.checkpoints[len(self.receipts)])
        self.second = self.kit.open(self.path)

    @rule()
    def keep_a_copy(self) -> None:
        self.copies.append((len(self.receipts), self.copy()))

    @precondition(lambda self: any(size < len(self.receipts) for size, _ in self.copies))
    @rule(data=st.data())
    def put_an_old_copy_back(self, data: st.DataObject) -> None:
        size, old = data.draw(st.sampled_from([copy for copy in self.copies if copy[0] < len(self.receipts)]))
        newest = self.checkpoints[len(self.receipts)]
        with pytest.raises(LedgerError) as caught:
            self.kit.open(old, trusted=newest)
        assert caught.value.code is Code.ROLLED_BACK
        with self.kit.read(old) as ledger:
            assert audit(ledger, self.checkpoints[size]).ok
            assert {finding.code for finding in audit(ledger, newest).findings} == {Code.ROLLED_BACK}

    @precondition(lambda self: self.receipts)
    @rule(data=st.data())
    def look_up(self, data: st.DataObject) -> None:
        index = data.draw(st.integers(0, len(self.receipts) - 1))
        entry = self.kit.entry(index)
        verify_receipt(self.receipts[index], entry, [self.kit.key])
        newest = verify_receipt(self.second.receipt(index), entry, [self.kit.key])
        assert newest.size == len(self.receipts)
        assert self.ledger.find(entry.statement) == (index,)

    @rule(data=st.data())
    def compare_checkpoints(self, data: st.DataObject) -> None:
        sizes = st.sampled_from(sorted(self.checkpoints))
        old, new = sorted((data.draw(sizes), data.draw(sizes)))
        path = self.ledger.prove_consistency(old, new)
        verify_consistency(self.checkpoints[old], self.checkpoints[new], path, [self.kit.key])

    @invariant()
    def is_as_acknowledged(self) -> None:
        if self.checkpoints:
            assert self.ledger.checkpoint() == self.checkpoints[len(self.receipts)]

    def teardown(self) -> None:
        if self.checkpoints:
            assert audit(self.ledger, self.checkpoints[len(self.receipts)]).ok
            self.ledger.close()
            self.second.close()
        shutil.rmtree(self.folder)


def test_any_life_is_one_history(kit: Any) -> None:
    from hypothesis.stateful import run_state_machine_as_test

    machine = type("LedgerMachine", (Machine,), {"kit": kit})
    run_state_machine_as_test(machine, settings=settings(max_examples=20, stateful_step_count=20, deadline=None))
