"""Sign keyless: a short-lived certificate for the CI's own identity, logged by a Sigstore instance."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from attestations import certificates, strict_json
from attestations.signers import SignerConfigError, SignerError, check_signable
from attestations.strict_json import shown
from attestations.timestamps import TimestampError, request

if TYPE_CHECKING:
    from rfc3161_client import TimeStampResponse
    from sigstore.models import ClientTrustConfig

TIMEOUT: Final = 60
"""Seconds to wait for Fulcio or Rekor; a log answers only when the entry is in it."""


class SigstoreSigner:
    """Signs with one certificate for as long as it is valid (about ten minutes), then asks for the next.

    `identity` and `issuer` are what the certificate says, `run` the CI run it was issued to (bind the statement's
    pipeline id to it), `trusted_root` is what a verifier needs.
    """

    keyid: None = None

    def __init__(self, config: ClientTrustConfig, token: str | None) -> None:
        self.trusted_root: bytes = strict_json.dumps(config._inner.trusted_root.to_dict())
        self._config = config
        self._token = token
        self._signer = self._session()
        certificate = self._signer._signing_cert()
        self.identity, self.issuer = certificates.holder(certificate)
        self.run: str | None = certificates.run(certificate)

    def sign(self, statement: bytes) -> bytes:
        from sigstore._internal.fulcio import ExpiredCertificate
        from sigstore.dsse import Statement

        check_signable(statement, self.identity)
        try:
            try:
                bundle = self._signer.sign_dsse(Statement(statement))
            except ExpiredCertificate:
                self._signer = self._session()
                if certificates.holder(self._signer._signing_cert()) != (self.identity, self.issuer):
                    raise SignerError("the CI's identity changed while signing") from None
                bundle = self._signer.sign_dsse(Statement(statement))
        except (SignerError, TimestampError) as error:
            raise SignerError(str(error)) from None
        except Exception as error:  # HTTP, TLS, OIDC and Sigstore errors share no base class
            raise SignerError(f"Sigstore did not sign: {_why(error)}") from error
        signed: str = bundle.to_json()
        return signed.encode("utf-8")

    def _session(self) -> Any:
        """A sigstore-python signer with a fresh certificate."""
        from sigstore.oidc import IdentityToken, detect_credential
        from sigstore.sign import Signer, SigningContext

        try:
            token = (self._token or detect_credential() or "").strip()
            if not token:
                raise SignerError("no identity: run in a CI job that may ask for one (GitHub: id-token, write)")
            services = self._config.signing_config
            fulcio, rekor = services.get_fulcio(), services.get_tlogs()[0]
            for session in (fulcio.session, rekor._session):  # type: ignore[attr-defined]  # they wait for ever
                session.request = partial(session.request, timeout=TIMEOUT)  # type: ignore[method-assign]
            context = SigningContext(
                fulcio=fulcio,
                rekor=rekor,
                trusted_root=self._config.trusted_root,
                tsa_clients=[_Authority(client.url) for client in services.get_tsas()],  # type: ignore[misc]
            )
            return Signer(IdentityToken(token), context, cache=True)
        except SignerError:
            raise
        except Exception as error:  # HTTP, TLS, OIDC and Sigstore errors share no base class
            raise SignerError(f"no signing certificate from Sigstore: {_why(error)}") from error


class _Authority:
    """Asks for timestamps in sigstore-python's place, which never compares the nonce and takes a failure lightly."""

    def __init__(self, url: str) -> None:
        self.url = url

    def request_timestamp(self, signature: bytes) -> TimeStampResponse:
        from rfc3161_client import decode_timestamp_response

        return decode_timestamp_response(request(self.url, signature))


def _why(error: BaseException) -> str:
    """What happened, on one line; sigstore-python often says it only in the cause of its error."""
    cause = error.__cause__
    first = f"{type(error).__name__}: {shown(str(error), 200)}" if str(error) or cause is None else ""
    return "; ".join(part for part in (first, _why(cause) if cause is not None else "") if part)


def load_sigstore(*, trust_config: bytes | None = None, token: str | None = None) -> SigstoreSigner:
    """A keyless signer for a private instance (`trust_config`: its ClientTrustConfig) or the public one (through TUF).

    `token` is an OIDC token for the audience `sigstore`; by default the CI's own is asked for (GitHub, GitLab,
    Buildkite, CircleCI, Google Cloud). Raises SignerConfigError for a configuration that is none, else SignerError.
    """
    from sigstore.models import ClientTrustConfig

    try:
        if trust_config is None:
            config = ClientTrustConfig.production()
        else:
            strict_json.loads(trust_config)
            config = ClientTrustConfig.from_json(trust_config.decode("utf-8"))
    except Exception as error:  # TUF, HTTP and pydantic errors share no base class
        mistaken = SignerError if trust_config is None else SignerConfigError
        raise mistaken(f"the Sigstore trust configuration is not usable: {_why(error)}") from error
    return SigstoreSigner(config, token)
