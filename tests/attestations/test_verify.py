"""The strict verifier: every way a bundle can be wrong is refused for its own reason, and nothing else leaves it."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from attestations import statements, strict_json
from attestations.envelope import BUNDLE_V03, pae
from attestations.refusal import Reason, Refused
from attestations.trust import ATTESTATIONS, Trust
from attestations.verify import verify

from .edits import Edit, drop, edited, put, reencoded, sign_bytes


def test_a_good_bundle_says_who_what_and_under_which_policy(bench: Any) -> None:
    verified = bench.verify(bench.bundle)
    assert verified.payload == bench.provenance()
    assert verified.statement == json.loads(bench.provenance())
    assert verified.predicate_type == statements.SLSA_PROVENANCE
    assert verified.subjects == (("app.whl", {"sha256": bench.artifact}),)
    assert verified.signer_identity == bench.identity
    assert verified.keyid == bench.signer.keyid
    assert verified.binding == bench.binding()
    assert (verified.issuer, verified.signed_at, verified.format) == (None, None, "bundle-v0.3+key")


# What is wrong with the file, and the reason code it must be refused for.
MALFORMED: dict[str, tuple[Edit, Reason]] = {
    "no mediaType": (drop("mediaType"), Reason.UNSUPPORTED_FORMAT),
    "unknown mediaType": (put("mediaType", BUNDLE_V03.replace("v0.3", "v0.4")), Reason.UNSUPPORTED_FORMAT),
    "a message signature": (put("messageSignature", {}), Reason.UNSUPPORTED_FORMAT),
    "no envelope": (drop("dsseEnvelope"), Reason.MALFORMED),
    "envelope is null": (put("dsseEnvelope", None), Reason.MALFORMED),
    "no verification material": (drop("verificationMaterial"), Reason.MALFORMED),
    "no key": (drop("verificationMaterial", "publicKey"), Reason.MALFORMED),
    "a key and a certificate": (put("verificationMaterial", "certificate", {"rawBytes": ""}), Reason.MALFORMED),
    "an unknown field": (put("extra", 1), Reason.MALFORMED),
    "an unknown field in the material": (put("verificationMaterial", "extra", 1), Reason.MALFORMED),
    "an unknown field in the envelope": (put("dsseEnvelope", "extra", 1), Reason.MALFORMED),
    "an unknown field in the signature": (put("dsseEnvelope", "signatures", 0, "extra", 1), Reason.MALFORMED),
    "no signature": (put("dsseEnvelope", "signatures", []), Reason.SIGNATURE_COUNT),
    "signatures missing": (drop("dsseEnvelope", "signatures"), Reason.MALFORMED),
    "the same signature twice": (
        lambda b: b["dsseEnvelope"]["signatures"].append(b["dsseEnvelope"]["signatures"][0]),
        Reason.SIGNATURE_COUNT,
    ),
    "an empty signature": (put("dsseEnvelope", "signatures", 0, "sig", ""), Reason.BAD_SIGNATURE),
    "another keyid": (put("dsseEnvelope", "signatures", 0, "keyid", "SHA256:other"), Reason.MALFORMED),
    "another hint": (put("verificationMaterial", "publicKey", "hint", "SHA256:other"), Reason.MALFORMED),
    "keyid is a number": (put("dsseEnvelope", "signatures", 0, "keyid", 1), Reason.MALFORMED),
    "payload is not a string": (put("dsseEnvelope", "payload", 1), Reason.MALFORMED),
    "payload with a newline inside": (
        lambda b: b["dsseEnvelope"].update(
            payload=b["dsseEnvelope"]["payload"][:8] + "\n" + b["dsseEnvelope"]["payload"][8:]
        ),
        Reason.MALFORMED,
    ),
    "payload with junk inside": (
        lambda b: b["dsseEnvelope"].update(payload="*" + b["dsseEnvelope"]["payload"]),
        Reason.MALFORMED,
    ),
    "payload in the URL-safe alphabet": (
        lambda b: b["dsseEnvelope"]["signatures"][0].update(
            sig=base64.urlsafe_b64encode(b"\xff\xfe\xfd" * 20).decode()
        ),
        Reason.MALFORMED,
    ),
    "payload without padding": (
        lambda b: b["dsseEnvelope"]["signatures"][0].update(sig="AAAAAA"),
        Reason.MALFORMED,
    ),
    "payload with stray trailing bits": (
        lambda b: b["dsseEnvelope"]["signatures"][0].update(sig="AAAAAB=="),
        Reason.MALFORMED,
    ),
    "payload in full-width letters": (
        lambda b: b["dsseEnvelope"]["signatures"][0].update(sig="ＡＡＡＡ"),
        Reason.MALFORMED,
    ),
    "a timestamp nobody can judge": (
        put("verificationMaterial", "timestampVerificationData", {"rfc3161Timestamps": [{"signedTimestamp": "AAAA"}]}),
        Reason.UNTRUSTED_TIMESTAMP,
    ),
    "33 timestamps": (
        put(
            "verificationMaterial",
            "timestampVerificationData",
            {"rfc3161Timestamps": [{"signedTimestamp": base64.b64encode(bytes([i])).decode()} for i in range(33)]},
        ),
        Reason.MALFORMED,
    ),
    "the same timestamp twice": (
        put(
            "verificationMaterial",
            "timestampVerificationData",
            {"rfc3161Timestamps": [{"signedTimestamp": "AAAA"}] * 2},
        ),
        Reason.MALFORMED,
    ),
    "a log entry that is empty": (put("verificationMaterial", "tlogEntries", [{}]), Reason.MALFORMED),
    "two log entries": (put("verificationMaterial", "tlogEntries", [{}, {}]), Reason.UNSUPPORTED_FORMAT),
    "log entries are an object": (put("verificationMaterial", "tlogEntries", {}), Reason.MALFORMED),
    "payload type of something else": (put("dsseEnvelope", "payloadType", "application/json"), Reason.PAYLOAD_TYPE),
    "payload type in capitals": (
        put("dsseEnvelope", "payloadType", "application/vnd.in-toto+JSON"),
        Reason.PAYLOAD_TYPE,
    ),
    "one byte of the payload": (
        lambda b: b["dsseEnvelope"].update(
            payload=reencoded(b["dsseEnvelope"]["payload"], lambda p: p.replace(b"2026.11.1", b"2026.11.2"))
        ),
        Reason.BAD_SIGNATURE,
    ),
    "payload cut short": (
        lambda b: b["dsseEnvelope"].update(payload=reencoded(b["dsseEnvelope"]["payload"], lambda p: p[:-3])),
        Reason.BAD_SIGNATURE,
    ),
    "signature cut short": (
        lambda b: b["dsseEnvelope"]["signatures"][0].update(
            sig=reencoded(b["dsseEnvelope"]["signatures"][0]["sig"], lambda s: s[:-1])
        ),
        Reason.BAD_SIGNATURE,
    ),
    "bytes after the signature": (
        lambda b: b["dsseEnvelope"]["signatures"][0].update(
            sig=reencoded(b["dsseEnvelope"]["signatures"][0]["sig"], lambda s: s + b"\0")
        ),
        Reason.BAD_SIGNATURE,
    ),
    "all-zero signature": (
        lambda b: b["dsseEnvelope"]["signatures"][0].update(sig=base64.b64encode(encode_dss_signature(0, 0)).decode()),
        Reason.BAD_SIGNATURE,
    ),
    "signature of zeros as two halves": (
        lambda b: b["dsseEnvelope"]["signatures"][0].update(sig=base64.b64encode(bytes(64)).decode()),
        Reason.BAD_SIGNATURE,
    ),
}


@pytest.mark.parametrize(("edit", "reason"), MALFORMED.values(), ids=MALFORMED)
def test_a_bundle_that_was_tampered_with(bench: Any, edit: Edit, reason: Reason) -> None:
    with pytest.raises(Refused) as refusal:
        bench.verify(edited(bench.bundle, edit))
    assert refusal.value.code is reason, refusal.value


NOT_BUNDLES: dict[str, tuple[bytes, Reason]] = {
    "nothing": (b"", Reason.MALFORMED),
    "null": (b"null", Reason.MALFORMED),
    "an array": (b"[]", Reason.MALFORMED),
    "an empty object": (b"{}", Reason.UNSUPPORTED_FORMAT),
    "not JSON": (b"\x00\x01\x02", Reason.MALFORMED),
    "deep": (b"[" * 100_000, Reason.MALFORMED),
    "UTF-16": ("{}".encode("utf-16"), Reason.MALFORMED),
    "two documents": (b"{}\n{}", Reason.MALFORMED),
    "a bare envelope without payload": (b'{"payloadType":"x","signatures":[]}', Reason.UNSUPPORTED_FORMAT),
    "a bare envelope without signatures": (b'{"payload":"","payloadType":"x"}', Reason.MALFORMED),
}


@pytest.mark.parametrize(("data", "reason"), NOT_BUNDLES.values(), ids=NOT_BUNDLES)
def test_what_is_no_bundle(bench: Any, data: bytes, reason: Reason) -> None:
    with pytest.raises(Refused) as refusal:
        bench.verify(data)
    assert refusal.value.code is reason, refusal.value


def test_more_than_64_mib_is_not_read(bench: Any) -> None:
    with pytest.raises(Refused) as refusal:
        bench.verify(bytes(64 * 1024 * 1024 + 1))
    assert refusal.value.code is Reason.TOO_LARGE


def test_every_single_bit_flip_is_refused(bench: Any) -> None:
    expectation = bench.anything()  # as little as possible to fail on, besides the bundle itself
    accepted = []
    for position in range(len(bench.bundle) * 8):
        flipped = bytearray(bench.bundle)
        flipped[position // 8] ^= 1 << position % 8
        try:
            verify(bytes(flipped), bench.trust, expectation, now=bench.now)
        except Refused:
            continue
        accepted.append(position)
    assert accepted == []


def test_every_truncation_is_refused(bench: Any) -> None:
    for length in range(len(bench.bundle)):
        with pytest.raises(Refused):
            verify(bench.bundle[:length], bench.trust, bench.anything(), now=bench.now)


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("AAAA"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for name, child in children for place in places(child, (*path, name)))]


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(data=st.data(), value=junk, in_payload=st.booleans())
def test_only_refusals_leave_the_verifier(bench: Any, data: st.DataObject, value: Any, in_payload: bool) -> None:
    """Put anything anywhere into a bundle or the statement it signs: it is refused, or says what was signed."""
    payload = json.loads(bench.provenance())
    document = payload if in_payload else json.loads(bench.bundle)
    path = data.draw(st.sampled_from(places(document)))
    if path:
        put(*path, value)(document)
    else:
        document = value
    written = json.dumps(document).encode()
    bundle = sign_bytes(bench.signer, written) if in_payload else written
    try:
        said = verify(bundle, bench.trust, bench.anything(), now=bench.now).payload
    except Refused as refusal:
        said = None
        why = refusal
    assert said == (written if in_payload else bench.provenance()) if said else why.message.isprintable()


@given(st.binary(max_size=200))
def test_no_bytes_crash_the_verifier(bench: Any, data: bytes) -> None:
    with pytest.raises(Refused):
        verify(data, bench.trust, bench.anything(), now=bench.now)


def test_a_stray_exception_is_a_refusal(bench: Any) -> None:
    """Even a bug of ours is no traceback: here a trust set that is not one."""
    with pytest.raises(Refused) as refusal:
        verify(bench.bundle, Trust(keys="not keys"), bench.anything(), now=bench.now)  # type: ignore[arg-type]
    assert refusal.value.code is Reason.MALFORMED


def test_reasons_are_stable() -> None:
    """Machines branch on them: adding one is fine, renaming or removing one is not."""
    assert {reason.value for reason in Reason} >= {
        "malformed", "too-large", "unsupported-format", "no-trust", "signature-count", "untrusted-key", "key-usage",
        "key-not-yet-valid", "key-retired", "bad-signature", "untrusted-certificate", "untrusted-log",
        "untrusted-timestamp", "no-timestamp", "no-time", "future-time", "too-old", "payload-type", "statement-type",
        "predicate-type", "subject-mismatch", "binding-missing", "binding-invalid", "identity-mismatch",
        "pipeline-mismatch", "policy-mismatch", "builder-not-allowed", "predicate-mismatch", "threshold",
    }  # fmt: skip


def test_the_wire_is_what_the_specification_says(bench: Any) -> None:
    document = strict_json.loads(bench.bundle)
    (signature,) = document["dsseEnvelope"].pop("signatures")
    assert document == {
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {"publicKey": {"hint": bench.signer.keyid}, "tlogEntries": []},
        "dsseEnvelope": {
            "payload": base64.b64encode(bench.provenance()).decode(),
            "payloadType": "application/vnd.in-toto+json",
        },
    }
    assert signature["keyid"] == bench.signer.keyid
    assert pae("a", b"bc") == b"DSSEv1 1 a 2 bc"
    assert replace(bench.trust).keys.find(bench.signer.keyid)[0].usage == ATTESTATIONS
