"""RFC 3161 timestamps: ask an authority for one, and prove one against the authorities of a trusted root."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from attestations import strict_json
from attestations.envelope import decode_base64
from attestations.refusal import Reason, Refused
from attestations.statements import parse_time
from attestations.strict_json import shown

if TYPE_CHECKING:
    from rfc3161_client.verify import Verifier

TIMEOUT: Final = 10
"""Seconds to wait for an authority."""
_MAX_RESPONSE: Final = 256 * 1024
_HASHES: Final = {
    "2.16.840.1.101.3.4.2.1": hashlib.sha256,
    "2.16.840.1.101.3.4.2.2": hashlib.sha384,
    "2.16.840.1.101.3.4.2.3": hashlib.sha512,
}


class TimestampError(Exception):
    """An authority did not give the timestamp asked for: one line."""


@dataclass(frozen=True, slots=True)
class TimestampAuthority:
    """An authority to ask. What it answers is verified at once against `root`, a Sigstore trusted root."""

    url: str
    root: bytes

    def stamp(self, signature: bytes) -> bytes:
        """A timestamp over the signature (DER response). Raises TimestampError."""
        token = request(self.url, signature)
        try:
            verified_time(token, signature, self.root)
        except Refused as refusal:
            raise TimestampError(f"{self.url}: the timestamp does not verify: {refusal.message}") from None
        return token


def request(url: str, signature: bytes) -> bytes:
    """Ask for a timestamp over the SHA-256 of a signature; the answer must carry our nonce and our hash."""
    import http.client
    import urllib.error
    import urllib.request

    from rfc3161_client import HashAlgorithm, TimestampRequestBuilder, decode_timestamp_response

    if not url.startswith(("https://", "http://")):
        raise TimestampError(f"{shown(url)}: not an http(s) address")
    query = TimestampRequestBuilder().hash_algorithm(HashAlgorithm.SHA256).data(signature).nonce(nonce=True).build()
    try:
        post = urllib.request.Request(  # noqa: S310 - the scheme was checked
            url, data=query.as_bytes(), headers={"Content-Type": "application/timestamp-query"}
        )
        with urllib.request.urlopen(post, timeout=TIMEOUT) as answer:  # noqa: S310
            token: bytes = answer.read(_MAX_RESPONSE + 1)
    except (urllib.error.URLError, OSError, http.client.HTTPException, ValueError) as error:
        raise TimestampError(f"{url}: no timestamp: {shown(str(error))}") from None
    try:
        response = decode_timestamp_response(token)
        nonce = response.tst_info.nonce
    except ValueError:
        raise TimestampError(f"{url}: the answer is not a granted RFC 3161 timestamp") from None
    if nonce != query.nonce:
        raise TimestampError(f"{url}: the answer has another nonce than the request; it may be a replay")
    return token


def verified_time(token: bytes, signature: bytes, root: bytes | None) -> datetime:
    """The time that an authority of the trusted root put on a signature. Raises Refused."""
    from rfc3161_client import VerificationError, decode_timestamp_response

    if root is None:
        raise Refused(Reason.UNTRUSTED_TIMESTAMP, "there is a timestamp, and no trusted root to judge it by")
    try:
        response = decode_timestamp_response(token)
        hash_oid = response.tst_info.message_imprint.hash_algorithm.dotted_string
        time = response.tst_info.gen_time
    except ValueError:
        raise Refused(Reason.UNTRUSTED_TIMESTAMP, "not a granted RFC 3161 timestamp") from None
    if response.as_bytes() != token:
        raise Refused(Reason.UNTRUSTED_TIMESTAMP, "the timestamp is not canonical DER")
    if hash_oid not in _HASHES:
        raise Refused(Reason.UNTRUSTED_TIMESTAMP, f"the timestamp uses the hash {hash_oid}")
    digest = _HASHES[hash_oid](signature).digest()
    for authority in _authorities(root):
        try:
            authority.verifier.verify(response, digest)
        except VerificationError:
            continue
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # what rfc3161-client meets in certificates it lets through, or panics in Rust
            raise Refused(Reason.UNTRUSTED_TIMESTAMP, f"malformed: {shown(str(error))}") from error
        if authority.start <= time and (authority.end is None or time <= authority.end):
            return time
    raise Refused(Reason.UNTRUSTED_TIMESTAMP, "no time-stamping authority of the trusted root made this timestamp")


def earliest(tokens: Sequence[bytes], signature: bytes, root: bytes | None) -> datetime | None:
    """The earliest of a bundle's timestamps, all of which must verify; None if there are none."""
    return min((verified_time(token, signature, root) for token in tokens), default=None)


@dataclass(frozen=True, slots=True)
class _Authority:
    verifier: Verifier
    start: datetime
    end: datetime | None


@lru_cache(maxsize=8)
def _authorities(root: bytes) -> tuple[_Authority, ...]:
    """The time-stamping authorities of a trusted root (protobuf-specs `sigstore_trustroot.proto` as JSON)."""
    from cryptography.x509 import load_der_x509_certificate
    from rfc3161_client import VerifierBuilder

    try:
        document = strict_json.loads(root)
        found = []
        for entry in document.get("timestampAuthorities", []):
            leaf, *chain = (
                load_der_x509_certificate(decode_base64(item["rawBytes"], "a certificate of the trusted root"))
                for item in entry["certChain"]["certificates"]
            )
            builder = VerifierBuilder().tsa_certificate(leaf).add_root_certificate(chain.pop())
            for intermediate in chain:
                builder = builder.add_intermediate_certificate(intermediate)
            window = entry["validFor"]
            end = window.get("end")
            found.append(_Authority(builder.build(), parse_time(window["start"]), parse_time(end) if end else None))
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise Refused(Reason.NO_TRUST, f"the trusted root is not usable: {shown(str(error))}") from None
    return tuple(found)
