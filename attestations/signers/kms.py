"""Sign with a key that never leaves its store: cloud KMS, Vault or PKCS#11, by securesystemslib URI."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from attestations import strict_json
from attestations.refusal import Refused
from attestations.signers import SignerError
from attestations.signers.managed import ManagedSigner
from attestations.strict_json import shown
from attestations.timestamps import TimestampAuthority
from attestations.trust import PublicKey

MAX_REFERENCE: Final = 64 * 1024


def is_reference(path: Path) -> bool:
    """Whether a key file holds no key but says where one is kept: JSON, where a key is PEM."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(64).lstrip().startswith(b"{")


def load_reference(path: Path, identity: str, *, secret: Callable[[str], str] | None = None) -> ManagedSigner:
    """A signer for the key that a file refers to: `{"uri": "awskms:alias/release", "publicKey": "release.pub"}`.

    `publicKey` names the PEM file of its public half, counted from the reference. Raises SignerError.
    """
    with path.open("rb") as file:
        data = file.read(MAX_REFERENCE + 1)
    try:
        found = strict_json.loads(data, max_bytes=MAX_REFERENCE)
    except strict_json.StrictJsonError as error:
        raise SignerError(f"{path}: {error}") from None
    if not isinstance(found, dict) or found.keys() != {"uri", "publicKey"} or not all(map(_is_text, found.values())):
        raise SignerError(f"{path}: a reference to a key has the members uri and publicKey, both text")
    try:
        public = (path.parent / found["publicKey"]).read_bytes()
    except (OSError, ValueError) as error:
        raise SignerError(f"{path}: publicKey {shown(found['publicKey'])} cannot be read: {error}") from None
    return load_kms(found["uri"], public, identity, secret=secret)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value.isprintable() and bool(value)


def load_kms(
    uri: str,
    public_key: bytes,
    identity: str,
    *,
    secret: Callable[[str], str] | None = None,
    authority: TimestampAuthority | None = None,
) -> ManagedSigner:
    """A signer for the key at `uri` (`awskms:…`, `gcpkms:…`, `azurekms://…`, `hv:…`, `hsm:…`, `file2:…`).

    `public_key` is its public half (PEM, ECDSA P-256), fetched once when the key was registered: a store that signs
    with another key is found out at the first signature. `secret` is asked for a PIN where the store wants one. The
    vendor's client library must be installed. Raises SignerError.
    """
    from securesystemslib.signer import (  # type: ignore[attr-defined]
        SIGNER_FOR_URI_SCHEME,
        Signer,
        SSlibKey,
    )

    scheme = uri.partition(":")[0]
    if scheme not in SIGNER_FOR_URI_SCHEME:
        raise SignerError(f"key URI scheme {scheme!r} is not one of {', '.join(sorted(SIGNER_FOR_URI_SCHEME))}")
    try:
        public = PublicKey.from_pem(public_key)
    except Refused as refusal:
        raise SignerError(f"the public key of {scheme}: {refusal.message}") from None
    try:
        backend = Signer.from_priv_key_uri(uri, SSlibKey.from_crypto(public.key, keyid=public.keyid), secret)
    except Exception as error:  # key stores raise what their vendor's library raises
        what = f"{type(error).__name__}: {shown(str(error), 200)}"
        raise SignerError(f"the {scheme} key cannot be used: {what}") from error
    return ManagedSigner(identity=identity, public=public, backend=backend, authority=authority)
