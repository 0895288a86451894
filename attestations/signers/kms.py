"""Sign with a key that never leaves its store: cloud KMS, Vault or PKCS#11, by securesystemslib URI."""

from __future__ import annotations

from collections.abc import Callable

from attestations.refusal import Refused
from attestations.signers import SignerError
from attestations.signers.managed import ManagedSigner
from attestations.strict_json import shown
from attestations.timestamps import TimestampAuthority
from attestations.trust import PublicKey


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
