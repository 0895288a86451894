"""Checkpoints: a tree head as signed text, verified with tools others have too (C2SP signed-note, tlog-checkpoint)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

from attestations.ledger.errors import Code, LedgerError
from attestations.merkle import HASH_SIZE
from attestations.strict_json import shown

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

MAX_NOTE: Final = 64 * 1024
MAX_SIGNATURES: Final = 100
MAX_SIZE: Final = 2**63 - 1
ED25519: Final = 0x01
"""The signature type of signed-note for a log's own key."""
COSIGNATURE: Final = 0x04
"""The signature type of tlog-cosignature for a witness's Ed25519 key."""
_PREFIX: Final = "— "  # em dash, space
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")

_P: Final = 2**255 - 19
_ORDER_8: Final = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
# The y coordinates of the eight points of small order: a signature under such a key can fit any message.
_LOW_ORDER: Final = frozenset({0, 1, _P - 1, _ORDER_8, _P - _ORDER_8})


@dataclass(frozen=True, slots=True, kw_only=True)
class Verifier:
    """A trusted Ed25519 key: whose it is (`name`), its four-byte id, and the signature type it is for."""

    name: str
    key_id: bytes
    kind: int
    key: Ed25519PublicKey = field(repr=False)

    def __str__(self) -> str:
        """The verifier key of signed-note: `<name>+<hex id>+<base64 of type and key>`."""
        return f"{self.name}+{self.key_id.hex()}+{_encode64(bytes([self.kind]) + self.key.public_bytes_raw())}"


class Signer(Protocol):
    """What signs checkpoints; a key service can stand behind it. `verifier` is the key its signatures verify under."""

    @property
    def verifier(self) -> Verifier: ...

    def sign(self, text: bytes) -> bytes:
        """The Ed25519 signature (RFC 8032, 64 bytes) over the note's text."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySigner:
    """A checkpoint key in memory. It signs checkpoints only; attestations have a key of their own."""

    verifier: Verifier
    _key: Ed25519PrivateKey = field(repr=False)

    def sign(self, text: bytes) -> bytes:
        return self._key.sign(text)


def key_signer(key: Ed25519PrivateKey, origin: str) -> KeySigner:
    """A signer for the ledger `origin`, from a private key already in memory."""
    return KeySigner(verifier=verifier_for(key.public_key(), origin, ED25519), _key=key)


def parse_verifier(text: str, kind: int = ED25519) -> Verifier:
    """Read a verifier key of that signature type. Raises LedgerError KEY_INVALID, also for a key of small order."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    name, *rest = text.split("+", 2)
    if len(rest) != 2:
        raise LedgerError(Code.KEY_INVALID, f"verifier key {shown(text)} is not <name>+<hex id>+<base64>")
    material = _decode64(rest[1])
    if material is None or len(material) != 33 or material[0] != kind:
        raise LedgerError(Code.KEY_INVALID, f"verifier key {shown(text)}: not an Ed25519 key of type {kind:#04x}")
    y = int.from_bytes(material[1:], "little") & (2**255 - 1)
    if y >= _P or y in _LOW_ORDER:
        raise LedgerError(Code.KEY_INVALID, f"verifier key {shown(text)}: a weak Ed25519 point that fits any signature")
    verifier = verifier_for(Ed25519PublicKey.from_public_bytes(material[1:]), name, kind)
    if verifier.key_id.hex() != rest[0]:
        raise LedgerError(
            Code.KEY_INVALID, f"verifier key {shown(text)}: the id is not the key's, {verifier.key_id.hex()}"
        )
    return verifier


def check_origin(origin: str) -> str:
    """The name of a ledger and of its key, such as `ledger.example/evidence`. Raises LedgerError WRONG_ORIGIN."""
    if not origin or len(origin) > 255 or "+" in origin or not origin.isprintable() or any(map(str.isspace, origin)):
        raise LedgerError(
            Code.WRONG_ORIGIN, f"origin {shown(origin)}: give 1 to 255 printable characters without space and plus"
        )
    return origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A tree head: the ledger's origin, the number of its entries, the root over them."""

    origin: str
    size: int
    root: bytes

    def __str__(self) -> str:
        """The text that is signed."""
        return f"{self.origin}\n{self.size}\n{_encode64(self.root)}\n"


def sign_checkpoint(checkpoint: Checkpoint, signer: Signer) -> str:
    """The checkpoint as a signed note, verified before it is handed out. Raises LedgerError BAD_SIGNATURE."""
    text = str(checkpoint)
    verifier = signer.verifier
    signature = signer.sign(text.encode())
    note = f"{text}\n{_PREFIX}{verifier.name} {_encode64(verifier.key_id + signature)}\n"
    open_checkpoint(note, [verifier])
    return note


def open_checkpoint(note: str, verifiers: Sequence[Verifier]) -> Checkpoint:
    """Verify a signed checkpoint and read it.

    Accepted is a note signed by a trusted key whose name is the checkpoint's origin; signatures by unknown keys, such
    as witnesses', are left alone. Raises LedgerError: NOTE_MALFORMED, UNTRUSTED, BAD_SIGNATURE, CHECKPOINT_MALFORMED,
    WRONG_ORIGIN.
    """
    from cryptography.exceptions import InvalidSignature

    text, signatures = split_note(note)
    signers = set()
    for name, key_id, signature in signatures:
        for verifier in verifiers:
            if (verifier.name, verifier.key_id) != (name, key_id):
                continue
            try:
                verifier.key.verify(signature, text.encode())
            except InvalidSignature:
                message = f"the checkpoint's signature by {shown(name)} does not verify"
                raise LedgerError(Code.BAD_SIGNATURE, message) from None
            signers.add(name)
    if not signers:
        raise LedgerError(Code.UNTRUSTED, "the checkpoint is not signed by a trusted key")
    checkpoint = _parse(text)
    if checkpoint.origin not in signers:
        message = f"the checkpoint is of {shown(checkpoint.origin)}, signed by the key of {shown(min(signers))}"
        raise LedgerError(Code.WRONG_ORIGIN, message)
    return checkpoint


def verifier_for(key: Ed25519PublicKey, name: str, kind: int) -> Verifier:
    """The verifier for a public key: its id is a hash over name, type and key (signed-note, "Signatures")."""
    check_origin(name)
    digest = hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + key.public_bytes_raw()).digest()
    return Verifier(name=name, key_id=digest[:4], kind=kind, key=key)


def split_note(note: str) -> tuple[str, list[tuple[str, bytes, bytes]]]:
    """The text with its final newline, and (name, key id, signature) of each signature line."""

    def malformed(why: str) -> LedgerError:
        return LedgerError(Code.NOTE_MALFORMED, f"not a signed note: {why}")

    if len(note) > MAX_NOTE:
        raise malformed(f"longer than {MAX_NOTE} characters")
    try:
        note.encode()
    except UnicodeEncodeError:
        raise malformed("not UTF-8") from None
    if _CONTROL.search(note):
        raise malformed("it has control characters")
    text, blank, tail = note.rpartition("\n\n")
    if not blank or not tail.endswith("\n"):
        raise malformed("no text, blank line and signature lines, each ended by a newline")
    lines = tail[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise malformed(f"more than {MAX_SIGNATURES} signatures")
    signatures = []
    for line in lines:
        name, space, encoded = line.removeprefix(_PREFIX).partition(" ")
        blob = _decode64(encoded)
        named = name and "+" not in name and not any(map(str.isspace, name))
        if not line.startswith(_PREFIX) or not space or not named or blob is None or len(blob) < 5:
            raise malformed(f"the signature line {shown(line)}")
        signatures.append((name, blob[:4], blob[4:]))
    return text + "\n", signatures


def _parse(text: str) -> Checkpoint:
    lines = text[:-1].split("\n")
    if len(lines) != 3:
        message = f"a checkpoint has three lines, origin, size and root, this one {len(lines)}"
        raise LedgerError(Code.CHECKPOINT_MALFORMED, message)
    origin, size, encoded = lines
    root = _decode64(encoded)
    if not _DECIMAL.fullmatch(size) or int(size) > MAX_SIZE:
        raise LedgerError(Code.CHECKPOINT_MALFORMED, f"the checkpoint's size {shown(size)} is not a decimal number")
    if root is None or len(root) != HASH_SIZE:
        raise LedgerError(
            Code.CHECKPOINT_MALFORMED, f"the checkpoint's root {shown(encoded)} is not a SHA-256 in base64"
        )
    return Checkpoint(origin=check_origin(origin), size=int(size), root=root)


def _encode64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _decode64(text: str) -> bytes | None:
    """Base64 in its one canonical spelling, or None."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return data if _encode64(data) == text else None
