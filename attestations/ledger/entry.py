"""What is recorded: one canonical JSON object an entry, which is the leaf of the tree byte for byte."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from attestations import strict_json
from attestations.ledger.errors import Code, LedgerError
from attestations.strict_json import shown

MAX_ENTRY: Final = 0xFFFF
"""Bytes: what an entry bundle of tlog-tiles can hold."""

_KIND = re.compile(r"[a-z0-9][a-z0-9._/-]{0,127}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")
_MAX_TENANT: Final = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that happened: a signed statement about a subject.

    `subject` and `statement` are SHA-256 digests in lower-case hex, `statement` that of the signed bytes. `recorded_at`
    is the caller's time, with a time zone: the ledger reads no clock, its order is the order of the entries. Raises
    LedgerError ENTRY_INVALID.
    """

    kind: str
    subject: str
    statement: str
    recorded_at: datetime
    tenant: str | None = None

    def __post_init__(self) -> None:
        if not _KIND.fullmatch(self.kind):
            raise LedgerError(Code.ENTRY_INVALID, f"kind {shown(self.kind)}: lower-case letters, digits and ._/- only")
        for name, digest in (("subject", self.subject), ("statement", self.statement)):
            if not _SHA256.fullmatch(digest):
                raise LedgerError(Code.ENTRY_INVALID, f"{name} {shown(digest)} is not a SHA-256 in lower-case hex")
        if self.recorded_at.utcoffset() is None:
            raise LedgerError(Code.ENTRY_INVALID, f"recorded_at {self.recorded_at.isoformat()} has no time zone")
        try:
            self.recorded_at.astimezone(UTC)
        except OverflowError:
            message = f"recorded_at {self.recorded_at.isoformat()} is outside the years 1 to 9999 in UTC"
            raise LedgerError(Code.ENTRY_INVALID, message) from None
        if self.tenant is not None and not (0 < len(self.tenant) <= _MAX_TENANT and self.tenant.isprintable()):
            message = f"tenant {shown(self.tenant)}: give 1 to {_MAX_TENANT} printable characters"
            raise LedgerError(Code.ENTRY_INVALID, message)


def write_entry(entry: Entry) -> bytes:
    """The entry as canonical JSON (sorted keys, no white space): equal entries are equal bytes."""
    document: dict[str, object] = {
        "kind": entry.kind,
        "recorded_at": entry.recorded_at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z",
        "statement": {"sha256": entry.statement},
        "subject": {"sha256": entry.subject},
    }
    if entry.tenant is not None:
        document["tenant"] = entry.tenant
    return strict_json.dumps(document)


def read_entry(data: bytes) -> Entry:
    """The entry that `data` is the canonical JSON of. Raises LedgerError ENTRY_MALFORMED for any other bytes."""
    try:
        document = strict_json.loads(data, max_bytes=MAX_ENTRY, max_depth=2)
    except strict_json.StrictJsonError as error:
        raise LedgerError(Code.ENTRY_MALFORMED, f"not an entry: {error}") from None
    try:
        entry = Entry(
            kind=_text(document, "kind"),
            subject=_text(_object(document, "subject"), "sha256"),
            statement=_text(_object(document, "statement"), "sha256"),
            recorded_at=_time(_text(document, "recorded_at")),
            tenant=_text(document, "tenant") if "tenant" in _mapping(document) else None,
        )
    except LedgerError as error:
        raise LedgerError(Code.ENTRY_MALFORMED, f"not an entry: {error.message}") from None
    if write_entry(entry) != data:
        raise LedgerError(
            Code.ENTRY_MALFORMED, "not an entry: other members or another spelling than the canonical one"
        )
    return entry


def statement_needle(statement: str) -> bytes:
    """The bytes an entry has exactly when it is about this statement (a quote inside a JSON string is escaped)."""
    if not _SHA256.fullmatch(statement):
        raise LedgerError(Code.ENTRY_INVALID, f"statement {shown(statement)} is not a SHA-256 in lower-case hex")
    return f'"statement":{{"sha256":"{statement}"}}'.encode()


def _mapping(value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise LedgerError(Code.ENTRY_MALFORMED, f"{shown(value)} is not an object")
    return value


def _object(document: object, name: str) -> Mapping[str, object]:
    return _mapping(_mapping(document).get(name))


def _text(document: object, name: str) -> str:
    value = _mapping(document).get(name)
    if not isinstance(value, str):
        raise LedgerError(Code.ENTRY_MALFORMED, f"{name} is not a string")
    return value


def _time(text: str) -> datetime:
    try:
        if _TIME.fullmatch(text):
            return datetime.fromisoformat(text)
    except ValueError:
        pass
    raise LedgerError(
        Code.ENTRY_MALFORMED, f"recorded_at {shown(text)} is not a time such as 2026-11-21T22:00:00.000000Z"
    )
