"""The strict verifier: every way a bundle can be wrong is refused for its own reason, and nothing else leaves it."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from attestations import statements, strict_json
from attestations.envelope import BUNDLE_V03, bare_envelope, lines, pae, write_bundle
from attestations.refusal import Reason, Refused
from attestations.trust import ATTESTATIONS, EVIDENCE, Identity, Trust, TrustedKeys
from attestations.verify import SKEW, UNCHECKED, verify, verify_threshold

Edit = Callable[[dict[str, Any]], object]


def edited(bundle: bytes, edit: Edit) -> bytes:
    document = json.loads(bundle)
    edit(document)
    return json.dumps(document).encode()


def resigned(bench: Any, edit: Edit | None = None, *, payload: bytes | None = None, **signing: Any) -> bytes:
    """A bundle with a valid signature over a statement that no honest signer would make."""
    if payload is None:
        document = json.loads(bench.provenance())
        (edit or (lambda statement: None))(document)
        payload = json.dumps(document).encode()
    return sign_bytes(bench.signer, payload, **signing)


def sign_bytes(signer: Any, payload: bytes, payload_type: str = statements.PAYLOAD_TYPE) -> bytes:
    from securesystemslib.dsse import Envelope

    signature = Envelope(payload, payload_type, {}).sign(signer.backend)
    return write_bundle(
        payload=payload, payload_type=payload_type, sig=bytes.fromhex(signature.signature), keyid=signer.keyid
    )


def put(*path: Any) -> Edit:
    """An edit that puts the last item at the path of the others."""
    *places, name, value = path

    def edit(document: Any) -> None:
        for place in places:
            document = document[place]
        document[name] = value

    return edit


def drop(*path: Any) -> Edit:
    def edit(document: Any) -> None:
        for place in path[:-1]:
            document = document[place]
        del document[path[-1]]

    return edit


def reencoded(text: str, change: Callable[[bytes], bytes]) -> str:
    return base64.b64encode(change(base64.b64decode(text))).decode()


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


INTERNAL = ("predicate", "buildDefinition", "internalParameters")
POLICY = ("predicate", "buildDefinition", "resolvedDependencies", 0)
# Validly signed by the trusted key, and still not to be believed.
SIGNED_BUT_WRONG: dict[str, tuple[Edit, Reason]] = {
    "Statement v0.1": (put("_type", statements.STATEMENT_TYPE_V01), Reason.STATEMENT_TYPE),
    "a link of classic in-toto": (put("_type", "link"), Reason.STATEMENT_TYPE),
    "no _type": (drop("_type"), Reason.STATEMENT_TYPE),
    "an unknown field in the statement": (put("extra", 1), Reason.MALFORMED),
    "an unknown field in a subject": (put("subject", 0, "extra", 1), Reason.MALFORMED),
    "no subject": (put("subject", []), Reason.MALFORMED),
    "subjects missing": (drop("subject"), Reason.MALFORMED),
    "1,025 subjects": (
        lambda s: s.update(subject=[{"name": str(i), "digest": {"sha256": "a" * 64}} for i in range(1025)]),
        Reason.MALFORMED,
    ),
    "a subject without name": (drop("subject", 0, "name"), Reason.MALFORMED),
    "a subject without digest": (put("subject", 0, "digest", {}), Reason.MALFORMED),
    "a digest in capitals": (put("subject", 0, "digest", "sha256", "A" * 64), Reason.MALFORMED),
    "a digest too short": (put("subject", 0, "digest", "sha256", "a" * 63), Reason.MALFORMED),
    "a digest with a line end": (put("subject", 0, "digest", "sha256", "a" * 64 + "\n"), Reason.MALFORMED),
    "a digest that is a list": (put("subject", 0, "digest", "sha256", ["a" * 64]), Reason.MALFORMED),
    "33 digests": (put("subject", 0, "digest", {f"x{i}": "a" for i in range(33)}), Reason.MALFORMED),
    "another artifact": (put("subject", 0, "digest", "sha256", "a" * 64), Reason.SUBJECT_MISMATCH),
    "the artifact's digest under another algorithm": (
        lambda s: s["subject"][0].update(digest={"md5": s["subject"][0]["digest"]["sha256"]}),
        Reason.SUBJECT_MISMATCH,
    ),
    "another predicate type": (put("predicateType", statements.VSA), Reason.BINDING_MISSING),
    "a predicate type that only starts right": (
        put("predicateType", statements.SLSA_PROVENANCE + ".2"),
        Reason.BINDING_MISSING,
    ),
    "an older predicate type": (put("predicateType", "https://slsa.dev/provenance/v0.2"), Reason.BINDING_MISSING),
    "a predicate type that is no URI": (put("predicateType", "provenance"), Reason.PREDICATE_TYPE),
    "no predicate": (drop("predicate"), Reason.MALFORMED),
    "predicate is a list": (put("predicate", []), Reason.MALFORMED),
    "no policy version": (drop(*INTERNAL, "policyVersion"), Reason.BINDING_MISSING),
    "no policy digest": (drop(*INTERNAL, "policyDigest"), Reason.BINDING_MISSING),
    "no pipeline id": (drop(*INTERNAL, "pipelineId"), Reason.BINDING_MISSING),
    "no signer identity": (drop(*INTERNAL, "signerIdentity"), Reason.BINDING_MISSING),
    "an empty policy version": (put(*INTERNAL, "policyVersion", ""), Reason.BINDING_MISSING),
    "no policy among the dependencies": (put(*POLICY, "name", "other"), Reason.BINDING_MISSING),
    "two policies": (
        lambda s: s["predicate"]["buildDefinition"]["resolvedDependencies"].append(
            s["predicate"]["buildDefinition"]["resolvedDependencies"][0]
        ),
        Reason.BINDING_INVALID,
    ),
    "two policy versions": (put(*POLICY, "annotations", "policyVersion", "2026.11.2"), Reason.BINDING_INVALID),
    "two policy digests": (put(*POLICY, "digest", "sha256", "a" * 64), Reason.BINDING_INVALID),
    "two pipelines": (put("predicate", "runDetails", "metadata", "invocationId", "other"), Reason.BINDING_INVALID),
    "policy version is a number": (put(*INTERNAL, "policyVersion", 20261101), Reason.BINDING_INVALID),
    "policy version with a space": (
        lambda s: (
            put(*INTERNAL, "policyVersion", "1 2")(s),
            put(*POLICY, "annotations", "policyVersion", "1 2")(s),
        ),
        Reason.BINDING_INVALID,
    ),
    "a signer's look-alike in Cyrillic": (
        put(*INTERNAL, "signerIdentity", "rеlease-manager@summit.example"),
        Reason.BINDING_INVALID,
    ),
    "signed in another's name": (put(*INTERNAL, "signerIdentity", "cto@summit.example"), Reason.IDENTITY_MISMATCH),
    "the signer's name in capitals": (
        put(*INTERNAL, "signerIdentity", "Release-Manager@summit.example"),
        Reason.IDENTITY_MISMATCH,
    ),
    "another run": (
        lambda s: (
            put(*INTERNAL, "pipelineId", "other")(s),
            put("predicate", "runDetails", "metadata", "invocationId", "other")(s),
        ),
        Reason.PIPELINE_MISMATCH,
    ),
    "another policy": (
        lambda s: (put(*INTERNAL, "policyDigest", "a" * 64)(s), put(*POLICY, "digest", "sha256", "a" * 64)(s)),
        Reason.POLICY_MISMATCH,
    ),
    "another builder": (
        put("predicate", "runDetails", "builder", "id", statements.BUILDERS["sigstore"]),
        Reason.BUILDER_NOT_ALLOWED,
    ),
    "no builder": (drop("predicate", "runDetails", "builder"), Reason.MALFORMED),
    "another build type": (put("predicate", "buildDefinition", "buildType", "x:y"), Reason.PREDICATE_MISMATCH),
    "no build type": (drop("predicate", "buildDefinition", "buildType"), Reason.PREDICATE_MISMATCH),
    "a time without offset": (
        put("predicate", "runDetails", "metadata", "finishedOn", "2026-11-21T12:00:00"),
        Reason.MALFORMED,
    ),
    "a leap second": (
        put("predicate", "runDetails", "metadata", "finishedOn", "2026-06-30T23:59:60Z"),
        Reason.MALFORMED,
    ),
    "the 31st of February": (
        put("predicate", "runDetails", "metadata", "finishedOn", "2026-02-31T00:00:00Z"),
        Reason.MALFORMED,
    ),
    "a time that overflows": (
        put("predicate", "runDetails", "metadata", "finishedOn", "0001-01-01T00:00:00+23:59"),
        Reason.MALFORMED,
    ),
    "no time": (drop("predicate", "runDetails", "metadata", "finishedOn"), Reason.NO_TIME),
    "yesterday's": (
        put("predicate", "runDetails", "metadata", "finishedOn", "2026-11-20T11:59:59Z"),
        Reason.TOO_OLD,
    ),
    "tomorrow's": (
        put("predicate", "runDetails", "metadata", "finishedOn", "2026-11-22T12:00:00Z"),
        Reason.FUTURE_TIME,
    ),
}


@pytest.mark.parametrize(("edit", "reason"), SIGNED_BUT_WRONG.values(), ids=SIGNED_BUT_WRONG)
def test_a_signed_statement_that_is_not_what_was_asked_for(bench: Any, edit: Edit, reason: Reason) -> None:
    with pytest.raises(Refused) as refusal:
        bench.verify(resigned(bench, edit))
    assert refusal.value.code is reason, refusal.value


NOT_STRICT: dict[str, bytes] = {
    "a duplicate key": b'{"_type":"https://in-toto.io/Statement/v1","_type":"x"}',
    "a duplicate key deep inside": b'{"predicate":{"a":[{"b":1,"b":2}]}}',
    "NaN": b'{"predicate":NaN}',
    "a byte order mark": b"\xef\xbb\xbf{}",
    "65 levels": b'{"a":' * 65 + b"1" + b"}" * 65,
    "a list": b"[]",
    "nothing": b"",
}


@pytest.mark.parametrize("payload", NOT_STRICT.values(), ids=NOT_STRICT)
def test_signed_bytes_that_parsers_disagree_about(bench: Any, payload: bytes) -> None:
    with pytest.raises(Refused) as refusal:
        bench.verify(resigned(bench, payload=payload))
    assert refusal.value.code is Reason.MALFORMED


def test_the_payload_type_is_judged_before_the_payload(bench: Any) -> None:
    with pytest.raises(Refused) as refusal:
        bench.verify(sign_bytes(bench.signer, b"\x80 not JSON", "text/plain"))
    assert refusal.value.code is Reason.PAYLOAD_TYPE


@pytest.mark.parametrize("kind", [statements.VSA, statements.TEST_RESULT, statements.CYCLONEDX, statements.SVR])
def test_every_kind_that_must_be_bound(bench: Any, kind: str) -> None:
    payload = bench.every_kind(bench.binding())[kind]
    asked = {"predicate_type": kind, "predicate": UNCHECKED, "builders": UNCHECKED}
    assert bench.verify(bench.signer.sign(payload), **asked).binding == bench.binding()
    for changes, reason in (
        ({"policy_digest": "a" * 64}, Reason.POLICY_MISMATCH),
        ({"pipeline_id": "other"}, Reason.PIPELINE_MISMATCH),
        ({"signer_identity": "cto@summit.example"}, Reason.IDENTITY_MISMATCH),
    ):
        forged = sign_bytes(bench.signer, bench.every_kind(bench.binding(**changes))[kind])
        with pytest.raises(Refused) as refusal:
            bench.verify(forged, **asked)
        assert refusal.value.code is reason
    stripped = json.loads(payload)
    stripped["predicate"] = {}
    with pytest.raises(Refused) as refusal:
        bench.verify(sign_bytes(bench.signer, json.dumps(stripped).encode()), **asked)
    assert refusal.value.code in (Reason.BINDING_MISSING, Reason.MALFORMED)


def test_a_vsa_that_failed_or_is_about_something_else_is_seen(bench: Any) -> None:
    vsa = bench.signer.sign(bench.every_kind(bench.binding())[statements.VSA])
    asked = {"predicate_type": statements.VSA, "max_age": timedelta(hours=1)}
    good = {("verificationResult",): "PASSED", ("resourceUri",): "pkg:generic/app@1.2.3"}
    assert bench.verify(vsa, predicate=good, **asked)
    for path, value in ((("verificationResult",), "FAILED"), (("resourceUri",), "pkg:generic/app@1.2.30")):
        with pytest.raises(Refused) as refusal:
            bench.verify(vsa, predicate=good | {path: value}, **asked)
        assert refusal.value.code is Reason.PREDICATE_MISMATCH
    with pytest.raises(Refused) as refusal:
        bench.verify(vsa, predicate=good, **asked, now=bench.now + timedelta(hours=1, seconds=1))
    assert refusal.value.code is Reason.TOO_OLD


def test_true_is_not_one(bench: Any) -> None:
    bundle = resigned(bench, put("predicate", "extra", 1))
    assert bench.verify(bundle, predicate={("extra",): 1})
    with pytest.raises(Refused):
        bench.verify(bundle, predicate={("extra",): True})


EXPECTED_OTHERWISE: dict[str, tuple[dict[str, Any], Reason]] = {
    "another type": ({"predicate_type": statements.VSA}, Reason.PREDICATE_TYPE),
    "another identity": ({"identity": "cto@summit.example"}, Reason.IDENTITY_MISMATCH),
    "a prefix of the identity": ({"identity": "release-manager@summit"}, Reason.IDENTITY_MISMATCH),
    "the identity as a pattern": ({"identity": ".*"}, Reason.IDENTITY_MISMATCH),
    "a certificate's issuer": ({"issuer": "https://token.actions.githubusercontent.com"}, Reason.IDENTITY_MISMATCH),
    "another policy": ({"policy_digest": "a" * 64}, Reason.POLICY_MISMATCH),
    "another run": ({"pipeline_id": "local"}, Reason.PIPELINE_MISMATCH),
    "a prefix of the run": (
        {"pipeline_id": "https://github.com/summit/app/actions/runs/42/attempts/"},
        Reason.PIPELINE_MISMATCH,
    ),
    "one subject of two": ({"subjects": ("sha256:" + "a" * 64,)}, Reason.SUBJECT_MISMATCH),
    "a digest of an algorithm the statement has not": ({"subjects": ("sha512:" + "a" * 128,)}, Reason.SUBJECT_MISMATCH),
    "the pair of another signer": (
        {"builders": frozenset({("cto@summit.example", statements.BUILDERS["key"])})},
        Reason.BUILDER_NOT_ALLOWED,
    ),
    "a timestamp": ({"require_timestamp": True}, Reason.NO_TIMESTAMP),
    "another usage": ({"usage": EVIDENCE}, Reason.KEY_USAGE),
}


@pytest.mark.parametrize(("changes", "reason"), EXPECTED_OTHERWISE.values(), ids=EXPECTED_OTHERWISE)
def test_a_good_bundle_that_is_not_what_was_asked_for(bench: Any, changes: dict[str, Any], reason: Reason) -> None:
    with pytest.raises(Refused) as refusal:
        bench.verify(bench.bundle, **changes)
    assert refusal.value.code is reason


def test_every_expected_subject_must_be_there(bench: Any) -> None:
    with pytest.raises(Refused) as refusal:
        bench.verify(bench.bundle, subjects=(bench.artifact, "a" * 64))
    assert refusal.value.code is Reason.SUBJECT_MISMATCH


def test_a_subject_by_sha512(bench: Any) -> None:
    bundle = resigned(bench, put("subject", 0, "digest", "sha512", "b" * 128))
    assert bench.verify(bundle, subjects=("sha512:" + "b" * 128, "sha256:" + bench.artifact))


@pytest.mark.parametrize(
    "changes",
    [
        {"subjects": ()},
        {"subjects": ("A" * 64,)},
        {"subjects": ("sha1:" + "a" * 40,)},
        {"subjects": ("a" * 128,)},
        {"usage": ""},
        {"predicate_type": ""},
        {"identity": ""},
        {"policy_digest": ""},
        {"builders": frozenset()},
        {"predicate": {}},
        {"max_age": timedelta(0)},
        {"require_binding": False},
    ],
    ids=str,
)
def test_an_expectation_that_would_check_nothing_cannot_be_made(bench: Any, changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        bench.expect(**changes)


def test_a_digest_in_place_of_a_tuple_of_digests(bench: Any) -> None:
    with pytest.raises(TypeError, match="tuple of digests"):
        bench.expect(subjects=bench.artifact)


def test_no_expectation_has_a_default() -> None:
    from attestations.verify import Expectation

    with pytest.raises(TypeError, match="12 required keyword-only arguments"):
        Expectation()  # type: ignore[call-arg]


def test_trust(bench: Any) -> None:
    other = bench.new_signer()
    for trust, reason in (
        (Trust(), Reason.NO_TRUST),
        (Trust(identities=(Identity(bench.identity, "x"),)), Reason.NO_TRUST),
        (Trust(keys=bench.trusted(other)), Reason.UNTRUSTED_KEY),
        (Trust(keys=bench.trusted(bench.signer, usage=EVIDENCE)), Reason.KEY_USAGE),
    ):
        with pytest.raises(Refused) as refusal:
            bench.verify(bench.bundle, trust=trust)
        assert refusal.value.code is reason


def test_anothers_key_under_a_trusted_name(bench: Any) -> None:
    forger = bench.new_signer()
    forged = sign_bytes(forger, bench.provenance()).replace(forger.keyid.encode(), bench.signer.keyid.encode())
    with pytest.raises(Refused) as refusal:
        bench.verify(forged)
    assert refusal.value.code is Reason.BAD_SIGNATURE


WINDOWS: dict[str, tuple[timedelta, timedelta | None, Reason | None]] = {
    "from this very moment": (timedelta(0), None, None),
    "from a moment later": (timedelta(microseconds=1), None, Reason.KEY_NOT_YET_VALID),
    "until a moment later": (timedelta(days=-1), timedelta(microseconds=1), None),
    "until this very moment": (timedelta(days=-1), timedelta(0), Reason.KEY_RETIRED),
    "until yesterday": (timedelta(days=-9), timedelta(days=-1), Reason.KEY_RETIRED),
}


@pytest.mark.parametrize(("start", "end", "reason"), WINDOWS.values(), ids=WINDOWS)
def test_the_validity_of_a_key_without_trusted_time(
    bench: Any, start: timedelta, end: timedelta | None, reason: Reason | None
) -> None:
    keys = bench.trusted(bench.signer, start=bench.now + start, end=None if end is None else bench.now + end)
    if reason is None:
        assert bench.verify(bench.bundle, trust=Trust(keys=keys))
    else:
        with pytest.raises(Refused) as refusal:
            bench.verify(bench.bundle, trust=Trust(keys=keys))
        assert refusal.value.code is reason


def test_the_skew_of_clocks_is_exact(bench: Any) -> None:
    assert bench.verify(bench.bundle, now=bench.now - SKEW)
    with pytest.raises(Refused) as refusal:
        bench.verify(bench.bundle, now=bench.now - SKEW - timedelta(microseconds=1))
    assert refusal.value.code is Reason.FUTURE_TIME


def test_the_age_is_exact(bench: Any) -> None:
    assert bench.verify(bench.bundle, now=bench.now + timedelta(days=1))
    with pytest.raises(Refused) as refusal:
        bench.verify(bench.bundle, now=bench.now + timedelta(days=1, microseconds=1))
    assert refusal.value.code is Reason.TOO_OLD


def test_a_clock_without_zone_is_the_callers_mistake(bench: Any) -> None:
    with pytest.raises(ValueError, match="time zone"):
        bench.verify(bench.bundle, now=datetime(2026, 11, 21))


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


# Other envelopes than our own.


def test_a_bare_envelope(bench: Any) -> None:
    line = bare_envelope(bench.bundle)
    assert line.count(b"\n") == 1
    verified = bench.verify(line)
    assert (verified.format, verified.payload) == ("dsse+key", bench.provenance())
    assert bare_envelope(line) == line


def test_a_file_with_many_envelopes_is_read_line_by_line(bench: Any) -> None:
    data = bare_envelope(bench.bundle) + b"\n" + bench.bundle + b"\n"
    with pytest.raises(Refused):
        bench.verify(data)
    assert [bench.verify(line).format for line in lines(data)] == ["dsse+key", "bundle-v0.3+key"]


@pytest.mark.parametrize("keyid", ["", "keystore://76574:prod:signing_key", "release"])
def test_a_bare_envelope_may_call_its_key_what_it_likes(bench: Any, keyid: str) -> None:
    """DSSE: a keyid is an unsigned hint. Every key trusted for the usage is tried, no other."""
    line = edited(bare_envelope(bench.bundle), put("signatures", 0, "keyid", keyid))
    keys = TrustedKeys((*bench.trusted(bench.new_signer("b@summit.example")).keys, *bench.trust.keys.keys))
    assert bench.verify(line, trust=Trust(keys=keys)).keyid == bench.signer.keyid
    with pytest.raises(Refused) as refusal:
        bench.verify(line, trust=Trust(keys=bench.trusted(bench.new_signer())))
    assert refusal.value.code is Reason.BAD_SIGNATURE
    with pytest.raises(Refused) as refusal:
        bench.verify(line, trust=Trust(keys=bench.trusted(bench.signer, usage=EVIDENCE)))
    assert refusal.value.code is Reason.KEY_USAGE


def test_a_bundle_that_names_its_key_as_cosign_does(bench: Any) -> None:
    """cosign: no keyid, and the Base64 of the key's SHA-256 as the bundle's hint."""
    digest = base64.b64encode(hashlib.sha256(bench.signer.public.der).digest()).decode()

    def named(document: dict[str, Any]) -> None:
        del document["dsseEnvelope"]["signatures"][0]["keyid"]
        document["verificationMaterial"] = {"publicKey": {"hint": digest}}

    bundle = edited(bench.bundle, named)
    assert bench.verify(bundle).keyid == bench.signer.keyid
    with pytest.raises(Refused) as refusal:
        bench.verify(bundle, trust=Trust(keys=bench.trusted(bench.new_signer())))
    assert refusal.value.code is Reason.BAD_SIGNATURE


def test_a_bare_envelope_naming_an_untrusted_fingerprint(bench: Any) -> None:
    line = edited(bare_envelope(bench.bundle), put("signatures", 0, "keyid", bench.new_signer().keyid))
    with pytest.raises(Refused) as refusal:
        bench.verify(line)
    assert refusal.value.code is Reason.UNTRUSTED_KEY


def test_a_signature_as_two_halves(bench: Any) -> None:
    """IEEE P1363, as some key stores emit it."""

    def halves(document: dict[str, Any]) -> None:
        signature = document["dsseEnvelope"]["signatures"][0]
        r, s = decode_dss_signature(base64.b64decode(signature["sig"]))
        signature["sig"] = base64.b64encode(r.to_bytes(32) + s.to_bytes(32)).decode()

    assert bench.verify(edited(bench.bundle, halves)).payload == bench.provenance()


@pytest.mark.parametrize(
    "media_type",
    [
        "application/vnd.dev.sigstore.bundle+json;version=0.1",
        "application/vnd.dev.sigstore.bundle+json;version=0.2",
        "application/vnd.dev.sigstore.bundle+json;version=0.3",
    ],
)
def test_older_bundles_are_read(bench: Any, media_type: str) -> None:
    assert bench.verify(edited(bench.bundle, put("mediaType", media_type)))


def test_what_proto3_json_leaves_out_may_be_missing(bench: Any) -> None:
    assert bench.verify(edited(bench.bundle, drop("verificationMaterial", "tlogEntries")))
    assert bench.verify(edited(bench.bundle, put("verificationMaterial", "timestampVerificationData", None)))
    assert bench.verify(edited(bench.bundle, drop("dsseEnvelope", "signatures", 0, "keyid")))


def test_anothers_attestation_without_binding(bench: Any) -> None:
    """Made by others: verified when the caller says in so many words that it need not be bound."""
    foreign = {
        "_type": statements.STATEMENT_TYPE_V01,
        "subject": [{"name": "pkg:npm/app@1.0.0", "digest": {"sha512": "b" * 128, "gce_image_id": "897"}}],
        "predicateType": "https://github.com/npm/attestation/tree/main/specs/publish/v0.1",
        "predicate": {"name": "app", "score": 7.5},
    }
    bundle = sign_bytes(bench.signer, json.dumps(foreign).encode())
    verified = verify(bundle, bench.trust, bench.anything(subjects=("sha512:" + "b" * 128,)), now=bench.now)
    assert verified.binding is None
    with pytest.raises(Refused):
        verify(bundle, bench.trust, bench.anything(require_binding=True), now=bench.now)


def test_a_binding_that_is_there_is_checked_even_if_it_need_not_be(bench: Any) -> None:
    forged = resigned(bench, put(*INTERNAL, "signerIdentity", "cto@summit.example"))
    with pytest.raises(Refused) as refusal:
        verify(forged, bench.trust, bench.anything(), now=bench.now)
    assert refusal.value.code is Reason.IDENTITY_MISMATCH


# Several people sign the same.


@pytest.fixture
def council(bench: Any) -> dict[str, Any]:
    return {name: bench.new_signer(f"{name}@summit.example") for name in ("a", "b", "c")}


def cosigned(bench: Any, signer: Any) -> bytes:
    return signer.sign(statements.for_signer(bench.provenance(), signer.identity))  # type: ignore[no-any-return]


def judged(bench: Any, bundles: list[bytes], keys: TrustedKeys, threshold: int) -> tuple[Any, ...]:
    expectation = bench.expect(identity=UNCHECKED, builders=UNCHECKED)
    return verify_threshold(bundles, Trust(keys=keys), expectation, threshold=threshold, now=bench.now)


def test_two_of_three(bench: Any, council: dict[str, Any]) -> None:
    keys = bench.trusted(*council.values())
    bundles = [cosigned(bench, council["a"]), cosigned(bench, council["b"])]
    assert [v.signer_identity for v in judged(bench, bundles, keys, 2)] == ["a@summit.example", "b@summit.example"]
    with pytest.raises(Refused) as refusal:
        judged(bench, bundles, keys, 3)
    assert refusal.value.code is Reason.THRESHOLD


def test_one_person_counts_once(bench: Any, council: dict[str, Any]) -> None:
    second_key = bench.new_signer("a@summit.example")
    keys = bench.trusted(*council.values(), second_key)
    one = cosigned(bench, council["a"])
    for bundles in ([one, one], [one, cosigned(bench, council["a"])], [one, cosigned(bench, second_key)]):
        with pytest.raises(Refused) as refusal:
            judged(bench, bundles, keys, 2)
        assert refusal.value.code is Reason.THRESHOLD


def test_a_forged_second_signature_does_not_count(bench: Any, council: dict[str, Any]) -> None:
    keys = bench.trusted(council["a"], council["b"])
    forged = sign_bytes(council["c"], statements.for_signer(bench.provenance(), "b@summit.example"))
    with pytest.raises(Refused, match="1 of 2 required signers; refused: untrusted-key"):
        judged(bench, [cosigned(bench, council["a"]), forged], keys, 2)


def test_signers_of_different_statements_do_not_add_up(bench: Any, council: dict[str, Any]) -> None:
    keys = bench.trusted(*council.values())
    other = council["b"].sign(
        bench.provenance(bench.binding(signer_identity="b@summit.example"), at=bench.now - timedelta(minutes=1))
    )
    with pytest.raises(Refused, match="did not sign the same statement"):
        judged(bench, [cosigned(bench, council["a"]), other], keys, 1)


def test_a_threshold_of_none_is_a_mistake(bench: Any) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        judged(bench, [], bench.trust.keys, 0)
    with pytest.raises(Refused):
        judged(bench, [], bench.trust.keys, 1)


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
