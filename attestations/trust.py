"""Whom a verifier believes: trusted keys (identity, usage, validity), a Sigstore trusted root, allowed identities.

The trusted-keys file has the shape of the `keys.json` that npm publishes through Sigstore's root-signing (keyId,
keyUsage, publicKey.validFor), plus `identity`. Retired keys stay in it with an end: never delete one.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, NamedTuple

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
    load_pem_public_key,
)

from attestations import strict_json
from attestations.envelope import decode_base64
from attestations.refusal import Reason, Refused
from attestations.statements import parse_time, timestamp
from attestations.strict_json import shown

TRUSTED_KEYS: Final = "application/vnd.tenantgate.trusted-keys.v1+json"
KEY_DETAILS: Final = "PKIX_ECDSA_P256_SHA_256"
ATTESTATIONS: Final = "tenantgate:attestations"
"""Usage of a key that signs SBOMs, provenance, verdicts and manifests."""
EVIDENCE: Final = "tenantgate:evidence"
"""Usage of a key that signs evidence records: drill reports, purge manifests …"""
POLICY: Final = "tenantgate:policy"
"""Usage of a key that signs policy bundles."""
LAYOUT: Final = "tenantgate:layout"
"""Usage of a key that signs in-toto layouts: who does which step."""
USAGES: Final = {"attestations": ATTESTATIONS, "evidence": EVIDENCE, "policy": POLICY, "layout": LAYOUT}
"""The short names by which people give usages."""
MAX_KEYS: Final = 1024

_USAGE = re.compile(r"[a-z][a-z0-9]*(?:[:._-][a-z0-9]+)*")
_IDENTITY = re.compile(r"[!-~]{1,1024}")
_ANYBODY: Final = (
    "", "x", "anybody@example.com", "https://example.com/anybody",
    "https://github.com/anybody/else/.github/workflows/x.yml@refs/heads/main",
    "https://gitlab.com/anybody/else//.gitlab-ci.yml@refs/heads/main",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class PublicKey:
    """An ECDSA P-256 public key. `keyid` is its OpenSSH SHA-256 fingerprint, as `ssh-keygen -lf` prints it."""

    key: ec.EllipticCurvePublicKey = field(repr=False)
    keyid: str

    @classmethod
    def of(cls, key: object) -> PublicKey:
        """Refused unless the key is ECDSA P-256, the one algorithm that every client of a bundle handles."""
        if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
            raise Refused(Reason.UNSUPPORTED_FORMAT, "the key is not ECDSA P-256")
        wire = key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).split(b" ")[1]
        digest = hashlib.sha256(base64.b64decode(wire)).digest()
        return cls(key, "SHA256:" + base64.b64encode(digest).decode("ascii").rstrip("="))

    @classmethod
    def from_der(cls, der: bytes) -> PublicKey:
        """Read a DER SubjectPublicKeyInfo; only its canonical encoding is accepted."""
        try:
            public = cls.of(load_der_public_key(der))
        except (ValueError, UnsupportedAlgorithm) as error:
            raise Refused(Reason.UNSUPPORTED_FORMAT, f"not an ECDSA P-256 public key: {shown(str(error))}") from None
        if public.der != der:
            raise Refused(Reason.MALFORMED, "the public key is not canonical DER")
        return public

    @classmethod
    def from_pem(cls, pem: bytes) -> PublicKey:
        try:
            return cls.of(load_pem_public_key(pem))
        except (ValueError, UnsupportedAlgorithm) as error:
            raise Refused(Reason.UNSUPPORTED_FORMAT, f"not an ECDSA P-256 public key: {shown(str(error))}") from None

    @property
    def der(self) -> bytes:
        return self.key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    @property
    def pem(self) -> bytes:
        return self.key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedKey:
    """A key, who holds it, what it may sign, and when: from `start` up to but not at `end` (None: still in use)."""

    public: PublicKey
    identity: str
    usage: str
    start: datetime
    end: datetime | None = None

    def __post_init__(self) -> None:
        if not _IDENTITY.fullmatch(self.identity):
            raise Refused(Reason.MALFORMED, f"identity {shown(self.identity)} is not printable ASCII without spaces")
        if not _USAGE.fullmatch(self.usage):
            raise Refused(Reason.MALFORMED, f"keyUsage {shown(self.usage)} is not a name such as {ATTESTATIONS}")
        if self.end is not None and self.end < self.start:  # equal: retired at once, it never signs
            raise Refused(Reason.MALFORMED, f"key {self.public.keyid} ends before it starts")


@dataclass(frozen=True, slots=True)
class TrustedKeys:
    """Trusted keys, at least one. The same key may have several usages, but only one identity."""

    keys: tuple[TrustedKey, ...]
    _by_id: Mapping[str, tuple[TrustedKey, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not 0 < len(self.keys) <= MAX_KEYS:
            raise Refused(Reason.NO_TRUST, f"{len(self.keys)} trusted keys; between 1 and {MAX_KEYS} are needed")
        identities: dict[str, str] = {}
        usages: set[tuple[str, str]] = set()
        for key in self.keys:
            if identities.setdefault(key.public.keyid, key.identity) != key.identity:
                raise Refused(Reason.MALFORMED, f"key {key.public.keyid} has two identities")
            if (key.public.keyid, key.usage) in usages:
                raise Refused(Reason.MALFORMED, f"key {key.public.keyid} is listed twice for {key.usage}")
            usages.add((key.public.keyid, key.usage))
        by_id: dict[str, tuple[TrustedKey, ...]] = {}
        for key in self.keys:
            by_id[key.public.keyid] = (*by_id.get(key.public.keyid, ()), key)
        object.__setattr__(self, "_by_id", by_id)

    def find(self, keyid: str) -> tuple[TrustedKey, ...]:
        """The entries of one key, one for each usage."""
        return self._by_id.get(keyid, ())

    def with_key(self, key: TrustedKey) -> TrustedKeys:
        """A new set with one more entry."""
        return TrustedKeys((*self.keys, key))

    def retire(self, keyid: str, end: datetime) -> TrustedKeys:
        """A new set in which the key ends at `end`; it stays listed, so that what it signed before can be verified."""
        if not self.find(keyid):
            raise Refused(Reason.UNTRUSTED_KEY, f"no trusted key {shown(keyid)}")
        return TrustedKeys(
            tuple(
                TrustedKey(public=key.public, identity=key.identity, usage=key.usage, start=key.start, end=end)
                if key.public.keyid == keyid and (key.end is None or end < key.end)
                else key
                for key in self.keys
            )
        )

    def dump(self) -> bytes:
        """The trusted-keys file."""
        return strict_json.dumps({"mediaType": TRUSTED_KEYS, "keys": [_entry(key) for key in self.keys]}) + b"\n"


def anchored(text: str) -> re.Pattern[str]:
    """A regular expression for whole names, such as a workflow's at any release tag.

    Raises ValueError, in one clause, unless it is written from ^ to $ and says something of the name.
    """
    if not text.startswith("^") or not text.endswith("$") or text.endswith("\\$"):
        raise ValueError("a pattern for names is written from ^ to $")
    try:
        pattern = re.compile(text)
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"not a regular expression: {error}") from None
    if any(pattern.fullmatch(name) for name in _ANYBODY):
        raise ValueError("the pattern is content with anybody")
    return pattern


def is_meant(wanted: str | re.Pattern[str], found: str) -> bool:
    """Whether a name is the one that is wanted, or as a whole what the pattern says."""
    return wanted == found if isinstance(wanted, str) else wanted.fullmatch(found) is not None


class Identity(NamedTuple):
    """Who a certificate is for: its subject alternative name, exactly or by an `anchored` pattern, and the OIDC issuer
    that vouched for it, exactly.

    `usages` are what this holder may sign; empty is everything that keys may be trusted for.
    """

    identity: str | re.Pattern[str]
    issuer: str
    usages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """All a verifier believes. What is None or empty is not believed: a signature of that kind is refused.

    `sigstore_root` is a Sigstore `trusted_root.json` (certificate authorities, logs, time-stamping authorities) and
    `identities` are the certificate holders accepted under it.
    """

    keys: TrustedKeys | None = None
    sigstore_root: bytes | None = field(default=None, repr=False)
    identities: tuple[Identity, ...] = ()


def load_trusted_keys(data: bytes) -> TrustedKeys:
    """Read a trusted-keys file. Refused: an empty set, unknown fields, a keyId that is not the key's fingerprint,
    other keys than ECDSA P-256, a validity without start."""
    try:
        document = strict_json.loads(data, max_bytes=4 * 1024 * 1024)
    except strict_json.StrictJsonError as error:
        raise Refused(Reason.MALFORMED, f"trusted keys: {error}") from None
    members = _members(document, "trusted keys", {"mediaType", "keys"})
    if members["mediaType"] != TRUSTED_KEYS:
        raise Refused(Reason.UNSUPPORTED_FORMAT, f"trusted keys: mediaType must be {TRUSTED_KEYS}")
    if not isinstance(members["keys"], list):
        raise Refused(Reason.MALFORMED, "trusted keys: keys is not an array")
    return TrustedKeys(tuple(_read_entry(item, f"trusted keys: keys[{i}]") for i, item in enumerate(members["keys"])))


def _read_entry(item: object, place: str) -> TrustedKey:
    entry = _members(item, place, {"keyId", "keyUsage", "identity", "publicKey"})
    public = _members(entry["publicKey"], f"{place}.publicKey", {"rawBytes", "keyDetails", "validFor"})
    window = _members(public["validFor"], f"{place}.publicKey.validFor", {"start"}, optional={"end"})
    if public["keyDetails"] != KEY_DETAILS:
        raise Refused(Reason.UNSUPPORTED_FORMAT, f"{place}: keyDetails must be {KEY_DETAILS}")
    key = PublicKey.from_der(decode_base64(public["rawBytes"], f"{place}: rawBytes"))
    if entry["keyId"] != key.keyid:
        raise Refused(Reason.MALFORMED, f"{place}: keyId is {shown(entry['keyId'])}, but the key is {key.keyid}")
    if not isinstance(entry["identity"], str) or not isinstance(entry["keyUsage"], str):
        raise Refused(Reason.MALFORMED, f"{place}: identity and keyUsage are strings")
    return TrustedKey(
        public=key,
        identity=entry["identity"],
        usage=entry["keyUsage"],
        start=parse_time(window["start"]),
        end=parse_time(window["end"]) if "end" in window else None,
    )


def _entry(key: TrustedKey) -> dict[str, Any]:
    window = {"start": timestamp(key.start), **({"end": timestamp(key.end)} if key.end else {})}
    return {
        "keyId": key.public.keyid,
        "keyUsage": key.usage,
        "identity": key.identity,
        "publicKey": {
            "rawBytes": base64.b64encode(key.public.der).decode("ascii"),
            "keyDetails": KEY_DETAILS,
            "validFor": window,
        },
    }


def _members(value: object, place: str, required: set[str], optional: set[str] | None = None) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise Refused(Reason.MALFORMED, f"{place} is not an object")
    if missing := required - value.keys():
        raise Refused(Reason.MALFORMED, f"{place} has no {min(missing)}")
    if unknown := value.keys() - required - (optional or set()):
        raise Refused(Reason.MALFORMED, f"unknown field {shown(min(unknown))} in {place}")
    return value
