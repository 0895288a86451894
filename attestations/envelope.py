"""The wire: a Sigstore bundle (`sigstore_bundle.proto` as JSON) around one DSSE envelope, read and written.

Reading checks shape and encoding only; nothing read here is verified. Every field is known or refused, and base64 must
be spelled the one canonical way, so that two different files never hold "the same" bundle.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, Final

from attestations import strict_json
from attestations.refusal import Reason, Refused
from attestations.strict_json import shown

BUNDLE_V03: Final = "application/vnd.dev.sigstore.bundle.v0.3+json"
FORMATS: Final[Mapping[str, str]] = {
    BUNDLE_V03: "bundle-v0.3",
    "application/vnd.dev.sigstore.bundle+json;version=0.3": "bundle-v0.3",
    "application/vnd.dev.sigstore.bundle+json;version=0.2": "bundle-v0.2",
    "application/vnd.dev.sigstore.bundle+json;version=0.1": "bundle-v0.1",
}
MAX_TIMESTAMPS: Final = 32

_OWN_START: Final = b'{"dsseEnvelope":{"payload":"'
_OWN_REST: Final = re.compile(
    rb'","payloadType":"([a-z0-9./+-]+)","signatures":\[\{"keyid":"([A-Za-z0-9+/:]*)","sig":"([A-Za-z0-9+/]+=*)"\}\]\},'
    rb'"mediaType":"'
    + re.escape(BUNDLE_V03.encode())
    + rb'","verificationMaterial":\{"publicKey":\{"hint":"([A-Za-z0-9+/:]*)"\},"tlogEntries":\[\]\}\}'
)
"""A managed-key bundle as `write_bundle` writes it without timestamps, behind its payload. No quote, escape or bracket
can be in a field, so that JSON has one way to read it; most bundles look like this, and are read several times as fast.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """One signature over the envelope's PAE. `keyid` is an unsigned hint, empty if there is none."""

    sig: bytes
    keyid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """A DSSE envelope, decoded."""

    payload: bytes
    payload_type: str
    signatures: tuple[Signature, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class InclusionProof:
    """The Merkle path from a log entry to a tree, and the `checkpoint` (a signed note) that vouches for the tree."""

    log_index: int
    tree_size: int
    root_hash: bytes
    hashes: tuple[bytes, ...]
    checkpoint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """A Rekor log entry. `promise` is the signed entry timestamp over `integrated_time` (epoch seconds)."""

    kind: str
    version: str
    log_id: bytes
    log_index: int
    body: bytes
    integrated_time: int | None
    promise: bytes | None
    proof: InclusionProof | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """A bundle (or a bare envelope, `format` "dsse"), decoded and unverified.

    `hint` names the key of a managed-key bundle. `certificates` (DER, leaf first), `log_entry` and `timestamps`
    (RFC 3161 responses, DER) are what a Sigstore client put beside the signature.
    """

    raw: bytes
    format: str
    envelope: Envelope
    media_type: str = ""
    hint: str | None = None
    certificates: tuple[bytes, ...] = ()
    log_entry: LogEntry | None = None
    timestamps: tuple[bytes, ...] = ()


def pae(payload_type: str, payload: bytes) -> bytes:
    """What a DSSE signature covers (DSSE v1, "PAE definition")."""
    kind = payload_type.encode("utf-8")
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def write_bundle(
    *, payload: bytes, payload_type: str, sig: bytes, keyid: str, timestamps: Sequence[bytes] = ()
) -> bytes:
    """A managed-key bundle v0.3; `keyid` is also the public key's hint, as the specification wants."""
    material: dict[str, Any] = {"publicKey": {"hint": keyid}, "tlogEntries": []}
    if timestamps:
        material["timestampVerificationData"] = {
            "rfc3161Timestamps": [{"signedTimestamp": _encode(token)} for token in timestamps]
        }
    return strict_json.dumps(
        {
            "mediaType": BUNDLE_V03,
            "verificationMaterial": material,
            "dsseEnvelope": {
                "payload": _encode(payload),
                "payloadType": payload_type,
                "signatures": [{"sig": _encode(sig), "keyid": keyid}],
            },
        }
    )


def bare_envelope(bundle: bytes) -> bytes:
    """The DSSE envelope of a bundle as one line of in-toto JSONL, for tools that do not read bundles."""
    parsed = read(bundle)
    document = strict_json.loads(parsed.raw)
    envelope = document if parsed.format == "dsse" else document["dsseEnvelope"]
    return strict_json.dumps(envelope) + b"\n"


def lines(data: bytes) -> tuple[bytes, ...]:
    """The documents of an in-toto JSONL file (one envelope or bundle a line; empty lines are ignored)."""
    return tuple(line for line in data.split(b"\n") if line.strip())


def read(data: bytes) -> Bundle:
    """Decode a Sigstore bundle v0.1 to v0.3 or a bare DSSE envelope. Raises Refused."""
    if len(data) > strict_json.MAX_BYTES:
        raise Refused(Reason.TOO_LARGE, f"{len(data)} bytes; at most {strict_json.MAX_BYTES} are read")
    if data.startswith(_OWN_START):
        end = data.find(b'"', len(_OWN_START))
        if end > 0 and (rest := _OWN_REST.fullmatch(data, end)) is not None:
            return _read_own(data, data[len(_OWN_START) : end], rest)
    try:
        document = strict_json.loads(data)
    except strict_json.StrictJsonError as error:
        raise Refused(Reason.MALFORMED, f"not strict JSON: {error}") from None
    if not isinstance(document, dict):
        raise Refused(Reason.MALFORMED, "neither a Sigstore bundle nor a DSSE envelope")
    if "mediaType" not in document and "payload" in document:
        return Bundle(raw=data, format="dsse", envelope=_read_envelope(document))
    return _read_bundle(document, data)


def decode_base64(value: object, what: str) -> bytes:
    """Standard base64 in its one canonical spelling: no white space, no URL-safe letters, no stray trailing bits."""
    decoded = _decoded(value.encode()) if isinstance(value, str) and value.isascii() else None
    if decoded is None:
        raise Refused(Reason.MALFORMED, f"{what} is not canonical base64")
    return decoded


def _decoded(text: bytes) -> bytes | None:
    try:
        decoded = binascii.a2b_base64(text)
    except binascii.Error:
        return None
    return decoded if binascii.b2a_base64(decoded, newline=False) == text else None


def _read_own(raw: bytes, payload: bytes, rest: re.Match[bytes]) -> Bundle:
    sig = rest[3]
    payload_type, keyid, hint = rest[1].decode("ascii"), rest[2].decode("ascii"), rest[4].decode("ascii")
    decoded, signature = _decoded(payload), _decoded(sig)
    if decoded is None or signature is None:
        raise Refused(Reason.MALFORMED, f"{'payload' if decoded is None else 'sig'} is not canonical base64")
    return Bundle(
        raw=raw,
        format="bundle-v0.3",
        envelope=Envelope(
            payload=decoded, payload_type=payload_type, signatures=(Signature(sig=signature, keyid=keyid),)
        ),
        media_type=BUNDLE_V03,
        hint=hint,
    )


def _read_bundle(document: dict[str, Any], raw: bytes) -> Bundle:
    media_type = document.get("mediaType")
    if not isinstance(media_type, str) or media_type not in FORMATS:
        raise Refused(Reason.UNSUPPORTED_FORMAT, f"mediaType {shown(media_type)} is not a Sigstore bundle")
    if "messageSignature" in document:
        raise Refused(Reason.UNSUPPORTED_FORMAT, "the bundle signs an artifact directly and holds no statement")
    fields = _members(document, "the bundle", required={"mediaType", "verificationMaterial", "dsseEnvelope"})
    material = _members(
        fields["verificationMaterial"],
        "verificationMaterial",
        optional={"publicKey", "certificate", "x509CertificateChain", "tlogEntries", "timestampVerificationData"},
    )
    keys = [name for name in ("publicKey", "certificate", "x509CertificateChain") if material.get(name) is not None]
    if len(keys) != 1:
        raise Refused(Reason.MALFORMED, "verificationMaterial needs exactly one of publicKey and certificate")
    hint: str | None = None
    certificates: tuple[bytes, ...] = ()
    if keys == ["publicKey"]:
        value = _members(material["publicKey"], "publicKey", optional={"hint"}).get("hint", "")
        hint = _string(value, "publicKey.hint")
    elif keys == ["certificate"]:
        if FORMATS[media_type] != "bundle-v0.3":
            raise Refused(Reason.MALFORMED, "a bundle before v0.3 holds a certificate chain")
        certificates = (_certificate(material["certificate"]),)
    elif FORMATS[media_type] == "bundle-v0.3":
        raise Refused(Reason.MALFORMED, "a v0.3 bundle holds one certificate, not a chain")
    else:
        chain = _members(material["x509CertificateChain"], "x509CertificateChain", required={"certificates"})
        certificates = tuple(_certificate(item) for item in _array(chain["certificates"], "certificates"))
        if not certificates:
            raise Refused(Reason.MALFORMED, "x509CertificateChain is empty")
    return Bundle(
        raw=raw,
        format=FORMATS[media_type],
        envelope=_read_envelope(fields["dsseEnvelope"]),
        media_type=media_type,
        hint=hint,
        certificates=certificates,
        log_entry=_log_entry(material.get("tlogEntries"), FORMATS[media_type]),
        timestamps=_timestamps(material.get("timestampVerificationData")),
    )


def _read_envelope(value: object) -> Envelope:
    fields = _members(value, "the DSSE envelope", required={"payload", "payloadType", "signatures"})
    signatures = []
    for item in _array(fields["signatures"], "signatures"):
        members = _members(item, "a signature", required={"sig"}, optional={"keyid"})
        keyid = members.get("keyid")
        signatures.append(
            Signature(sig=decode_base64(members["sig"], "sig"), keyid="" if keyid is None else _string(keyid, "keyid"))
        )
    return Envelope(
        payload=decode_base64(fields["payload"], "payload"),
        payload_type=_string(fields["payloadType"], "payloadType"),
        signatures=tuple(signatures),
    )


def _log_entry(value: object, version: str) -> LogEntry | None:
    entries = _array(value, "tlogEntries")
    if len(entries) > 1:
        raise Refused(Reason.UNSUPPORTED_FORMAT, f"{len(entries)} log entries; at most one is verified")
    if not entries:
        return None
    fields = _members(
        entries[0],
        "the log entry",
        required={"logId", "kindVersion", "canonicalizedBody"},
        optional={"logIndex", "integratedTime", "inclusionPromise", "inclusionProof"},
    )
    kind = _members(fields["kindVersion"], "kindVersion", required={"kind", "version"})
    log_id = _members(fields["logId"], "logId", required={"keyId"})
    index = _unsigned(fields.get("logIndex", "0"), "logIndex")
    time = fields.get("integratedTime")
    integrated = _unsigned("0" if time is None else time, "integratedTime")
    promise = fields.get("inclusionPromise")
    proof = None
    if promise is not None:
        if not integrated:
            raise Refused(Reason.MALFORMED, "the log promises inclusion at no time")
        signed = _members(promise, "inclusionPromise", required={"signedEntryTimestamp"})
        promise = decode_base64(signed["signedEntryTimestamp"], "signedEntryTimestamp")
    if (proving := fields.get("inclusionProof")) is not None:
        proof = _read_proof(proving, index, shares_index=promise is None)
    elif version != "bundle-v0.1":
        raise Refused(Reason.MALFORMED, "the log entry has no inclusion proof")
    if version == "bundle-v0.1" and promise is None:
        raise Refused(Reason.MALFORMED, "the log entry has no inclusion promise")
    return LogEntry(
        kind=_string(kind["kind"], "kind"),
        version=_string(kind["version"], "version"),
        log_id=decode_base64(log_id["keyId"], "keyId"),
        log_index=index,
        body=decode_base64(fields["canonicalizedBody"], "canonicalizedBody"),
        integrated_time=integrated or None,
        promise=promise,
        proof=proof,
    )


def _read_proof(value: object, index: int, *, shares_index: bool) -> InclusionProof:
    """An inclusion proof, decoded.

    Checked besides its shape are facts no signature covers: the tree size and the name of the signer against the signed
    checkpoint, and without an inclusion promise (Rekor v2, one index for both) the entry's index.
    """
    proof = _members(
        value, "inclusionProof", required={"rootHash", "treeSize", "checkpoint"}, optional={"logIndex", "hashes"}
    )
    position = _unsigned(proof.get("logIndex", "0"), "inclusionProof.logIndex")
    size = _unsigned(proof["treeSize"], "treeSize")
    if position >= size:
        raise Refused(Reason.MALFORMED, "the inclusion proof names a place outside its tree")
    hashes = _array(proof.get("hashes"), "hashes")
    if len(hashes) > 64:
        raise Refused(Reason.MALFORMED, "more than 64 hashes in an inclusion proof")
    checkpoint = _members(proof["checkpoint"], "checkpoint", required={"envelope"})["envelope"]
    note = _string(checkpoint, "checkpoint")
    origin, *rest = note.split("\n")
    if not rest or rest[0] != str(size):
        raise Refused(Reason.UNTRUSTED_LOG, "the checkpoint is for another tree size than the inclusion proof")
    if f"\n\u2014 {origin.partition(' - ')[0]} " not in note:
        raise Refused(Reason.UNTRUSTED_LOG, "the checkpoint is not signed in the name of its log")
    if shares_index and position != index:
        raise Refused(Reason.UNTRUSTED_LOG, "the log entry and its inclusion proof name different places")
    return InclusionProof(
        log_index=position,
        tree_size=size,
        root_hash=decode_base64(proof["rootHash"], "rootHash"),
        hashes=tuple([decode_base64(item, "a hash of the inclusion proof") for item in hashes]),
        checkpoint=note,
    )


def _certificate(value: object) -> bytes:
    return decode_base64(_members(value, "a certificate", required={"rawBytes"})["rawBytes"], "rawBytes")


def _timestamps(value: object) -> tuple[bytes, ...]:
    if value is None:
        return ()
    fields = _members(value, "timestampVerificationData", optional={"rfc3161Timestamps"})
    tokens = tuple(
        decode_base64(_members(item, "a timestamp", required={"signedTimestamp"})["signedTimestamp"], "signedTimestamp")
        for item in _array(fields.get("rfc3161Timestamps"), "rfc3161Timestamps")
    )
    if len(tokens) > MAX_TIMESTAMPS or len(set(tokens)) != len(tokens):
        raise Refused(Reason.MALFORMED, f"repeated timestamps, or more than {MAX_TIMESTAMPS}")
    return tokens


def _members(
    value: object, what: str, *, required: Set[str] = frozenset(), optional: Set[str] = frozenset()
) -> Mapping[str, Any]:
    members = _object(value, what)
    if members.keys() == required:
        return members
    if missing := required - members.keys():
        raise Refused(Reason.MALFORMED, f"{what} has no {min(missing)}")
    if unknown := members.keys() - required - optional:
        raise Refused(Reason.MALFORMED, f"unknown field {shown(min(unknown))} in {what}")
    return members


def _object(value: object, what: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise Refused(Reason.MALFORMED, f"{what} is not an object")
    return value


def _array(value: object, what: str) -> Sequence[Any]:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise Refused(Reason.MALFORMED, f"{what} is not an array")
    return value


def _unsigned(value: object, what: str) -> int:
    """An unsigned 64-bit integer in proto3 JSON: a string of decimal digits without leading zeros."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 20:
        number = int(value)
        if number < 1 << 64 and str(number) == value:
            return number
    raise Refused(Reason.MALFORMED, f"{what} is not an unsigned integer")


def _string(value: object, what: str) -> str:
    if not isinstance(value, str):
        raise Refused(Reason.MALFORMED, f"{what} is not a string")
    return value


def _encode(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
