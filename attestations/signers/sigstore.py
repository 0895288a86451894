"""Sign keyless: a short-lived certificate for the CI's own identity, logged by a Sigstore instance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attestations import certificates, strict_json
from attestations.signers import SignerError, check_signable
from attestations.strict_json import shown
from attestations.timestamps import TimestampError, request

if TYPE_CHECKING:
    from rfc3161_client import TimeStampResponse
    from sigstore.models import ClientTrustConfig


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
            raise SignerError(f"Sigstore did not sign: {type(error).__name__}: {shown(str(error), 200)}") from error
        signed: str = bundle.to_json()
        return signed.encode("utf-8")

    def _session(self) -> Any:
        """A sigstore-python signer with a fresh certificate."""
        from sigstore.oidc import IdentityToken, detect_credential
        from sigstore.sign import Signer, SigningContext

        try:
            token = self._token or detect_credential()
            if token is None:
                raise SignerError("no identity token: run in a CI job with OIDC (GitHub: permissions id-token: write)")
            services = self._config.signing_config
            context = SigningContext(
                fulcio=services.get_fulcio(),
                rekor=services.get_tlogs()[0],
                trusted_root=self._config.trusted_root,
                tsa_clients=[_Authority(client.url) for client in services.get_tsas()],  # type: ignore[misc]
            )
            return Signer(IdentityToken(token), context, cache=True)
        except SignerError:
            raise
        except Exception as error:  # HTTP, TLS, OIDC and Sigstore errors share no base class
            what = f"{type(error).__name__}: {shown(str(error), 200)}"
            raise SignerError(f"no signing certificate from Sigstore: {what}") from error


class _Authority:
    """Asks for timestamps in sigstore-python's place, which never compares the nonce and takes a failure lightly."""

    def __init__(self, url: str) -> None:
        self.url = url

    def request_timestamp(self, signature: bytes) -> TimeStampResponse:
        from rfc3161_client import decode_timestamp_response

        return decode_timestamp_response(request(self.url, signature))


def load_sigstore(*, trust_config: bytes | None = None, token: str | None = None) -> SigstoreSigner:
    """A keyless signer for a private instance (`trust_config`: its ClientTrustConfig) or the public one (through TUF).

    `token` is an OIDC token for the audience `sigstore`; by default the CI's own is asked for (GitHub, GitLab,
    Buildkite, CircleCI, Google Cloud). Raises SignerError.
    """
    from sigstore.models import ClientTrustConfig

    try:
        if trust_config is None:
            config = ClientTrustConfig.production()
        else:
            strict_json.loads(trust_config)
            config = ClientTrustConfig.from_json(trust_config.decode("utf-8"))
    except Exception as error:  # TUF, HTTP and pydantic errors share no base class
        what = f"{type(error).__name__}: {shown(str(error), 200)}"
        raise SignerError(f"the Sigstore trust configuration is not usable: {what}") from error
    return SigstoreSigner(config, token)
