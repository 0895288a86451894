"""The checkpoint key: encrypted, private, of its own kind, and never written over."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from attestations.ledger import Code, create_ledger, verify_receipt
from attestations.ledger.key import load_checkpoint_key, new_checkpoint_key

PASSPHRASE = b"correct horse battery"


@pytest.fixture
def key(tmp_path: Path) -> Path:
    return tmp_path / "checkpoint.key"


def test_made_loaded_and_used(key: Path, tmp_path: Path, kit: Any) -> None:
    verifier_key = new_checkpoint_key(key, PASSPHRASE, kit.origin)
    assert verifier_key.startswith(f"{kit.origin}+")
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert key.read_bytes().startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")
    assert isinstance(load_pem_private_key(key.read_bytes(), PASSPHRASE), ed25519.Ed25519PrivateKey)
    signer = load_checkpoint_key(key, PASSPHRASE, kit.origin)
    assert str(signer.verifier) == verifier_key
    assert "_key" not in repr(signer)
    with create_ledger(tmp_path / "ledger", origin=kit.origin, signer=signer) as ledger:
        (receipt,) = ledger.append([kit.entry(0)])
    verify_receipt(receipt, kit.entry(0), [verifier_key])


def test_another_name_is_another_key(key: Path, kit: Any) -> None:
    verifier_key = new_checkpoint_key(key, None, kit.origin)
    assert str(load_checkpoint_key(key, None, kit.origin).verifier) == verifier_key
    other = load_checkpoint_key(key, None, "other.example").verifier
    assert str(other) != verifier_key
    assert kit.refused(lambda: load_checkpoint_key(key, None, "a b")).code is Code.WRONG_ORIGIN


def test_never_over_a_file(key: Path, kit: Any) -> None:
    new_checkpoint_key(key, None, kit.origin)
    before = key.read_bytes()
    assert kit.refused(lambda: new_checkpoint_key(key, None, kit.origin)).code is Code.KEY_INVALID
    assert key.read_bytes() == before
    assert kit.refused(lambda: new_checkpoint_key(key / "below", None, kit.origin)).code is Code.KEY_INVALID
    assert kit.refused(lambda: new_checkpoint_key(key.with_name("b"), b"short", kit.origin)).code is Code.KEY_INVALID
    assert [file.name for file in key.parent.iterdir()] == [key.name]


def written(key: Path, data: bytes, mode: int = 0o600) -> None:
    key.write_bytes(data)
    key.chmod(mode)


def test_what_is_no_checkpoint_key(key: Path, kit: Any) -> None:
    def code(passphrase: bytes | None = None) -> Code:
        refusal = kit.refused(lambda: load_checkpoint_key(key, passphrase, kit.origin))
        assert str(key) in str(refusal)
        return Code(refusal.code)

    assert code() is Code.KEY_INVALID  # not there
    new_checkpoint_key(key, PASSPHRASE, kit.origin)
    assert code() is Code.KEY_INVALID
    assert code(b"another passphrase") is Code.KEY_INVALID
    key.chmod(0o640)
    assert code(PASSPHRASE) is Code.KEY_INVALID
    for data in (b"", b"hello", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"):
        written(key, data)
        assert code() is Code.KEY_INVALID
    attestation = ec.generate_private_key(ec.SECP256R1())
    written(key, attestation.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    assert code() is Code.KEY_INVALID
    assert code(PASSPHRASE) is Code.KEY_INVALID  # not encrypted
