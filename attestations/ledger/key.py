"""The checkpoint key: Ed25519 in an encrypted PKCS#8 file, for the ledger only; attestations have another."""

from __future__ import annotations

from pathlib import Path

from attestations.ledger.errors import Code, LedgerError
from attestations.ledger.note import KeySigner, check_origin, key_signer


def new_checkpoint_key(path: Path, passphrase: bytes | None, origin: str) -> str:
    """Make a key pair for the ledger `origin`, write the private key (PKCS#8 PEM, mode 0600), return the verifier key.

    The path must not exist yet; None writes the key unencrypted. Raises LedgerError KEY_INVALID, WRONG_ORIGIN.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import (
        BestAvailableEncryption,
        Encoding,
        KeySerializationEncryption,
        NoEncryption,
        PrivateFormat,
    )

    from attestations.signers import SignerError
    from attestations.signers.key import MIN_PASSPHRASE, write_new

    check_origin(origin)
    if passphrase is not None and len(passphrase) < MIN_PASSPHRASE:
        raise LedgerError(Code.KEY_INVALID, f"{path}: the passphrase must have at least {MIN_PASSPHRASE} bytes")
    key = Ed25519PrivateKey.generate()
    encryption: KeySerializationEncryption = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    try:
        write_new(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption))
    except SignerError as error:
        raise LedgerError(Code.KEY_INVALID, str(error)) from None
    except OSError as error:
        raise LedgerError(Code.KEY_INVALID, f"{path}: {error.strerror}") from None
    return str(key_signer(key, origin).verifier)


def load_checkpoint_key(path: Path, passphrase: bytes | None, origin: str) -> KeySigner:
    """Load the private key of the ledger `origin`. Raises LedgerError KEY_INVALID, WRONG_ORIGIN."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    from attestations.signers import SignerError
    from attestations.signers.key import read_private

    check_origin(origin)
    try:
        key = load_pem_private_key(read_private(path), passphrase)
    except SignerError as error:
        raise LedgerError(Code.KEY_INVALID, str(error)) from None
    except TypeError:  # what the library raises for a passphrase too many or too few
        wanted = "is encrypted: give its passphrase" if passphrase is None else "is not encrypted: give no passphrase"
        raise LedgerError(Code.KEY_INVALID, f"{path}: the key {wanted}") from None
    except (ValueError, UnsupportedAlgorithm):
        message = f"{path}: wrong passphrase, or not a PKCS#8 PEM private key"
        raise LedgerError(Code.KEY_INVALID, message) from None
    if not isinstance(key, Ed25519PrivateKey):
        message = f"{path}: not an Ed25519 key; a ledger has a key of its own, made with `gate ledger init`"
        raise LedgerError(Code.KEY_INVALID, message)
    return key_signer(key, origin)
