"""Keyless signing against a private Sigstore instance over HTTP, and certificate bundles of other people's clients."""

from __future__ import annotations

import base64
import hashlib
import json
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from attestations import certificates, envelope, statements, strict_json
from attestations.certificates import holder
from attestations.envelope import bare_envelope, pae
from attestations.refusal import Reason, Refused
from attestations.signers import SIGNERS, SignerError, sign_verified
from attestations.signers.sigstore import SigstoreSigner, load_sigstore
from attestations.trust import ATTESTATIONS, EVIDENCE, Identity, Trust
from attestations.verify import UNCHECKED, verify

Edit = Callable[[dict[str, Any]], object]


@pytest.fixture
def keyless(ci: Any) -> SigstoreSigner:
    return load_sigstore(trust_config=ci.trust_config)


def believed(instance: Any, **changes: Any) -> Trust:
    """Trust in the one workflow of the instance."""
    values = {
        "sigstore_root": instance.trusted_root,
        "identities": (Identity(instance.identity, instance.issuer),),
    }
    return Trust(**(values | changes))


@pytest.mark.parametrize(("usages", "code"), [((ATTESTATIONS,), None), ((EVIDENCE,), Reason.KEY_USAGE)])
def test_a_certificate_counts_only_for_what_its_holder_may_sign(
    bench: Any, ci: Any, bundle: bytes, usages: tuple[str, ...], code: Reason | None
) -> None:
    trust = believed(ci, identities=(Identity(ci.identity, ci.issuer, usages),))
    if code is None:
        assert judged(bench, ci, bundle, trust=trust).signer_identity == ci.identity
    else:
        assert refused(bench, ci, bundle, trust=trust).code is code


def bound_to(bench: Any, instance: Any, **changes: str) -> Any:
    return bench.binding(**({"signer_identity": instance.identity, "pipeline_id": instance.run} | changes))


def judged(bench: Any, instance: Any, bundle: bytes, **changes: Any) -> Any:
    """Verify as strictly as a reader of keyless provenance would, under the real clock."""
    asked = {
        "identity": instance.identity,
        "issuer": instance.issuer,
        "pipeline_id": instance.run,
        "builders": frozenset({(instance.identity, bench.builder)}),
        "max_age": timedelta(days=1),
        "require_timestamp": True,
    }
    trust = changes.pop("trust", None) or believed(instance)
    return verify(bundle, trust, bench.expect(**(asked | changes)), now=datetime.now(UTC))


def refused(bench: Any, instance: Any, bundle: bytes, **changes: Any) -> Refused:
    with pytest.raises(Refused) as refusal:
        judged(bench, instance, bundle, **changes)
    return refusal.value


@pytest.fixture
def bundle(bench: Any, keyless: SigstoreSigner, ci: Any) -> bytes:
    return keyless.sign(bench.provenance(bound_to(bench, ci), at=datetime.now(UTC)))


def edited(data: bytes, edit: Edit) -> bytes:
    document = json.loads(data)
    edit(document)
    return json.dumps(document).encode()


def entry_of(document: dict[str, Any]) -> dict[str, Any]:
    return document["verificationMaterial"]["tlogEntries"][0]  # type: ignore[no-any-return]


def test_a_ci_job_signs_keyless(bench: Any, ci: Any) -> None:
    signer = SIGNERS["sigstore"](trust_config=ci.trust_config)
    assert isinstance(signer, SigstoreSigner)
    assert (signer.identity, signer.issuer, signer.run, signer.keyid) == (ci.identity, ci.issuer, ci.run, None)
    assert json.loads(signer.trusted_root)["tlogs"]
    for kind, payload in bench.every_kind(bound_to(bench, ci)).items():
        now = datetime.now(UTC)
        trust = believed(ci, sigstore_root=signer.trusted_root)
        if kind == statements.SLSA_PROVENANCE:
            payload = bench.provenance(bound_to(bench, ci), at=now)
            bundle = sign_verified(signer, payload, trust, usage=ATTESTATIONS, now=now)
            verified = judged(bench, ci, bundle, trust=trust)
            assert verified.payload == payload
            assert (verified.signer_identity, verified.issuer, verified.keyid) == (ci.identity, ci.issuer, None)
            assert abs(verified.signed_at - now) < timedelta(minutes=5)
            assert verified.format == "bundle-v0.3+certificate"
        else:
            assert signer.sign(payload)


def plain(value: Any) -> Any:
    """What models, namespaces and dataclasses hold, without what is absent."""
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    names = (
        getattr(type(value), "model_fields", None)
        or getattr(value, "__slots__", None)
        or getattr(value, "__dict__", None)
    )
    if names is None:
        return value
    members = {name: plain(getattr(value, name)) for name in names}
    return {name: member for name, member in members.items() if member not in (None, "")}


def test_sigstore_python_is_given_what_it_would_have_read(bundle: bytes) -> None:
    from sigstore.models import Bundle

    theirs, read = Bundle.from_json(bundle), envelope.read(bundle)
    assert read.log_entry is not None
    assert read.timestamps
    entry = certificates._entry(read.log_entry)
    assert isinstance(entry, certificates._Proved)

    ours = certificates._stock(read, entry, theirs.signing_certificate)

    assert plain(ours._inner) == plain(theirs._inner)
    assert ours.log_entry._encode_canonical() == theirs.log_entry._encode_canonical()


def test_the_other_clients_agree(bench: Any, ci: Any, bundle: bytes, node: Any) -> None:
    from sigstore.models import Bundle, ClientTrustConfig
    from sigstore.verify import Verifier, policy

    root = ClientTrustConfig.from_json(ci.trust_config.decode()).trusted_root
    exact = policy.Identity(identity=ci.identity, issuer=ci.issuer)
    assert (
        Verifier(trusted_root=root).verify_dsse(Bundle.from_json(bundle), exact)[1]
        == json.loads(json.dumps(judged(bench, ci, bundle).payload.decode())).encode()
    )

    def swap(document: dict[str, Any]) -> None:
        payload = base64.b64decode(document["dsseEnvelope"]["payload"]).replace(b"2026.11.1", b"2026.11.2")
        document["dsseEnvelope"]["payload"] = base64.b64encode(payload).decode()

    common = {"trustedRoot": json.loads(ci.trusted_root), "issuer": ci.issuer}
    asked = [
        {"bundle": json.loads(bundle), "identity": ci.identity, **common},
        {"bundle": json.loads(bundle), "identity": ci.identity + "x", **common},
        {"bundle": json.loads(edited(bundle, swap)), "identity": ci.identity, **common},
    ]
    verdicts = json.loads(node("verify.cjs", asked))
    assert [verdict["accepted"] for verdict in verdicts] == [True, False, False], verdicts
    assert refused(bench, ci, edited(bundle, swap)).code is Reason.BAD_SIGNATURE


def test_only_the_exact_holder_is_trusted(bench: Any, ci: Any, bundle: bytes) -> None:
    for identities in (
        (Identity(ci.identity + "x", ci.issuer),),
        (Identity(ci.identity[:-1], ci.issuer),),
        (Identity(".*", ci.issuer),),
        (Identity(ci.identity, "https://accounts.example"),),
        (Identity(ci.issuer, ci.identity),),
    ):
        trust = believed(ci, identities=identities)
        assert refused(bench, ci, bundle, trust=trust).code is Reason.IDENTITY_MISMATCH
    assert judged(bench, ci, bundle, trust=believed(ci, identities=(Identity("a", "b"), *believed(ci).identities)))


def test_nothing_is_trusted_by_default(bench: Any, ci: Any, bundle: bytes) -> None:
    for trust in (
        Trust(keys=bench.trust.keys),
        believed(ci, identities=()),
        believed(ci, sigstore_root=None),
        believed(ci, sigstore_root=b"{}"),
        believed(ci, sigstore_root=b""),
        believed(ci, sigstore_root=edited(ci.trusted_root, lambda root: root.update(extra=1))),
        believed(ci, sigstore_root=edited(ci.trusted_root, lambda root: root.update(tlogs=[]))),
        believed(ci, sigstore_root=edited(ci.trusted_root, lambda root: root.update(certificateAuthorities=[]))),
        believed(
            ci,
            sigstore_root=edited(ci.trusted_root, lambda root: root["tlogs"][0]["publicKey"]["validFor"].pop("start")),
        ),
    ):
        assert refused(bench, ci, bundle, trust=trust).code is Reason.NO_TRUST


def test_another_instances_root(bench: Any, ci: Any, bundle: bytes) -> None:
    from sigstore._internal.tuf import DEFAULT_TUF_URL
    from sigstore._utils import read_embedded

    production = read_embedded("trusted_root.json", DEFAULT_TUF_URL)
    refusal = refused(bench, ci, bundle, trust=believed(ci, sigstore_root=production))
    assert refusal.code in (Reason.UNTRUSTED_LOG, Reason.UNTRUSTED_CERTIFICATE, Reason.UNTRUSTED_TIMESTAMP)


ROOT_EDITS: dict[str, tuple[Edit, Reason]] = {
    "the log's key ended before": (
        lambda r: r["tlogs"][0]["publicKey"]["validFor"].update(
            start="2020-01-01T00:00:00Z", end="2021-01-01T00:00:00Z"
        ),
        Reason.UNTRUSTED_LOG,
    ),
    "the authority ended before": (
        lambda r: r["timestampAuthorities"][0]["validFor"].update(
            start="2020-01-01T00:00:00Z", end="2021-01-01T00:00:00Z"
        ),
        Reason.UNTRUSTED_TIMESTAMP,
    ),
    "no time-stamping authority": (lambda r: r.update(timestampAuthorities=[]), Reason.UNTRUSTED_TIMESTAMP),
    "the log's key in place of the certificate log's": (
        lambda r: r.update(ctlogs=r["tlogs"]),
        Reason.UNTRUSTED_CERTIFICATE,
    ),
    "no certificate log": (lambda r: r.update(ctlogs=[]), Reason.NO_TRUST),
    "the certificate log's key in place of the log's": (lambda r: r.update(tlogs=r["ctlogs"]), Reason.UNTRUSTED_LOG),
    "the authority's certificates in place of the CA's": (
        lambda r: r.update(certificateAuthorities=r["timestampAuthorities"]),
        Reason.UNTRUSTED_CERTIFICATE,
    ),
}


@pytest.mark.parametrize(("edit", "reason"), ROOT_EDITS.values(), ids=ROOT_EDITS)
def test_a_root_that_does_not_cover_the_bundle(bench: Any, ci: Any, bundle: bytes, edit: Edit, reason: Reason) -> None:
    trust = believed(ci, sigstore_root=edited(ci.trusted_root, edit))
    assert refused(bench, ci, bundle, trust=trust).code is reason


def body(change: Edit) -> Edit:
    """An edit of what the log says it recorded."""

    def edit(document: dict[str, Any]) -> None:
        entry = entry_of(document)
        recorded = json.loads(base64.b64decode(entry["canonicalizedBody"]))
        change(recorded)
        entry["canonicalizedBody"] = base64.b64encode(strict_json.dumps(recorded)).decode()

    return edit


TAMPERED: dict[str, tuple[Edit, Reason]] = {
    "no log entry": (lambda d: d["verificationMaterial"].update(tlogEntries=[]), Reason.UNSUPPORTED_FORMAT),
    "no inclusion proof": (lambda d: entry_of(d).pop("inclusionProof"), Reason.MALFORMED),
    "no checkpoint": (lambda d: entry_of(d)["inclusionProof"].pop("checkpoint"), Reason.MALFORMED),
    "an unknown field in the entry": (lambda d: entry_of(d).update(x=1), Reason.MALFORMED),
    "a negative log index": (lambda d: entry_of(d).update(logIndex="-1"), Reason.MALFORMED),
    "a log index with a sign": (lambda d: entry_of(d).update(logIndex="+1"), Reason.MALFORMED),
    "a log index in Arabic digits": (lambda d: entry_of(d).update(logIndex="١"), Reason.MALFORMED),
    "a log index beyond 64 bits": (lambda d: entry_of(d).update(logIndex=str(1 << 64)), Reason.MALFORMED),
    "another log index": (lambda d: entry_of(d).update(logIndex="7"), Reason.UNTRUSTED_LOG),
    "another time": (lambda d: entry_of(d).update(integratedTime="1763726400"), Reason.UNTRUSTED_LOG),
    "no time in the promise": (lambda d: entry_of(d).update(integratedTime="0"), Reason.MALFORMED),
    "a time that is a number": (lambda d: entry_of(d).update(integratedTime=1763726400), Reason.MALFORMED),
    "a time without date": (lambda d: entry_of(d).update(integratedTime="9999999999999999"), Reason.UNTRUSTED_LOG),
    "another log id": (lambda d: entry_of(d)["logId"].update(keyId="AAAA"), Reason.UNTRUSTED_LOG),
    "another root hash": (
        lambda d: entry_of(d)["inclusionProof"].update(rootHash=base64.b64encode(bytes(32)).decode()),
        Reason.UNTRUSTED_LOG,
    ),
    "another tree size": (lambda d: entry_of(d)["inclusionProof"].update(treeSize="2"), Reason.UNTRUSTED_LOG),
    "a place outside the tree": (lambda d: entry_of(d)["inclusionProof"].update(logIndex="1"), Reason.MALFORMED),
    "a superfluous hash": (
        lambda d: entry_of(d)["inclusionProof"].update(hashes=[base64.b64encode(bytes(32)).decode()]),
        Reason.UNTRUSTED_LOG,
    ),
    "65 hashes": (lambda d: entry_of(d)["inclusionProof"].update(hashes=["AAAA"] * 65), Reason.MALFORMED),
    "a checkpoint cut short": (
        lambda d: entry_of(d)["inclusionProof"]["checkpoint"].update(envelope="x"),
        Reason.UNTRUSTED_LOG,
    ),
    "a checkpoint with another signature": (
        lambda d: entry_of(d)["inclusionProof"]["checkpoint"].update(
            envelope=entry_of(d)["inclusionProof"]["checkpoint"]["envelope"].replace("\nTimestamp", "\nTimestomp")
        ),
        Reason.UNTRUSTED_LOG,
    ),
    "another promise": (
        lambda d: entry_of(d)["inclusionPromise"].update(signedEntryTimestamp="MAYCAQECAQE="),
        Reason.UNTRUSTED_LOG,
    ),
    "an entry of another kind": (
        lambda d: entry_of(d).update(kindVersion={"kind": "intoto", "version": "0.0.2"}),
        Reason.UNTRUSTED_LOG,
    ),
    "an entry of a kind that is not verified": (
        lambda d: (
            entry_of(d).update(kindVersion={"kind": "rpm", "version": "0.0.1"}),
            body(lambda b: b.update(kind="rpm", apiVersion="0.0.1"))(d),
        ),
        Reason.UNSUPPORTED_FORMAT,
    ),
    "an entry about another payload": (
        body(lambda b: b["spec"]["payloadHash"].update(value="a" * 64)),
        Reason.UNTRUSTED_LOG,
    ),
    "an entry about another signature": (
        body(lambda b: b["spec"]["signatures"][0].update(signature="AAAA")),
        Reason.UNTRUSTED_LOG,
    ),
    "an entry with two signatures": (
        body(lambda b: b["spec"]["signatures"].append(b["spec"]["signatures"][0])),
        Reason.UNTRUSTED_LOG,
    ),
    "an entry with another hash algorithm": (
        body(lambda b: b["spec"]["payloadHash"].update(algorithm="md5")),
        Reason.UNTRUSTED_LOG,
    ),
    "an entry whose body the log did not include": (
        body(lambda b: b["spec"]["envelopeHash"].update(value="a" * 64)),
        Reason.UNTRUSTED_LOG,
    ),
    "an entry that is not JSON": (lambda d: entry_of(d).update(canonicalizedBody="AAAA"), Reason.UNTRUSTED_LOG),
    "a certificate that is none": (
        lambda d: d["verificationMaterial"]["certificate"].update(rawBytes="AAAA"),
        Reason.UNTRUSTED_CERTIFICATE,
    ),
    "the authority's certificate": (
        lambda d: d["verificationMaterial"].update(x509CertificateChain={"certificates": []}, certificate=None),
        Reason.MALFORMED,
    ),
    "no timestamp and no promise": (
        lambda d: (
            d["verificationMaterial"].pop("timestampVerificationData"),
            entry_of(d).pop("inclusionPromise"),
            entry_of(d).update(logIndex="0"),
        ),
        Reason.MALFORMED,
    ),
    "a broken timestamp": (
        lambda d: d["verificationMaterial"]["timestampVerificationData"]["rfc3161Timestamps"][0].update(
            signedTimestamp="AAAA"
        ),
        Reason.UNTRUSTED_TIMESTAMP,
    ),
}


@pytest.mark.parametrize(("edit", "reason"), TAMPERED.values(), ids=TAMPERED)
def test_a_tampered_certificate_bundle(bench: Any, ci: Any, bundle: bytes, edit: Edit, reason: Reason) -> None:
    refusal = refused(bench, ci, edited(bundle, edit))
    assert refusal.code is reason, refusal


def renamed(document: dict[str, Any]) -> None:
    checkpoint = entry_of(document)["inclusionProof"]["checkpoint"]
    checkpoint["envelope"] = checkpoint["envelope"].replace("\u2014 ", "\u2014 x")


def without_promise(document: dict[str, Any]) -> None:
    """As Rekor v2 has it: no promise, and one index for the entry and its proof; here they differ."""
    entry_of(document).pop("inclusionPromise")
    entry_of(document).update(logIndex="7")


@pytest.mark.parametrize(
    ("edit", "why"),
    [
        (lambda d: entry_of(d)["inclusionProof"].update(treeSize="2"), "another tree size"),
        (lambda d: entry_of(d)["inclusionProof"]["checkpoint"].update(envelope="x"), "another tree size"),
        (renamed, "not signed in the name of its log"),
        (without_promise, "name different places"),
        (lambda d: d.update(mediaType="application/vnd.dev.sigstore.bundle+json;version=0.2"), "certificate chain"),
        (
            lambda d: (
                d.update(mediaType="application/vnd.dev.sigstore.bundle+json;version=0.2"),
                d["verificationMaterial"].update(certificate=None, x509CertificateChain={"certificates": []}),
            ),
            "x509CertificateChain is empty",
        ),
    ],
    ids=["size", "no size", "name", "place", "certificate in v0.2", "empty chain"],
)
def test_what_no_signature_covers_is_compared(bench: Any, ci: Any, bundle: bytes, edit: Edit, why: str) -> None:
    assert why in refused(bench, ci, edited(bundle, edit)).message


def test_a_timestamp_of_another_signature(bench: Any, ci: Any, keyless: SigstoreSigner) -> None:
    now = datetime.now(UTC)
    one, two = (json.loads(keyless.sign(bench.provenance(bound_to(bench, ci), at=now - timedelta(i)))) for i in (0, 1))
    one["verificationMaterial"]["timestampVerificationData"] = two["verificationMaterial"]["timestampVerificationData"]
    assert refused(bench, ci, json.dumps(one).encode()).code is Reason.UNTRUSTED_TIMESTAMP


def test_the_entry_of_another_signature(bench: Any, ci: Any, keyless: SigstoreSigner) -> None:
    now = datetime.now(UTC)
    one, two = (json.loads(keyless.sign(bench.provenance(bound_to(bench, ci), at=now - timedelta(i)))) for i in (0, 1))
    one["verificationMaterial"]["tlogEntries"] = two["verificationMaterial"]["tlogEntries"]
    assert refused(bench, ci, json.dumps(one).encode()).code is Reason.UNTRUSTED_LOG


def test_bit_flips_are_refused_or_change_nothing(bench: Any, ci: Any, bundle: bytes) -> None:
    """No signature covers a timestamp's own bookkeeping, so a flip there may pass; then all it says is the same."""
    honest = judged(bench, ci, bundle)
    stamps = json.loads(bundle)["verificationMaterial"]["timestampVerificationData"]["rfc3161Timestamps"]
    start = bundle.index(stamps[0]["signedTimestamp"].encode())
    unsigned = range(start, start + len(stamps[0]["signedTimestamp"]))
    for position in range(0, len(bundle), 7):
        flipped = bytearray(bundle)
        flipped[position] ^= 1 << position % 7
        try:
            verified = judged(bench, ci, bytes(flipped))
        except Refused:
            continue
        assert verified == honest
        assert position in unsigned, bundle[position - 40 : position + 40]


def test_verifying_is_offline(bench: Any, ci: Any, bundle: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    def no_network(*_: object) -> None:
        raise AssertionError("verification opened a socket")

    monkeypatch.setattr(socket, "socket", no_network)
    monkeypatch.setattr(socket, "create_connection", no_network)
    assert judged(bench, ci, bundle)


def test_the_run_of_the_certificate_is_the_run_of_the_statement(bench: Any, ci: Any, keyless: SigstoreSigner) -> None:
    bundle = keyless.sign(bench.provenance(bound_to(bench, ci, pipeline_id="local"), at=datetime.now(UTC)))
    assert refused(bench, ci, bundle, pipeline_id=UNCHECKED).code is Reason.PIPELINE_MISMATCH


def test_a_bare_envelope_of_a_certificate_bundle_proves_nothing(bench: Any, ci: Any, bundle: bytes) -> None:
    refusal = refused(bench, ci, bare_envelope(bundle), trust=believed(ci, keys=bench.trust.keys))
    assert refusal.code in (Reason.BAD_SIGNATURE, Reason.UNTRUSTED_KEY)


# Signing that fails must say so.


def test_an_authority_that_replays_fails_the_run(bench: Any, ci: Any) -> None:
    signer = load_sigstore(trust_config=ci.config(tsa="replay"))
    with pytest.raises(SignerError, match="another nonce"):
        signer.sign(bench.provenance(bound_to(bench, ci)))


def test_outside_a_ci_job_there_is_no_identity(instance: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GITHUB_ACTIONS", "GITLAB_CI", "CIRCLECI", "BUILDKITE", "ACTIONS_ID_TOKEN_REQUEST_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    with pytest.raises(SignerError, match=r"no signing certificate|no identity"):
        load_sigstore(trust_config=instance.trust_config)


def test_tokens_and_configurations_that_do_not_work(instance: Any) -> None:
    for token in ("x", "a.b.c", "eyJhbGciOiJub25lIn0.eyJhdWQiOiJzaWdzdG9yZSJ9."):
        with pytest.raises(SignerError, match="no signing certificate"):
            load_sigstore(trust_config=instance.trust_config, token=token)
    for config in (b"", b"{}", b'{"a":1,"a":2}', instance.trusted_root):
        with pytest.raises(SignerError, match="trust configuration"):
            load_sigstore(trust_config=config)


def test_a_service_that_is_down(bench: Any, ci: Any) -> None:
    with pytest.raises(SignerError, match="no signing certificate"):
        load_sigstore(trust_config=ci.config(fulcio="down"))


def test_nothing_unbound_or_bound_to_another_is_signed(bench: Any, ci: Any, keyless: SigstoreSigner) -> None:
    with pytest.raises(Refused) as refusal:
        keyless.sign(bench.provenance())
    assert refusal.value.code is Reason.IDENTITY_MISMATCH


def test_an_expired_certificate_is_renewed(bench: Any, ci: Any, keyless: SigstoreSigner) -> None:
    from sigstore._internal.fulcio import ExpiredCertificate

    class Expired:
        def sign_dsse(self, _: object) -> None:
            raise ExpiredCertificate

    keyless._signer = Expired()
    payload = bench.provenance(bound_to(bench, ci), at=datetime.now(UTC))
    assert judged(bench, ci, keyless.sign(payload)).payload == payload


# What other people's clients make, and sigstore-python does not verify.


def signed_by_npm(node: Any, instance: Any, payload: bytes, entry_type: str) -> bytes:
    order = {
        "url": instance.url,
        "token": instance.token(),
        "payload": base64.b64encode(payload).decode(),
        "entryType": entry_type,
    }
    return node("sign.cjs", order).encode()  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def npm(bench: Any, node: Any, instance: Any) -> bytes:
    """A provenance bundle by npm's own client with the `intoto` log entry kind that npm publishes."""
    payload = bench.provenance(bound_to(bench, instance), at=datetime.now(UTC))
    return signed_by_npm(node, instance, payload, "intoto")


def test_npm_bundles_verify(bench: Any, instance: Any, npm: bytes) -> None:
    assert entry_of(json.loads(npm))["kindVersion"] == {"kind": "intoto", "version": "0.0.2"}
    verified = judged(bench, instance, npm)
    assert (verified.signer_identity, verified.format) == (instance.identity, "bundle-v0.3+certificate")
    assert abs(verified.signed_at - datetime.now(UTC)) < timedelta(minutes=5)


def test_npm_bundles_with_the_dsse_kind_verify(bench: Any, node: Any, instance: Any) -> None:
    payload = bench.provenance(bound_to(bench, instance), at=datetime.now(UTC))
    assert judged(bench, instance, signed_by_npm(node, instance, payload, "dsse")).payload == payload


INTOTO: dict[str, Edit] = {
    "a hash of another length": body(lambda b: b["spec"]["content"]["payloadHash"].update(value="a")),
    "another payload hash": body(lambda b: b["spec"]["content"]["payloadHash"].update(value="a" * 64)),
    "another payload type": body(lambda b: b["spec"]["content"]["envelope"].update(payloadType="x")),
    "another signature": body(
        lambda b: b["spec"]["content"]["envelope"]["signatures"][0].update(sig=base64.b64encode(b"AAAA").decode())
    ),
    "a signature encoded once": body(lambda b: b["spec"]["content"]["envelope"]["signatures"][0].update(sig="AAAA")),
    "two signatures": body(
        lambda b: b["spec"]["content"]["envelope"]["signatures"].append(
            b["spec"]["content"]["envelope"]["signatures"][0]
        )
    ),
    "no signature": body(lambda b: b["spec"]["content"]["envelope"].update(signatures=[])),
    "another version": body(lambda b: b.update(apiVersion="0.0.1")),
    "a hash the log did not include": body(lambda b: b["spec"]["content"]["hash"].update(value="a" * 64)),
    "another promise": lambda d: entry_of(d)["inclusionPromise"].update(signedEntryTimestamp="MAYCAQECAQE="),
    "another time": lambda d: entry_of(d).update(integratedTime="1763726400"),
    "another root": lambda d: entry_of(d)["inclusionProof"].update(rootHash=base64.b64encode(bytes(32)).decode()),
}


@pytest.mark.parametrize("edit", INTOTO.values(), ids=INTOTO)
def test_a_tampered_npm_bundle(bench: Any, instance: Any, npm: bytes, edit: Edit) -> None:
    assert refused(bench, instance, edited(npm, edit)).code is Reason.UNTRUSTED_LOG


def test_a_tampered_statement_in_an_npm_bundle(bench: Any, instance: Any, npm: bytes) -> None:
    def swap(document: dict[str, Any]) -> None:
        payload = base64.b64decode(document["dsseEnvelope"]["payload"]).replace(b"2026.11.1", b"2026.11.2")
        document["dsseEnvelope"]["payload"] = base64.b64encode(payload).decode()

    assert refused(bench, instance, edited(npm, swap)).code is Reason.BAD_SIGNATURE


def as_v01(document: dict[str, Any]) -> None:
    """The same as a bundle v0.1: a certificate chain, and a log that only promises to include the entry."""
    material = document["verificationMaterial"]
    document["mediaType"] = "application/vnd.dev.sigstore.bundle+json;version=0.1"
    material["x509CertificateChain"] = {"certificates": [material.pop("certificate")]}
    entry_of(document)["inclusionProof"] = None


def test_an_npm_bundle_without_any_time(bench: Any, instance: Any, npm: bytes) -> None:
    def timeless(document: dict[str, Any]) -> None:
        entry_of(document).pop("inclusionPromise")
        entry_of(document).update(logIndex="0")

    assert refused(bench, instance, edited(npm, timeless)).code is Reason.NO_TIMESTAMP


def test_the_oldest_bundles_have_only_a_promise(bench: Any, instance: Any, npm: bytes) -> None:
    old = edited(npm, as_v01)
    assert judged(bench, instance, old).format == "bundle-v0.1+certificate"
    for edit in (
        lambda d: entry_of(d)["inclusionPromise"].update(signedEntryTimestamp="MAYCAQECAQE="),
        lambda d: entry_of(d).update(logIndex="7"),
        body(lambda b: b["spec"]["content"]["hash"].update(value="a" * 64)),
    ):
        assert refused(bench, instance, edited(old, edit)).code is Reason.UNTRUSTED_LOG
    assert refused(bench, instance, edited(old, lambda d: entry_of(d).pop("inclusionPromise"))).code is Reason.MALFORMED


# Managed keys whose signature a log recorded.


def logged(bench: Any, instance: Any, kind: str, edit: Edit = lambda spec: None) -> bytes:
    """A managed-key bundle with an entry in the instance's log, which records whatever it is told."""
    document = json.loads(bench.signer.sign(bench.provenance(at=datetime.now(UTC))))
    envelope = document["dsseEnvelope"]
    payload, sig = base64.b64decode(envelope["payload"]), envelope["signatures"][0]["sig"]
    pem = base64.b64encode(bench.signer.public.pem).decode()
    payload_hash = {"algorithm": "sha256", "value": hashlib.sha256(payload).hexdigest()}
    specs: dict[str, tuple[str, dict[str, Any]]] = {
        "dsse": (
            "0.0.1",
            {
                "envelopeHash": payload_hash,
                "payloadHash": payload_hash,
                "signatures": [{"signature": sig, "verifier": pem}],
            },
        ),
        "intoto": (
            "0.0.2",
            {
                "content": {
                    "envelope": {
                        "payloadType": envelope["payloadType"],
                        "signatures": [{"sig": base64.b64encode(sig.encode()).decode(), "publicKey": pem}],
                    },
                    "hash": payload_hash,
                    "payloadHash": payload_hash,
                }
            },
        ),
        "hashedrekord": (
            "0.0.2",
            {
                "hashedRekordV002": {
                    "data": {
                        "algorithm": "SHA2_256",
                        "digest": base64.b64encode(
                            hashlib.sha256(pae(envelope["payloadType"], payload)).digest()
                        ).decode(),
                    },
                    "signature": {
                        "content": sig,
                        "verifier": {
                            "keyDetails": "PKIX_ECDSA_P256_SHA_256",
                            "publicKey": {"rawBytes": base64.b64encode(bench.signer.public.der).decode()},
                        },
                    },
                }
            },
        ),
    }
    version, spec = specs[kind]
    edit(spec)
    post = urllib.request.Request(
        f"{instance.url}/api/v1/log/entries",
        data=json.dumps({"kind": kind, "apiVersion": version, "spec": spec}).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(post) as answer:
        (entry,) = json.load(answer).values()
    proof = entry["verification"]["inclusionProof"]
    document["verificationMaterial"]["tlogEntries"] = [
        {
            "logIndex": str(entry["logIndex"]),
            "logId": {"keyId": base64.b64encode(bytes.fromhex(entry["logID"])).decode()},
            "kindVersion": {"kind": kind, "version": version},
            "integratedTime": str(entry["integratedTime"]),
            "inclusionPromise": {"signedEntryTimestamp": entry["verification"]["signedEntryTimestamp"]},
            "inclusionProof": {
                "logIndex": str(proof["logIndex"]),
                "treeSize": str(proof["treeSize"]),
                "rootHash": base64.b64encode(bytes.fromhex(proof["rootHash"])).decode(),
                "hashes": [],
                "checkpoint": {"envelope": proof["checkpoint"]},
            },
            "canonicalizedBody": entry["body"],
        }
    ]
    return json.dumps(document).encode()


@pytest.mark.parametrize("kind", ["dsse", "intoto", "hashedrekord"])
def test_a_managed_key_with_a_log_entry(bench: Any, instance: Any, kind: str) -> None:
    now = datetime.now(UTC)
    bundle = logged(bench, instance, kind)
    keys = bench.trusted(bench.signer, start=now - timedelta(days=1), end=now + timedelta(days=1))
    trust = Trust(keys=keys, sigstore_root=instance.trusted_root)
    verified = verify(bundle, trust, bench.anything(require_timestamp=True), now=now)
    assert abs(verified.signed_at - now) < timedelta(minutes=5)
    assert verify(bundle, trust, bench.anything(), now=now + timedelta(days=9)), "retired since, and logged before"
    other = json.loads(logged(bench, instance, kind))["verificationMaterial"]["tlogEntries"]
    forged = edited(bundle, lambda d: d["verificationMaterial"].update(tlogEntries=other))
    for bad, root in (
        (bundle, None),
        (forged, instance.trusted_root),
        (edited(bundle, lambda d: entry_of(d).update(integratedTime="1763726400")), instance.trusted_root),
        (edited(bundle, body(lambda b: b.update(extra=1))), instance.trusted_root),
        (
            edited(
                bundle, lambda d: entry_of(d)["inclusionProof"].update(rootHash=base64.b64encode(bytes(32)).decode())
            ),
            instance.trusted_root,
        ),
    ):
        with pytest.raises(Refused) as refusal:
            verify(bad, Trust(keys=keys, sigstore_root=root), bench.anything(), now=now)
        assert refusal.value.code is Reason.UNTRUSTED_LOG


def content(change: Edit) -> Edit:
    return lambda spec: change(spec["content"])


def record(change: Edit) -> Edit:
    return lambda spec: change(spec["hashedRekordV002"])


# Really in the log, and about something else than the bundle.
LOGGED_OTHERWISE: dict[str, tuple[str, Edit, Reason]] = {
    "dsse: another payload": ("dsse", lambda s: s["payloadHash"].update(value="a" * 64), Reason.UNTRUSTED_LOG),
    "dsse: another hash": ("dsse", lambda s: s["payloadHash"].update(algorithm="md5"), Reason.UNSUPPORTED_FORMAT),
    "dsse: another signature": ("dsse", lambda s: s["signatures"][0].update(signature="AAAA"), Reason.UNTRUSTED_LOG),
    "dsse: two signatures": ("dsse", lambda s: s["signatures"].append(s["signatures"][0]), Reason.UNTRUSTED_LOG),
    "dsse: no signatures": ("dsse", lambda s: s.pop("signatures"), Reason.UNTRUSTED_LOG),
    "dsse: a verifier that is none": (
        "dsse",
        lambda s: s["signatures"][0].update(verifier="AAAA"),
        Reason.UNTRUSTED_LOG,
    ),
    "intoto: another payload": (
        "intoto",
        content(lambda c: c["payloadHash"].update(value="a" * 64)),
        Reason.UNTRUSTED_LOG,
    ),
    "intoto: another payload type": (
        "intoto",
        content(lambda c: c["envelope"].update(payloadType="text/plain")),
        Reason.UNTRUSTED_LOG,
    ),
    "intoto: a signature encoded once": (
        "intoto",
        content(lambda c: c["envelope"]["signatures"][0].update(sig="AAAA")),
        Reason.UNTRUSTED_LOG,
    ),
    "intoto: two signatures": (
        "intoto",
        content(lambda c: c["envelope"]["signatures"].append(c["envelope"]["signatures"][0])),
        Reason.UNTRUSTED_LOG,
    ),
    "hashedrekord: another hash": (
        "hashedrekord",
        record(lambda r: r["data"].update(algorithm="SHA2_512")),
        Reason.UNSUPPORTED_FORMAT,
    ),
    "hashedrekord: another digest": (
        "hashedrekord",
        record(lambda r: r["data"].update(digest=base64.b64encode(bytes(32)).decode())),
        Reason.UNTRUSTED_LOG,
    ),
    "hashedrekord: no key": (
        "hashedrekord",
        record(lambda r: r["signature"]["verifier"].pop("publicKey")),
        Reason.UNTRUSTED_LOG,
    ),
}


@pytest.mark.parametrize(("kind", "edit", "reason"), LOGGED_OTHERWISE.values(), ids=LOGGED_OTHERWISE)
def test_an_entry_that_was_logged_for_something_else(
    bench: Any, instance: Any, kind: str, edit: Edit, reason: Reason
) -> None:
    trust = Trust(keys=bench.trust.keys, sigstore_root=instance.trusted_root)
    with pytest.raises(Refused) as refusal:
        verify(logged(bench, instance, kind, edit), trust, bench.anything(), now=datetime.now(UTC))
    assert refusal.value.code is reason, refusal.value


def test_an_entry_logged_for_another_key(bench: Any, instance: Any) -> None:
    other = base64.b64encode(bench.new_signer().public.pem).decode()
    trust = Trust(keys=bench.trust.keys, sigstore_root=instance.trusted_root)
    bundle = logged(bench, instance, "dsse", lambda s: s["signatures"][0].update(verifier=other))
    with pytest.raises(Refused) as refusal:
        verify(bundle, trust, bench.anything(), now=datetime.now(UTC))
    assert refusal.value.code is Reason.UNTRUSTED_LOG


def test_an_entry_said_to_be_of_another_kind(bench: Any, instance: Any) -> None:
    trust = Trust(keys=bench.trust.keys, sigstore_root=instance.trusted_root)
    bundle = edited(
        logged(bench, instance, "dsse"),
        lambda d: entry_of(d).update(kindVersion={"kind": "intoto", "version": "0.0.2"}),
    )
    with pytest.raises(Refused, match="of another kind"):
        verify(bundle, trust, bench.anything(), now=datetime.now(UTC))


# Whom a certificate is for must be unmistakable.

ISSUER, ISSUER_V2 = "1.3.6.1.4.1.57264.1.1", "1.3.6.1.4.1.57264.1.8"
URI, EMAIL, DNS = x509.UniformResourceIdentifier, x509.RFC822Name, x509.DNSName


def leaf(names: list[x509.GeneralName] | None, issuers: dict[str, bytes]) -> x509.Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(x509.Name([]))
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(minutes=10))
    )
    if names is not None:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=True)
    for oid, value in issuers.items():
        extension = x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), value)
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(key, hashes.SHA256())


def utf8(text: str) -> bytes:
    return asn1.encode_der(text)


def test_the_holder_of_a_certificate() -> None:
    for name in (URI("https://ci.example/workflow"), EMAIL("release-manager@summit.example")):
        for issuers in (
            {ISSUER: b"https://idp.example"},
            {ISSUER_V2: utf8("https://idp.example")},
            {ISSUER: b"https://idp.example", ISSUER_V2: utf8("https://idp.example")},
        ):
            assert holder(leaf([name], issuers)) == (name.value, "https://idp.example")


@pytest.mark.parametrize(
    ("names", "issuers"),
    [
        ([URI("https://a.example"), URI("https://b.example")], {ISSUER: b"https://idp.example"}),
        ([URI("https://a.example"), EMAIL("b@summit.example")], {ISSUER: b"https://idp.example"}),
        ([URI("https://a.example"), DNS("b.example")], {ISSUER: b"https://idp.example"}),
        ([DNS("b.example")], {ISSUER: b"https://idp.example"}),
        (None, {ISSUER: b"https://idp.example"}),
        ([URI("https://a.example")], {}),
        ([URI("https://a.example")], {ISSUER: b"https://idp.example", ISSUER_V2: utf8("https://other.example")}),
        ([URI("https://a.example")], {ISSUER: b"\xff"}),
        ([URI("https://a.example")], {ISSUER_V2: b"not DER"}),
    ],
    ids=[
        "two names",
        "two kinds of name",
        "a host beside the name",
        "only a host",
        "no name",
        "no issuer",
        "two issuers",
        "an issuer that is not text",
        "an issuer that is not DER",
    ],
)
def test_a_certificate_that_is_for_nobody_in_particular(
    names: list[x509.GeneralName] | None, issuers: dict[str, bytes]
) -> None:
    with pytest.raises((ValueError, x509.ExtensionNotFound)):
        holder(leaf(names, issuers))
