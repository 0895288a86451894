"""The gate's own use of the ledger: which one the policy names, and recording a verdict in it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from gate.model import Decision, GateError, Policy, UndecidedError

if TYPE_CHECKING:
    from attestations.ledger import Entry, Ledger, Receipt

PASSPHRASE_VARIABLE = "GATE_LEDGER_PASSPHRASE"
VERDICT = "verdict/"
"""Kind of the entry that records a verdict, before the verdict itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A ledger: where it is (a path or a libpq URL), its name, and the keys whose checkpoints count."""

    place: str
    origin: str
    keys: tuple[str, ...]


def named_by(policy: Policy, root: Path) -> Named | None:
    """The ledger of `gate.yaml`; paths count from the checkout. Raises GateError for a URL that holds a password."""
    section = policy.config.get("ledger")
    if section is None:
        return None
    place = section["url"] if "url" in section else str(root / section["path"])
    return named(place, section["origin"], section["keys"])


def named(place: str, origin: str, keys: Sequence[str]) -> Named:
    """Check a ledger's place and keys. Raises GateError."""
    from attestations.ledger import LedgerError, parse_verifier

    if "://" in place and _holds_password(place):
        raise GateError("ledger: the URL holds a password; give it in PGPASSWORD or a password file")
    try:
        for key in keys:
            parse_verifier(key)
    except LedgerError as error:
        raise GateError(f"ledger: {error}") from None
    return Named(place=place, origin=origin, keys=tuple(keys))


def _holds_password(url: str) -> bool:
    """Whether a libpq URL carries a password, before the host or among its parameters."""
    parts = urlsplit(url)
    return bool(parts.password) or any("password" in name for name in parse_qs(parts.query))


@contextmanager
def writable(ledger: Named, key: Path, trusted: str | None) -> Iterator[Ledger]:
    """The ledger, opened to append with the checkpoint key in a file; `trusted` is a checkpoint it must extend.

    Raises GateError when it is not there or the key is not its own, UndecidedError when it can't be used now.
    """
    from attestations.ledger import LedgerError, open_ledger
    from attestations.ledger.key import load_checkpoint_key

    passphrase = os.environ.get(PASSPHRASE_VARIABLE)
    try:
        signer = load_checkpoint_key(key, passphrase.encode() if passphrase else None, ledger.origin)
        if ledger.keys and str(signer.verifier) not in ledger.keys:
            raise GateError(f"{key}: its checkpoints would not count; gate.yaml names other keys of {ledger.origin}")
        opened = open_ledger(
            ledger.place, origin=ledger.origin, signer=signer, verifier_keys=ledger.keys, trusted=trusted
        )
    except LedgerError as error:
        raise refusal(error) from None
    try:
        yield opened
    except LedgerError as error:
        raise refusal(error) from None
    finally:
        opened.close()


def refusal(error: Exception) -> GateError | UndecidedError:
    """What cannot be used as it was asked for is the asker's error; whatever else went wrong leaves things open."""
    from attestations.ledger import Code, LedgerError

    usage = {
        Code.MISSING, Code.EXISTS, Code.NOT_A_LEDGER, Code.UNSAFE_FILE, Code.KEY_INVALID, Code.WRONG_ORIGIN,
        Code.ENTRY_INVALID, Code.ENTRY_MALFORMED, Code.PROOF_MALFORMED, Code.NOTE_MALFORMED, Code.RANGE, Code.READ_ONLY,
        Code.CHECKPOINT_MALFORMED,
    }  # fmt: skip
    kind = GateError if isinstance(error, LedgerError) and error.code in usage else UndecidedError
    return kind(f"ledger: {error}")


def verdict_entries(decision: Decision, statement: bytes, now: datetime) -> list[Entry]:
    """The entries of a verdict, one for each released file; `statement` is the verdict as it was signed."""
    from hashlib import sha256

    from attestations.ledger import Entry

    said = "rehearsed" if decision.as_of_overridden else decision.verdict.value
    digest = sha256(statement).hexdigest()
    return [
        Entry(kind=VERDICT + said, subject=artifact.sha256, statement=digest, recorded_at=now)
        for artifact in decision.subject.artifacts
    ]


def files_of(entries: Sequence[Entry], receipts: Sequence[Receipt]) -> dict[str, bytes]:
    """Entries and receipts as files: `<index>.json`, the leaf of the tree, and `<index>.tlog-proof` (C2SP)."""
    from attestations.ledger import write_entry

    files: dict[str, bytes] = {}
    for entry, receipt in zip(entries, receipts, strict=True):
        files[f"{receipt.index}.json"] = write_entry(entry)
        files[f"{receipt.index}.tlog-proof"] = str(receipt).encode()
    return files


def read_files(files: Mapping[str, bytes]) -> Iterator[tuple[Entry, Receipt]]:
    """What `files_of` wrote, unverified. Raises LedgerError, and KeyError for an entry without its receipt."""
    from attestations.ledger import read_entry, read_receipt

    for name in sorted(files):
        if name.endswith(".json"):
            entry = read_entry(files[name])
            proof = files[f"{name.removesuffix('.json')}.tlog-proof"].decode("utf-8", "surrogateescape")
            yield entry, read_receipt(proof, entry)
