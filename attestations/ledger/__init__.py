"""The evidence ledger: what is recorded can be proved, and not changed, dropped or reordered unseen."""

from attestations.ledger.audit import Finding, Report, audit
from attestations.ledger.entry import Entry, read_entry, write_entry
from attestations.ledger.errors import Code, LedgerError
from attestations.ledger.log import Ledger, create_ledger, open_ledger
from attestations.ledger.note import (
    Checkpoint,
    KeySigner,
    Signer,
    Verifier,
    key_signer,
    open_checkpoint,
    parse_verifier,
)
from attestations.ledger.receipt import Receipt, read_receipt, verify_consistency, verify_receipt

__all__ = [
    "Checkpoint",
    "Code",
    "Entry",
    "Finding",
    "KeySigner",
    "Ledger",
    "LedgerError",
    "Receipt",
    "Report",
    "Signer",
    "Verifier",
    "audit",
    "create_ledger",
    "key_signer",
    "open_checkpoint",
    "open_ledger",
    "parse_verifier",
    "read_entry",
    "read_receipt",
    "verify_consistency",
    "verify_receipt",
    "write_entry",
]
