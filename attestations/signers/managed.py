"""Sign with one long-lived key, wherever it is kept: any securesystemslib signer becomes a signer of bundles."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from attestations import envelope, statements
from attestations.signers import SignerError, check_signable
from attestations.strict_json import shown
from attestations.timestamps import TimestampAuthority, TimestampError
from attestations.trust import PublicKey

if TYPE_CHECKING:
    from securesystemslib.signer import Signer as Backend  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagedSigner:
    """Signs with `backend` in the name of `identity`; `authority`, if any, puts a timestamp on each signature."""

    identity: str
    public: PublicKey
    backend: Backend = field(repr=False)
    authority: TimestampAuthority | None = None

    @property
    def keyid(self) -> str:
        return self.public.keyid

    @property
    def run(self) -> None:
        """A key is issued to no run."""

    def sign(self, statement: bytes) -> bytes:
        from securesystemslib.dsse import Envelope

        check_signable(statement, self.identity)
        unsigned = Envelope(statement, statements.PAYLOAD_TYPE, {})
        try:
            signature = bytes.fromhex(unsigned.sign(self.backend).signature)
        except Exception as error:  # key stores raise what their vendor's library raises
            raise SignerError(
                f"key {self.keyid} did not sign: {type(error).__name__}: {shown(str(error), 200)}"
            ) from error
        try:
            self.public.key.verify(signature, unsigned.pae(), ec.ECDSA(SHA256()))
        except InvalidSignature:
            raise SignerError(f"the key store signed with another key than {self.keyid}") from None
        try:
            tokens = [self.authority.stamp(signature)] if self.authority else []
        except TimestampError as error:
            raise SignerError(str(error)) from None
        return envelope.write_bundle(
            payload=statement,
            payload_type=statements.PAYLOAD_TYPE,
            sig=signature,
            keyid=self.keyid,
            timestamps=tokens,
        )
