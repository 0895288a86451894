"""Receipts: that an entry is in the ledger, checked offline with text and a public key only (C2SP tlog-proof)."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from attestations import merkle
from attestations.ledger.entry import Entry, write_entry
from attestations.ledger.errors import Code, LedgerError
from attestations.ledger.note import MAX_NOTE, Checkpoint, open_checkpoint, parse_verifier
from attestations.strict_json import shown

MAX_PATH: Final = 63
_HEADER: Final = "c2sp.org/tlog-proof@v1"
_INDEX = re.compile(r"index (0|[1-9][0-9]{0,18})")
_EXTRA = re.compile(r"extra [A-Za-z0-9+/]*={0,2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The promise that an entry is number `index` (from 0) of the ledger: proof and signed checkpoint in one.

    `path` are the hashes from the leaf's sibling up; `checkpoint` is the signed note.
    """

    index: int
    leaf_hash: bytes
    path: tuple[bytes, ...]
    checkpoint: str

    def __str__(self) -> str:
        """The content of a `.tlog-proof` file."""
        hashes = "".join(f"{base64.b64encode(value).decode()}\n" for value in self.path)
        return f"{_HEADER}\nindex {self.index}\n{hashes}\n{self.checkpoint}"


def read_receipt(text: str, entry: Entry) -> Receipt:
    """Read a `.tlog-proof`, which does not hold the entry it is about. Says nothing about trust: see `verify_receipt`.

    Raises LedgerError PROOF_MALFORMED.
    """

    def malformed(why: str) -> LedgerError:
        return LedgerError(Code.PROOF_MALFORMED, f"not a tlog-proof: {why}")

    if len(text) > 2 * MAX_NOTE:
        raise malformed(f"longer than {2 * MAX_NOTE} characters")
    proof, blank, checkpoint = text.partition("\n\n")
    header, *lines = proof.split("\n")
    if not blank or header != _HEADER:
        raise malformed(f"it does not start with {_HEADER}, or has no checkpoint")
    if lines and lines[0].startswith("extra "):
        if not _EXTRA.fullmatch(lines[0]):
            raise malformed("the extra line")
        lines = lines[1:]
    index = _INDEX.fullmatch(lines[0]) if lines else None
    if index is None:
        raise malformed("the index line")
    if len(lines) > 1 + MAX_PATH:
        raise malformed(f"more than {MAX_PATH} hashes")
    return Receipt(
        index=int(index[1]),
        leaf_hash=merkle.leaf_hash(write_entry(entry)),
        path=tuple(_hash(line) for line in lines[1:]),
        checkpoint=checkpoint,
    )


def verify_receipt(receipt: Receipt, entry: Entry, verifier_keys: Sequence[str]) -> Checkpoint:
    """Check offline that the receipt proves `entry` under a checkpoint one of the keys signed; return the checkpoint.

    A verifier key names the ledger it speaks for. Raises LedgerError: ENTRY_MISMATCH, PROOF_INVALID, KEY_INVALID and
    what `open_checkpoint` raises.
    """
    if receipt.leaf_hash != merkle.leaf_hash(write_entry(entry)):
        raise LedgerError(Code.ENTRY_MISMATCH, "the receipt is for another entry")
    checkpoint = open_checkpoint(receipt.checkpoint, [parse_verifier(key) for key in verifier_keys])
    try:
        root = merkle.root_from_inclusion(receipt.index, checkpoint.size, receipt.leaf_hash, receipt.path)
    except merkle.ProofError as error:
        raise LedgerError(Code.PROOF_INVALID, f"the receipt's proof: {error}") from None
    if root != checkpoint.root:
        raise LedgerError(Code.PROOF_INVALID, "the receipt's proof does not lead to the signed root")
    return checkpoint


def verify_consistency(
    old: str, new: str, path: Sequence[bytes], verifier_keys: Sequence[str]
) -> tuple[Checkpoint, Checkpoint]:
    """Check offline that the ledger at checkpoint `new` is the one at `old` with entries added; return both.

    An empty ledger is a prefix of every one, by an empty path. Raises LedgerError: ROLLED_BACK when `new` is smaller,
    FORKED when two checkpoints of one size differ, PROOF_INVALID, KEY_INVALID and what `open_checkpoint` raises.
    """
    verifiers = [parse_verifier(key) for key in verifier_keys]
    older, newer = open_checkpoint(old, verifiers), open_checkpoint(new, verifiers)
    if older.origin != newer.origin:
        raise LedgerError(Code.WRONG_ORIGIN, f"checkpoints of {shown(older.origin)} and {shown(newer.origin)}")
    if newer.size < older.size:
        raise LedgerError(Code.ROLLED_BACK, f"the later checkpoint has {newer.size} entries, the earlier {older.size}")
    if newer.size == older.size:
        if newer.root != older.root:
            raise LedgerError(Code.FORKED, f"two signed checkpoints with {older.size} entries and different roots")
        if path:
            raise LedgerError(Code.PROOF_INVALID, "a proof between equal checkpoints is empty")
        return older, newer
    if not older.size:
        if older.root != merkle.EMPTY_ROOT or path:
            raise LedgerError(Code.PROOF_INVALID, "an empty ledger has the root of the empty tree and needs no proof")
        return older, newer
    try:
        roots = merkle.roots_from_consistency(older.size, newer.size, older.root, path)
    except merkle.ProofError as error:
        raise LedgerError(Code.PROOF_INVALID, f"the consistency proof: {error}") from None
    if roots != (older.root, newer.root):
        raise LedgerError(Code.PROOF_INVALID, "the consistency proof does not lead to both signed roots")
    return older, newer


def _hash(line: str) -> bytes:
    try:
        value = base64.b64decode(line, validate=True)
    except (binascii.Error, ValueError):
        value = b""
    if len(value) != merkle.HASH_SIZE or base64.b64encode(value).decode() != line:
        raise LedgerError(Code.PROOF_MALFORMED, f"not a tlog-proof: {shown(line)} is not a SHA-256 in base64")
    return value
