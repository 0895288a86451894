"""The reason codes of the ledger, and the one exception that carries them."""

from __future__ import annotations

from enum import StrEnum


class Code(StrEnum):
    """Why the ledger refused, or what an audit found. Machines branch on these; none is ever reused."""

    # what was given is not usable
    ENTRY_INVALID = "entry-invalid"  # a field of an entry is missing, too long or not of its form
    ENTRY_MALFORMED = "entry-malformed"  # bytes that are not the canonical JSON of an entry
    KEY_INVALID = "key-invalid"  # a key, key file or verifier key that can't be used
    NOTE_MALFORMED = "note-malformed"  # not a C2SP signed note
    CHECKPOINT_MALFORMED = "checkpoint-malformed"  # a note whose text is not a C2SP checkpoint
    PROOF_MALFORMED = "proof-malformed"  # not a C2SP tlog-proof
    RANGE = "range"  # an index or size the ledger does not have
    # what was given does not verify
    UNTRUSTED = "untrusted"  # no signature by a trusted key
    BAD_SIGNATURE = "bad-signature"  # a signature under a trusted key's name and id that does not verify
    WRONG_ORIGIN = "wrong-origin"  # a checkpoint of another ledger
    ENTRY_MISMATCH = "entry-mismatch"  # a receipt for another entry
    PROOF_INVALID = "proof-invalid"  # the proof does not lead to the signed root
    # the store can't be used
    MISSING = "missing"
    EXISTS = "exists"
    NOT_A_LEDGER = "not-a-ledger"
    UNSAFE_FILE = "unsafe-file"  # a symbolic or hard link, not a regular file, or on a network file system
    NOT_DURABLE = "not-durable"  # the settings under which an acknowledged entry survives can't be had
    UNWRITABLE = "unwritable"
    READ_ONLY = "read-only"  # opened without a signer
    BUSY = "busy"
    DISK_FULL = "disk-full"
    IO = "io"
    UNAVAILABLE = "unavailable"  # closed, used across a fork, server gone, driver not installed
    CORRUPT = "corrupt"  # the database itself can't be read or fails its own integrity check
    SCHEMA = "schema"  # the tables are not the ones the ledger made
    INCONSISTENT = "inconsistent"  # rows and newest checkpoint disagree: nothing is appended on top of that
    # what an audit finds
    ENTRY_EDITED = "entry-edited"
    ENTRY_MISSING = "entry-missing"
    ENTRIES_REORDERED = "entries-reordered"
    NODE_ALTERED = "node-altered"  # a stored hash is wrong while the entries are right
    TAIL_CUT = "tail-cut"  # the newest checkpoint covers entries that are gone
    UNCOVERED = "uncovered"  # entries beyond the newest checkpoint, or no checkpoint at all
    CHECKPOINT_ALTERED = "checkpoint-altered"
    HISTORY_REWRITTEN = "history-rewritten"  # entries and hashes agree with each other but not with a signed checkpoint
    ROLLED_BACK = "rolled-back"  # older than the trusted checkpoint
    FORKED = "forked"  # another history than the trusted checkpoint's


class LedgerError(Exception):
    """Refused. `code` is a `Code`; `message` is one line for a person, with the place and the remedy."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"
