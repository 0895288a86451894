"""The strict verifier: bundle bytes in, verified statement out, or `Refused`. Offline; it opens no socket and no file.

Order: encoding, signature against what is trusted, payload type, statement, then every expectation of the caller.
Nothing of a bundle is returned before all of it holds, and what cannot be verified is refused rather than ignored.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, Final, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from attestations import envelope, statements
from attestations.envelope import Bundle
from attestations.refusal import Reason, Refused
from attestations.statements import Binding, timestamp
from attestations.strict_json import shown
from attestations.trust import PublicKey, Trust, TrustedKey, is_meant

__all__ = ["UNCHECKED", "Expectation", "Reason", "Refused", "Unchecked", "Verified", "verify", "verify_threshold"]

SKEW: Final = timedelta(minutes=5)
"""How far a clock may be ahead of ours."""
_ALGORITHM: Final = ec.ECDSA(SHA256())
_DIGEST = re.compile(r"(?:(sha256|sha384|sha512):)?((?:[0-9a-f]{2}){32,64})")


class Unchecked(Enum):
    """The type of `UNCHECKED`."""

    UNCHECKED = "unchecked"


UNCHECKED: Final = Unchecked.UNCHECKED
"""Says of one expectation, in so many words, that the caller does not want it checked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What a bundle must say to be accepted. There are no defaults: what is not to be checked is `UNCHECKED`.

    predicate_type   exact predicate type
    subjects         digests that must all be subjects: SHA-256 hex, or `sha256:…`, `sha384:…`, `sha512:…`
    usage            what the signing key must be trusted for (ignored for certificates, which carry no usage)
    identity, issuer who signed: exact, or the identity by an `anchored` pattern; the issuer of a managed key is None
    policy_digest, pipeline_id   exact values of the statement's binding
    builders         allowed pairs (signer identity, builder.id or verifier.id)
    predicate        exact values in the predicate by path of names, e.g. {("verificationResult",): "PASSED"}
    max_age          limit on the age of the statement, by trusted time or else by the time it claims
    require_timestamp  a trusted time of signing must be there (RFC 3161, or a log's integrated time)
    require_binding  False only for attestations made by others: then the type may be unbound and Statement v0.1
    """

    predicate_type: str | Unchecked
    subjects: tuple[str, ...] | Unchecked
    usage: str
    identity: str | re.Pattern[str] | Unchecked
    issuer: str | Unchecked | None
    policy_digest: str | Unchecked
    pipeline_id: str | Unchecked
    builders: frozenset[tuple[str, str]] | Unchecked
    predicate: Mapping[tuple[str, ...], str | int | bool] | Unchecked
    max_age: timedelta | Unchecked
    require_timestamp: bool
    require_binding: bool

    def __post_init__(self) -> None:
        if isinstance(self.subjects, str):
            raise TypeError("subjects is a tuple of digests")
        if self.subjects is not UNCHECKED:
            if not self.subjects:
                raise ValueError("no subject expected; say UNCHECKED if any will do")
            for digest in self.subjects:
                _split_digest(digest)
        if not self.usage:
            raise ValueError("a key usage is needed")
        if not self.require_binding and (self.policy_digest, self.pipeline_id) != (UNCHECKED, UNCHECKED):
            raise ValueError("a policy digest or pipeline id can only be expected of a bound statement")
        for name in ("predicate_type", "identity", "policy_digest", "pipeline_id", "builders", "predicate", "max_age"):
            if not getattr(self, name):
                raise ValueError(f"{name} is empty; say UNCHECKED if any will do")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """A statement whose signature and contents were accepted.

    `payload` are the signed bytes, `statement` their JSON, `subjects` (name, digests by algorithm). `signed_at` is a
    trusted time or None; the time the statement claims is not here. `issuer` is None and `keyid` set for managed keys.
    `format` says what was read: `bundle-v0.3+key`, `dsse+key`, `bundle-v0.3+certificate` …
    """

    statement: Mapping[str, Any]
    payload: bytes
    predicate_type: str
    subjects: tuple[tuple[str, Mapping[str, str]], ...]
    signer_identity: str
    issuer: str | None
    keyid: str | None
    signed_at: datetime | None
    binding: Binding | None
    format: str


class _Signer(NamedTuple):
    """Who made a signature that verified, and since when it is known to exist."""

    identity: str
    issuer: str | None
    keyid: str | None
    signed_at: datetime | None
    pipeline_id: str | None
    kind: str


def verify(bundle: bytes, trust: Trust, expectation: Expectation, *, now: datetime) -> Verified:
    """Verify one Sigstore bundle or bare DSSE envelope. Everything that is not accepted raises `Refused`.

    `now` is the verifier's clock, with a time zone.
    """
    if now.tzinfo is None:
        raise ValueError("now needs a time zone")
    try:
        return _verify(bundle, trust, expectation, now)
    except (Refused, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # the one boundary: whatever a library raises on hostile bytes, and Rust's panics
        raise Refused(Reason.MALFORMED, f"{type(error).__name__}: {shown(str(error))}") from error


def verify_threshold(
    bundles: Sequence[bytes], trust: Trust, expectation: Expectation, *, threshold: int, now: datetime
) -> tuple[Verified, ...]:
    """Verify that enough different people signed the same statement, each in a bundle of their own.

    Statements are the same when they differ in nothing but the signer they are bound to. A person counts once, however
    many keys or bundles they use; bundles that do not verify do not count. Returns the ones that do, one a person.
    """
    if threshold < 1:
        raise ValueError("a threshold is at least 1")
    accepted: dict[str, Verified] = {}
    refused: list[str] = []
    for bundle in bundles:
        try:
            verified = verify(bundle, trust, expectation, now=now)
        except Refused as refusal:
            refused.append(str(refusal))
        else:
            accepted.setdefault(verified.signer_identity, verified)
    said = {_without_signer(verified) for verified in accepted.values()}
    if len(said) > 1:
        raise Refused(Reason.THRESHOLD, "the signers did not sign the same statement")
    if len(accepted) < threshold:
        why = f"; refused: {'; '.join(refused)}" if refused else ""
        raise Refused(Reason.THRESHOLD, f"{len(accepted)} of {threshold} required signers{why}")
    return tuple(accepted.values())


def _without_signer(verified: Verified) -> bytes:
    if verified.binding is None:
        return verified.payload
    return statements.for_signer(verified.payload, "-")


def _verify(data: bytes, trust: Trust, expectation: Expectation, now: datetime) -> Verified:
    bundle = envelope.read(data)
    if bundle.envelope.payload_type != statements.PAYLOAD_TYPE:
        raise Refused(Reason.PAYLOAD_TYPE, f"payloadType {shown(bundle.envelope.payload_type)} is no in-toto statement")
    if len(bundle.envelope.signatures) != 1:
        raise Refused(Reason.SIGNATURE_COUNT, f"{len(bundle.envelope.signatures)} signatures; exactly one is accepted")
    if bundle.certificates:
        signer = _verify_certificate(bundle, trust, expectation.usage)
    else:
        signer = _verify_key(bundle, trust, expectation.usage, now)
    statement = statements.parse(bundle.envelope.payload)
    binding = _check_binding(statement, signer, expectation)
    _check_contents(statement, signer, expectation)
    _check_time(statement, signer, expectation, now)
    return Verified(
        statement=statement,
        payload=bundle.envelope.payload,
        predicate_type=statement["predicateType"],
        subjects=tuple([(subject["name"], subject["digest"]) for subject in statement["subject"]]),
        signer_identity=signer.identity,
        issuer=signer.issuer,
        keyid=signer.keyid,
        signed_at=signer.signed_at,
        binding=binding,
        format=f"{bundle.format}+{signer.kind}",
    )


def _verify_key(bundle: Bundle, trust: Trust, usage: str, now: datetime) -> _Signer:
    if trust.keys is None:
        raise Refused(Reason.NO_TRUST, "signed with a managed key, and no trusted keys were given")
    signature = bundle.envelope.signatures[0]
    hint = signature.keyid or bundle.hint or ""
    if bundle.hint is not None and hint != bundle.hint:
        raise Refused(Reason.MALFORMED, "keyid and publicKey.hint differ")
    named = trust.keys.find(hint)
    if not named and hint.startswith("SHA256:"):
        raise Refused(Reason.UNTRUSTED_KEY, f"key {shown(hint)} is not among the trusted keys")
    # A keyid is a hint in whatever terms the signer likes (cosign: the Base64 of the key's SHA-256). One that is no
    # fingerprint rules no key out.
    candidates = [entry for entry in named or trust.keys.keys if entry.usage == usage]
    if not candidates:
        raise Refused(Reason.KEY_USAGE, f"key {shown(hint)} is not trusted for {usage}")
    message = envelope.pae(bundle.envelope.payload_type, bundle.envelope.payload)
    sig = _der_signature(signature.sig)
    for entry in candidates:
        if _signed_by(entry.public, sig, message):
            break
    else:
        raise Refused(Reason.BAD_SIGNATURE, f"the signature is not by key {shown(hint)} over this statement")
    signed_at = _trusted_time(bundle, entry.public, trust) if bundle.timestamps or bundle.log_entry else None
    _check_window(entry, signed_at, now)
    return _Signer(
        identity=entry.identity,
        issuer=None,
        keyid=entry.public.keyid,
        signed_at=signed_at,
        pipeline_id=None,
        kind="key",
    )


def _signed_by(public: PublicKey, sig: bytes, message: bytes) -> bool:
    try:
        public.key.verify(sig, message, _ALGORITHM)
    except InvalidSignature:
        return False
    return True


def _verify_certificate(bundle: Bundle, trust: Trust, usage: str) -> _Signer:
    from attestations.certificates import verify_certificate

    holder = verify_certificate(bundle, trust.sigstore_root, trust.identities, usage)
    return _Signer(
        identity=holder.identity,
        issuer=holder.issuer,
        keyid=None,
        signed_at=holder.signed_at,
        pipeline_id=holder.run,
        kind="certificate",
    )


def _trusted_time(bundle: Bundle, key: PublicKey, trust: Trust) -> datetime | None:
    """When a managed key's signature was made at the latest, by its timestamps and log entry; all must verify."""
    times = []
    if bundle.timestamps:
        from attestations.timestamps import earliest

        times.append(earliest(bundle.timestamps, bundle.envelope.signatures[0].sig, trust.sigstore_root))
    if bundle.log_entry is not None:
        from attestations.certificates import log_time

        times.append(log_time(bundle, key, trust.sigstore_root))
    return min((time for time in times if time is not None), default=None)


def _check_window(entry: TrustedKey, signed_at: datetime | None, now: datetime) -> None:
    """A key counts while it is valid; without a trusted time of signing that can only be judged as of now."""
    moment = now if signed_at is None else signed_at
    if moment < entry.start:
        raise Refused(Reason.KEY_NOT_YET_VALID, f"key {entry.public.keyid} is valid from {timestamp(entry.start)}")
    if entry.end is not None and moment >= entry.end:
        why = "" if signed_at else ", and no trusted time says that this was signed before"
        raise Refused(Reason.KEY_RETIRED, f"key {entry.public.keyid} ended at {timestamp(entry.end)}{why}")


def _check_binding(statement: Mapping[str, Any], signer: _Signer, expectation: Expectation) -> Binding | None:
    if statement["_type"] != statements.STATEMENT_TYPE and expectation.require_binding:
        raise Refused(Reason.STATEMENT_TYPE, "Statement v0.1 where v1 is required")
    wanted = expectation.identity
    if not isinstance(wanted, Unchecked) and not is_meant(wanted, signer.identity):
        named = wanted if isinstance(wanted, str) else wanted.pattern
        raise Refused(Reason.IDENTITY_MISMATCH, f"signed by {signer.identity}, expected {shown(named)}")
    if expectation.issuer is not UNCHECKED and expectation.issuer != signer.issuer:
        found = (
            "signed with a key, for which no issuer vouches"
            if signer.issuer is None
            else f"vouched for by {signer.issuer}"
        )
        raise Refused(Reason.IDENTITY_MISMATCH, f"{found}, expected {shown(expectation.issuer)}")
    try:
        binding = statements.read_binding(statement)
    except Refused as refusal:
        if expectation.require_binding or refusal.code is not Reason.BINDING_MISSING:
            raise
        return None
    if binding.signer_identity != signer.identity:
        claimed = shown(binding.signer_identity)
        raise Refused(Reason.IDENTITY_MISMATCH, f"the statement names {claimed}, but {signer.identity} signed it")
    if signer.pipeline_id is not None and binding.pipeline_id != signer.pipeline_id:
        raise Refused(Reason.PIPELINE_MISMATCH, f"the certificate is for the run {shown(signer.pipeline_id)}")
    if expectation.pipeline_id is not UNCHECKED and binding.pipeline_id != expectation.pipeline_id:
        raise Refused(Reason.PIPELINE_MISMATCH, f"made by the run {shown(binding.pipeline_id)}")
    if expectation.policy_digest is not UNCHECKED and binding.policy_digest != expectation.policy_digest:
        raise Refused(Reason.POLICY_MISMATCH, f"made under the policy {binding.policy_digest}")
    return binding


def _check_contents(statement: Mapping[str, Any], signer: _Signer, expectation: Expectation) -> None:
    found_type = statement["predicateType"]
    if expectation.predicate_type is not UNCHECKED and found_type != expectation.predicate_type:
        raise Refused(Reason.PREDICATE_TYPE, f"a {shown(found_type)}, expected {expectation.predicate_type}")
    if not isinstance(expectation.subjects, Unchecked):
        for wanted in expectation.subjects:
            algorithm, digest = _split_digest(wanted)
            if digest not in statements.subject_digests(statement, algorithm):
                raise Refused(Reason.SUBJECT_MISMATCH, f"{algorithm}:{digest} is not a subject of the statement")
    if not isinstance(expectation.builders, Unchecked):
        builder = statements.builder_of(statement)
        if builder is None or (signer.identity, builder) not in expectation.builders:
            raise Refused(Reason.BUILDER_NOT_ALLOWED, f"{signer.identity} may not speak for {shown(builder)}")
    if not isinstance(expectation.predicate, Unchecked):
        for path, value in expectation.predicate.items():
            found = statements.at(statement.get("predicate"), *path)
            if type(found) is not type(value) or found != value:
                raise Refused(Reason.PREDICATE_MISMATCH, f"{'.'.join(path)} is {shown(found)}, expected {shown(value)}")


def _check_time(statement: Mapping[str, Any], signer: _Signer, expectation: Expectation, now: datetime) -> None:
    """claimed ≤ signed ≤ now, give or take the skew; and not older than the caller allows."""
    claimed = statements.claimed_time(statement)
    for what, moment in (("was signed", signer.signed_at), ("says it was made", claimed)):
        if moment is not None and moment > now + SKEW:
            raise Refused(Reason.FUTURE_TIME, f"{what} at {timestamp(moment)}, after now ({timestamp(now)})")
    if claimed is not None and signer.signed_at is not None and claimed > signer.signed_at + SKEW:
        raise Refused(Reason.FUTURE_TIME, f"says it was made at {timestamp(claimed)}, after it was signed")
    if expectation.require_timestamp and signer.signed_at is None:
        raise Refused(Reason.NO_TIMESTAMP, "no trusted time of signing")
    if not isinstance(expectation.max_age, Unchecked):
        times = [moment for moment in (claimed, signer.signed_at) if moment is not None]
        if not times:
            raise Refused(Reason.NO_TIME, "its age is limited, and it says no time")
        if now - min(times) > expectation.max_age:
            raise Refused(
                Reason.TOO_OLD, f"made at {timestamp(min(times))}, more than {_span(expectation.max_age)} ago"
            )


def _span(span: timedelta) -> str:
    """`30 days`, `36 hours`, `90 seconds`: the largest unit of which it is a whole number."""
    seconds = int(span.total_seconds())
    unit, size = next((u, s) for u, s in (("day", 86_400), ("hour", 3_600), ("second", 1)) if seconds % s == 0)
    return f"{seconds // size} {unit}{'' if seconds == size else 's'}"


def _der_signature(sig: bytes) -> bytes:
    """DER as it is; the 64-byte form r‖s (IEEE P1363) that some signers emit becomes DER."""
    if len(sig) == 64:
        return encode_dss_signature(int.from_bytes(sig[:32]), int.from_bytes(sig[32:]))
    return sig


def _split_digest(text: str) -> tuple[str, str]:
    match = _DIGEST.fullmatch(text)
    algorithm = (match[1] or "sha256") if match else ""
    if match is None or len(match[2]) != statements.HEX_DIGITS[algorithm]:
        raise ValueError(f"{shown(text)} is not a SHA-256 in lower-case hex, or sha256:…, sha384:…, sha512:…")
    return algorithm, match[2]
