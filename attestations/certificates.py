"""Signatures that a transparency log or a certificate vouches for, judged with sigstore-python and a trusted root.

sigstore-python verifies what it supports. For the rest (the `intoto` log entry kind that npm's provenance uses, log
entries of bundles before v0.3 that only promise inclusion, entries of managed keys) its own steps and key rings are
used with the comparison of the log entry's body added here. Nothing here is loaded for plain key bundles.
"""

from __future__ import annotations

import base64
import copy
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache, partial
from types import SimpleNamespace
from typing import Any, Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
from rfc3161_client import decode_timestamp_response
from sigstore._internal.timestamp import TimestampSource, TimestampVerificationResult
from sigstore._internal.trust import KeyringPurpose
from sigstore.errors import Error, MetadataError, VerificationError
from sigstore.models import Bundle as SigstoreBundle
from sigstore.models import InvalidBundle, TransparencyLogEntry, TrustedRoot
from sigstore.verify import Verifier
from sigstore_models.trustroot.v1 import TrustedRoot as TrustedRootModel

from attestations import strict_json
from attestations.envelope import Bundle, Envelope, InclusionProof, LogEntry, decode_base64, pae
from attestations.refusal import Reason, Refused
from attestations.strict_json import shown
from attestations.trust import Identity, PublicKey, is_meant

_ISSUER: Final = x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.1")
_ISSUER_V2: Final = x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.8")
_RUN: Final = x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.21")
_OTHER_NAME: Final = x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.7")
_STOCK_KINDS: Final = frozenset({("dsse", "0.0.1"), ("hashedrekord", "0.0.2")})


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Whom a verified certificate is for. `run` is the CI run it was issued to, where the issuer says so."""

    identity: str
    issuer: str
    run: str | None
    signed_at: datetime


def verify_certificate(bundle: Bundle, root: bytes | None, identities: Sequence[Identity], usage: str) -> Holder:
    """Verify a certificate bundle against a trusted root and the identities accepted under it for this usage."""
    if root is None or not identities:
        raise Refused(Reason.NO_TRUST, "signed with a certificate, and no trusted root with identities was given")
    entry = bundle.log_entry
    if entry is None:
        raise Refused(Reason.UNSUPPORTED_FORMAT, "a certificate bundle without a transparency log entry")
    verifier = _verifier(root)
    try:
        certificate = x509.load_der_x509_certificate(bundle.certificates[0])
        identity, issuer = holder(certificate)
    except (ValueError, TypeError, x509.ExtensionNotFound, x509.DuplicateExtension):
        raise Refused(Reason.UNTRUSTED_CERTIFICATE, "not a Sigstore signing certificate") from None
    known = [i.usages for i in identities if i.issuer == issuer and is_meant(i.identity, identity)]
    if not any(not usages or usage in usages for usages in known):
        who = f"{shown(identity)} of {shown(issuer)}"
        if known:
            raise Refused(Reason.KEY_USAGE, f"the certificate is for {who}, which is not trusted for {usage}")
        raise Refused(Reason.IDENTITY_MISMATCH, f"the certificate is for {who}, which is not trusted")
    _check_log_time(entry, root)
    policy = _TheSame(certificate)
    try:
        if entry.proof is not None and (entry.kind, entry.version) in _STOCK_KINDS:
            verifier.verify_dsse(_stock(bundle, _Proved(entry, entry.proof), certificate), policy)
        else:
            parts: Any = SimpleNamespace(
                signing_certificate=certificate,
                log_entry=_entry(entry),
                signature=bundle.envelope.signatures[0].sig,
                verification_material=SimpleNamespace(timestamp_verification_data=_stamps(bundle)),
            )
            _check_parts(certificate, bundle, entry)
            verifier._verify_common_signing_cert(parts, policy)
    except InvalidBundle as error:
        raise Refused(Reason.MALFORMED, shown(str(error), 200)) from None
    except VerificationError as error:
        _stamps(bundle)
        _check_parts(certificate, bundle, entry)  # for a more exact reason
        raise Refused(Reason.UNTRUSTED_CERTIFICATE, shown(str(error), 200)) from None
    except MetadataError as error:
        raise Refused(Reason.NO_TRUST, f"the trusted root is not usable: {shown(str(error), 200)}") from None
    return Holder(identity=identity, issuer=issuer, run=run(certificate), signed_at=min(verifier.times))


def log_time(bundle: Bundle, key: PublicKey, root: bytes | None) -> datetime | None:
    """Verify the log entry of a managed-key bundle; the time the log promises, or None if it promises none."""
    entry = bundle.log_entry
    if entry is None:
        return None
    if root is None:
        raise Refused(Reason.UNTRUSTED_LOG, "there is a log entry, and no trusted root to judge it by")
    verifier = _verifier(root)
    _check_body(entry, bundle.envelope, key.der)
    _check_log_time(entry, root)
    _entry(entry)._verify(verifier._trusted_root.rekor_keyring(KeyringPurpose.VERIFY))
    return _promised_time(entry)


@dataclass(frozen=True, slots=True)
class _TheSame:
    """A policy for sigstore-python: what it verifies is the certificate whose one holder was compared already, exactly.

    sigstore-python's own is content with any of several names.
    """

    certificate: x509.Certificate

    def verify(self, cert: x509.Certificate) -> None:
        if cert is not self.certificate:
            raise VerificationError("another certificate than the one whose holder is trusted")


class _Root(TrustedRoot):
    """A trusted root that loads keys and authorities once: sigstore-python loads all of them for every signature."""

    def __init__(self, inner: TrustedRootModel) -> None:
        super().__init__(inner)
        self._loaded: dict[tuple[str, KeyringPurpose | None], Any] = {}

    def rekor_keyring(self, purpose: KeyringPurpose) -> Any:
        return self._once("rekor", purpose, partial(super().rekor_keyring, purpose))

    def ct_keyring(self, purpose: KeyringPurpose) -> Any:
        return self._once("ct", purpose, partial(super().ct_keyring, purpose))

    def get_timestamp_authorities(self) -> Any:
        return self._once("tsa", None, super().get_timestamp_authorities)

    def _once(self, name: str, purpose: KeyringPurpose | None, load: Callable[[], Any]) -> Any:
        if (name, purpose) not in self._loaded:
            self._loaded[name, purpose] = load()
        return self._loaded[name, purpose]


class _Verifier(Verifier):
    """sigstore-python's verifier, which also tells the times it established and takes them from `intoto` entries."""

    times: list[datetime]

    def _establish_time(self, bundle: Any) -> list[TimestampVerificationResult]:
        material = bundle.verification_material.timestamp_verification_data
        tokens = material.rfc3161_timestamps if material else []
        try:
            if isinstance(bundle, SigstoreBundle):
                results = super()._establish_time(bundle)
            else:
                results = self._verify_timestamp_authority(bundle) if tokens else []
                if (promised := bundle.log_entry.promised) is not None:
                    results.append(TimestampVerificationResult(TimestampSource.TRANSPARENCY_SERVICE, promised))
        except VerificationError as error:
            raise Refused(Reason.UNTRUSTED_TIMESTAMP, shown(str(error), 200)) from None
        stamped = [result for result in results if result.source is TimestampSource.TIMESTAMP_AUTHORITY]
        if len(stamped) != len(tokens):
            raise Refused(Reason.UNTRUSTED_TIMESTAMP, "a timestamp in the bundle does not verify")
        if not results:
            raise Refused(Reason.NO_TIMESTAMP, "no trusted time of signing, by timestamp or by log")
        self.times = [result.time for result in results]
        return results


class _Proved(TransparencyLogEntry):
    """A log entry with an inclusion proof; a failure to verify says that it was the log."""

    def __init__(self, entry: LogEntry, proof: InclusionProof) -> None:
        super().__init__(_inner(entry, proof))
        self._entry = entry
        self.promised = _promised_time(entry)

    def _encode_canonical(self) -> bytes:
        return _promise(self._entry)

    def _verify(self, keyring: Any) -> None:
        try:
            super()._verify(keyring)
        except (VerificationError, ValueError) as error:
            raise Refused(Reason.UNTRUSTED_LOG, shown(str(error), 200)) from None


class _Promised:
    """A log entry without inclusion proof (bundle v0.1): the log's signed promise is all there is."""

    def __init__(self, entry: LogEntry) -> None:
        self._entry = entry
        self.promised = _promised_time(entry)
        self._inner = SimpleNamespace(integrated_time=entry.integrated_time, inclusion_promise=entry.promise)

    def _verify(self, keyring: Any) -> None:
        try:
            keyring.verify(key_id=self._entry.log_id, signature=self._entry.promise, data=_promise(self._entry))
        except VerificationError:
            raise Refused(Reason.UNTRUSTED_LOG, "the log did not sign this inclusion promise") from None


def _entry(entry: LogEntry) -> _Proved | _Promised:
    return _Promised(entry) if entry.proof is None else _Proved(entry, entry.proof)


def _promise(entry: LogEntry) -> bytes:
    """What a log signs when it promises inclusion: canonical JSON (RFC 8785), with nothing in it to be escaped."""
    return b'{"body":"%b","integratedTime":%d,"logID":"%b","logIndex":%d}' % (
        base64.b64encode(entry.body),
        entry.integrated_time or 0,  # a promise at no time is refused when it is read
        entry.log_id.hex().encode("ascii"),
        entry.log_index,
    )


def _inner(entry: LogEntry, proof: InclusionProof) -> Any:
    """A log entry by the names of sigstore-python's model, whose own reader would decode everything once more."""
    promise = SimpleNamespace(signed_entry_timestamp=entry.promise) if entry.promise is not None else None
    return SimpleNamespace(
        log_index=entry.log_index,
        log_id=SimpleNamespace(key_id=entry.log_id),
        kind_version=SimpleNamespace(kind=entry.kind, version=entry.version),
        integrated_time=entry.integrated_time,
        inclusion_promise=promise,
        inclusion_proof=SimpleNamespace(
            log_index=proof.log_index,
            tree_size=proof.tree_size,
            root_hash=proof.root_hash,
            hashes=list(proof.hashes),
            checkpoint=SimpleNamespace(envelope=proof.checkpoint),
        ),
        canonicalized_body=entry.body,
    )


def _stock(bundle: Bundle, entry: _Proved, certificate: x509.Certificate) -> SigstoreBundle:
    """The bundle as sigstore-python holds it, with its checks of what a bundle is made of. Raises InvalidBundle."""
    held = [SimpleNamespace(raw_bytes=der) for der in bundle.certificates]
    single = bundle.format == "bundle-v0.3"  # before, a chain
    stamps = [SimpleNamespace(signed_timestamp=token) for token in bundle.timestamps]
    inner: Any = SimpleNamespace(
        media_type=bundle.media_type,
        verification_material=SimpleNamespace(
            certificate=held[0] if single else None,
            x509_certificate_chain=None if single else SimpleNamespace(certificates=held),
            tlog_entries=[entry._inner],
            timestamp_verification_data=SimpleNamespace(rfc3161_timestamps=stamps) if stamps else None,
        ),
        message_signature=None,
        dsse_envelope=bundle.envelope,  # it has the names of sigstore-python's own
    )
    stock = SigstoreBundle(inner)
    stock._signing_certificate = certificate  # the same one, with its extensions already parsed
    stock._log_entry = entry
    return stock


def _stamps(bundle: Bundle) -> SimpleNamespace | None:
    """The bundle's timestamps as sigstore-python holds them."""
    if not bundle.timestamps:
        return None
    try:
        return SimpleNamespace(rfc3161_timestamps=[decode_timestamp_response(token) for token in bundle.timestamps])
    except ValueError:
        raise Refused(Reason.UNTRUSTED_TIMESTAMP, "not a granted RFC 3161 timestamp") from None


@lru_cache(maxsize=4)
def _shared_verifier(root: bytes) -> _Verifier:
    try:
        strict_json.loads(root)
        return _Verifier(trusted_root=_Root(TrustedRootModel.from_json(root)))
    except (ValueError, Error) as error:
        raise Refused(Reason.NO_TRUST, f"the trusted root is not usable: {shown(str(error), 200)}") from None


def _verifier(root: bytes) -> _Verifier:
    """A verifier of its own for each call: it remembers times."""
    return copy.copy(_shared_verifier(root))


def holder(certificate: x509.Certificate) -> tuple[str, str]:
    """The one subject alternative name and the issuer of a Fulcio certificate."""
    names = list(certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
    found = [
        name.value.decode("utf-8") if isinstance(name, x509.OtherName) else str(name.value)
        for name in names
        if isinstance(name, x509.RFC822Name | x509.UniformResourceIdentifier)
        or (isinstance(name, x509.OtherName) and name.type_id == _OTHER_NAME)
    ]
    if len(found) != 1 or len(names) != 1:
        raise ValueError("not exactly one name")
    issuers = {
        value
        for value in (
            _extension(certificate, _ISSUER, lambda raw: raw.decode("utf-8")),
            _extension(certificate, _ISSUER_V2, lambda raw: asn1.decode_der(str, raw)),
        )
        if value is not None
    }
    if len(issuers) != 1:
        raise ValueError("not exactly one issuer")
    return found[0], issuers.pop()


def run(certificate: x509.Certificate) -> str | None:
    """The CI run (RunInvocationURI) the certificate was issued to."""
    return _extension(certificate, _RUN, lambda raw: asn1.decode_der(str, raw))


def _extension(certificate: x509.Certificate, oid: x509.ObjectIdentifier, decode: Callable[[bytes], str]) -> str | None:
    try:
        extension = certificate.extensions.get_extension_for_oid(oid).value
    except x509.ExtensionNotFound:
        return None
    return decode(extension.value) if isinstance(extension, x509.UnrecognizedExtension) else None


def _check_parts(certificate: x509.Certificate, bundle: Bundle, entry: LogEntry) -> None:
    """What sigstore-python compares last and only for the log entries it knows: signature and log entry."""
    _check_signature(certificate, bundle.envelope)
    _check_body(entry, bundle.envelope, bundle.certificates[0])


def _check_signature(certificate: x509.Certificate, envelope: Envelope) -> None:
    key = certificate.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise Refused(Reason.UNSUPPORTED_FORMAT, "the certificate's key is not ECDSA")
    try:
        key.verify(envelope.signatures[0].sig, pae(envelope.payload_type, envelope.payload), ec.ECDSA(SHA256()))
    except InvalidSignature:
        raise Refused(Reason.BAD_SIGNATURE, "the signature is not by the certificate over this statement") from None


def _check_log_time(entry: LogEntry, root: bytes) -> None:
    """A promised time counts only within the validity of the log's key (both ends included)."""
    promised = _promised_time(entry)
    if promised is None:
        return
    for log in _shared_verifier(root)._trusted_root._inner.tlogs:
        window = log.public_key.valid_for
        if log.log_id.key_id == entry.log_id and window is not None:
            if window.start <= promised and (window.end is None or promised <= window.end):
                return
            raise Refused(Reason.UNTRUSTED_LOG, "the log's key was not valid at the time it promises")
    raise Refused(Reason.UNTRUSTED_LOG, "the log is not in the trusted root")


def _promised_time(entry: LogEntry) -> datetime | None:
    if entry.promise is None or entry.integrated_time is None:
        return None
    try:
        return datetime.fromtimestamp(entry.integrated_time, UTC)
    except (ValueError, OverflowError, OSError):
        raise Refused(Reason.UNTRUSTED_LOG, "the log's time is not a date") from None


def _check_body(entry: LogEntry, envelope: Envelope, verifier: bytes) -> None:
    """The log entry must be about this signature by this certificate or key (`verifier`, DER) over this payload.

    Sources: Rekor's `intoto` v0.0.2 and `dsse` v0.0.1 schemas, Rekor v2's `hashedrekord` v0.0.2 over the PAE.
    """
    try:
        body = strict_json.loads(entry.body)
        if (body["kind"], body["apiVersion"]) != (entry.kind, entry.version):
            raise Refused(Reason.UNTRUSTED_LOG, "the log entry is of another kind than the bundle says")
        read = _BODIES.get((entry.kind, entry.version))
        if read is None:
            kind = shown(f"{entry.kind} {entry.version}")
            raise Refused(Reason.UNSUPPORTED_FORMAT, f"log entries of kind {kind} are not verified here")
        logged = read(body["spec"])
    except (strict_json.StrictJsonError, KeyError, TypeError, ValueError, IndexError) as error:
        if isinstance(error, Refused) and error.code is not Reason.MALFORMED:
            raise
        raise Refused(Reason.UNTRUSTED_LOG, f"the log entry's body is malformed: {shown(str(error))}") from None
    signed = pae(envelope.payload_type, envelope.payload) if entry.kind == "hashedrekord" else envelope.payload
    if logged != _Logged(hashlib.sha256(signed).digest(), envelope.signatures[0].sig, verifier):
        raise Refused(Reason.UNTRUSTED_LOG, "the log entry is about another signature")


@dataclass(frozen=True, slots=True)
class _Logged:
    """What a log entry records: hash of the payload or PAE, signature, and DER of the certificate or public key."""

    sha256: bytes
    sig: bytes
    verifier: bytes


def _intoto(spec: Mapping[str, Any]) -> _Logged:
    content = spec["content"]
    if content["envelope"]["payloadType"] != "application/vnd.in-toto+json":
        raise Refused(Reason.UNTRUSTED_LOG, "the log entry has another payload type")
    (signature,) = content["envelope"]["signatures"]
    # Rekor keeps the envelope's base64 text as bytes, so the signature is encoded twice.
    sig = decode_base64(decode_base64(signature["sig"], "sig").decode("ascii"), "sig")
    return _Logged(_sha256(content["payloadHash"]), sig, _pem(signature["publicKey"]))


def _dsse(spec: Mapping[str, Any]) -> _Logged:
    (signature,) = spec["signatures"]
    sig = decode_base64(signature["signature"], "signature")
    return _Logged(_sha256(spec["payloadHash"]), sig, _pem(signature["verifier"]))


def _hashedrekord(spec: Mapping[str, Any]) -> _Logged:
    record = spec["hashedRekordV002"]
    if record["data"]["algorithm"] != "SHA2_256":
        raise Refused(Reason.UNSUPPORTED_FORMAT, "the log entry's hash is not SHA-256")
    verifier = record["signature"]["verifier"]
    held = verifier["x509Certificate"] if "x509Certificate" in verifier else verifier["publicKey"]
    return _Logged(
        decode_base64(record["data"]["digest"], "digest"),
        decode_base64(record["signature"]["content"], "content"),
        decode_base64(held["rawBytes"], "rawBytes"),
    )


_BODIES: Final[Mapping[tuple[str, str], Callable[[Mapping[str, Any]], _Logged]]] = {
    ("intoto", "0.0.2"): _intoto,
    ("dsse", "0.0.1"): _dsse,
    ("hashedrekord", "0.0.2"): _hashedrekord,
}


def _sha256(digest: Mapping[str, Any]) -> bytes:
    if digest["algorithm"] != "sha256":
        raise Refused(Reason.UNSUPPORTED_FORMAT, "the log entry's hash is not SHA-256")
    return bytes.fromhex(digest["value"])


def _pem(value: object) -> bytes:
    """DER of a base64-encoded PEM certificate or public key."""
    pem = decode_base64(value, "verifier")
    if b"BEGIN CERTIFICATE" in pem:
        return x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)
    return load_pem_public_key(pem).public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
