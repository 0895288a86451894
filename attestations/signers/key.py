"""Sign with a key in a file: ECDSA P-256, encrypted PKCS#8. The offline default (SLSA Build L1, no more)."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from pathlib import Path
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from attestations.signers import SignerError
from attestations.signers.managed import ManagedSigner
from attestations.timestamps import TimestampAuthority
from attestations.trust import PublicKey

MIN_PASSPHRASE: Final = 12
_MAX_KEY_FILE: Final = 64 * 1024


def new_key(path: Path, passphrase: bytes | None) -> PublicKey:
    """Make a key pair and write the private key (PKCS#8 PEM, mode 0600) to a path that must not exist yet.

    PKCS#8 derives its encryption key fast, so the passphrase has to be long: at least 12 bytes. None writes the key
    unencrypted. Raises SignerError, FileExistsError, OSError.
    """
    if passphrase is not None and len(passphrase) < MIN_PASSPHRASE:
        raise SignerError(f"{path}: the passphrase must have at least {MIN_PASSPHRASE} bytes")
    key = ec.generate_private_key(ec.SECP256R1())
    encryption: KeySerializationEncryption = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    write_new(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption))
    return PublicKey.of(key.public_key())


def load_key(
    path: Path, passphrase: bytes | None, identity: str, *, authority: TimestampAuthority | None = None
) -> ManagedSigner:
    """Load a private key to sign in the name of `identity`, with timestamps if an authority is given.

    Raises SignerError: one line, with the remedy.
    """
    data = read_private(path)
    try:
        key = load_pem_private_key(data, passphrase)
    except TypeError:  # what the library raises for a passphrase too many or too few
        wanted = "is encrypted: give its passphrase" if passphrase is None else "is not encrypted: give no passphrase"
        raise SignerError(f"{path}: the key {wanted}") from None
    except (ValueError, UnsupportedAlgorithm):
        what = "not a PKCS#8 PEM private key" if passphrase is None else "wrong passphrase, or not a PKCS#8 PEM key"
        raise SignerError(f"{path}: {what}") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise SignerError(f"{path}: not an ECDSA P-256 key; make one with `gate keys new`")
    return signer_for(key, identity, authority=authority)


def signer_for(
    key: ec.EllipticCurvePrivateKey, identity: str, *, authority: TimestampAuthority | None = None
) -> ManagedSigner:
    """A signer for a P-256 private key already in memory."""
    from securesystemslib.signer import CryptoSigner, SSlibKey  # type: ignore[attr-defined]

    public = PublicKey.of(key.public_key())
    signer = CryptoSigner(key, SSlibKey.from_crypto(public.key, keyid=public.keyid))
    return ManagedSigner(identity=identity, public=public, backend=signer, authority=authority)


def read_private(path: Path) -> bytes:
    """The bytes of a key file that nobody but its owner can read; checked on the open file, not on its name."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise SignerError(f"{path}: cannot be read: {error.strerror}") from None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise SignerError(f"{path}: not a regular file")
        if stat.S_IMODE(status.st_mode) & 0o077:
            raise SignerError(f"{path}: readable by others; run: chmod 600 {path}")
        if status.st_uid not in (os.geteuid(), 0):
            raise SignerError(f"{path}: belongs to another user")
        data = os.read(descriptor, _MAX_KEY_FILE + 1)
    finally:
        os.close(descriptor)
    if len(data) > _MAX_KEY_FILE:
        raise SignerError(f"{path}: too large for a private key")
    return data


def write_new(path: Path, data: bytes) -> None:
    """Write a file whole or not at all, never over another one: a temporary name, fsync, then a hard link."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        try:
            os.link(temporary, path)
        except OSError as error:
            if error.errno == errno.EEXIST:
                raise SignerError(f"{path}: exists already; a key is never overwritten") from None
            raise
    finally:
        temporary.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
