"""A signed statement that is not what was asked for is refused, whatever its signature."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from attestations import statements
from attestations.refusal import Reason, Refused
from attestations.trust import EVIDENCE
from attestations.verify import UNCHECKED, verify

from .edits import Edit, drop, put, resigned, sign_bytes

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


def test_a_binding_that_is_there_is_checked_even_if_it_need_not_be(bench: Any) -> None:
    forged = resigned(bench, put(*INTERNAL, "signerIdentity", "cto@summit.example"))
    with pytest.raises(Refused) as refusal:
        verify(forged, bench.trust, bench.anything(), now=bench.now)
    assert refusal.value.code is Reason.IDENTITY_MISMATCH
