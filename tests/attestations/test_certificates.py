"""Certificate bundles of a private Sigstore instance: whom they prove, and every way they can be tampered with."""

from __future__ import annotations

import base64
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from attestations import certificates, envelope
from attestations.envelope import bare_envelope
from attestations.refusal import Reason, Refused
from attestations.signers.sigstore import SigstoreSigner
from attestations.trust import ATTESTATIONS, EVIDENCE, Identity, Trust, anchored
from attestations.verify import UNCHECKED

from .edits import Edit, body, edited, entry_of
from .holders import believed, bound_to, judged, refused


@pytest.mark.parametrize(("usages", "code"), [((ATTESTATIONS,), None), ((EVIDENCE,), Reason.KEY_USAGE)])
def test_a_certificate_counts_only_for_what_its_holder_may_sign(
    bench: Any, ci: Any, bundle: bytes, usages: tuple[str, ...], code: Reason | None
) -> None:
    trust = believed(ci, identities=(Identity(ci.identity, ci.issuer, usages),))
    if code is None:
        assert judged(bench, ci, bundle, trust=trust).signer_identity == ci.identity
    else:
        assert refused(bench, ci, bundle, trust=trust).code is code


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


def test_a_pattern_of_names_is_trusted_under_its_issuer_only(bench: Any, ci: Any, bundle: bytes) -> None:
    workflow = anchored(f"^{re.escape(ci.identity[:-2])}.{{2}}$")
    trust = believed(ci, identities=(Identity(workflow, ci.issuer),))
    assert judged(bench, ci, bundle, trust=trust, identity=workflow).signer_identity == ci.identity

    elsewhere = believed(ci, identities=(Identity(workflow, f"{ci.issuer}/other"),))
    assert refused(bench, ci, bundle, trust=elsewhere).code is Reason.IDENTITY_MISMATCH
    other = anchored(f"^{re.escape(ci.identity)}.$")
    assert refused(bench, ci, bundle, trust=trust, identity=other).code is Reason.IDENTITY_MISMATCH
    unnamed = believed(ci, identities=(Identity(other, ci.issuer),))
    assert refused(bench, ci, bundle, trust=unnamed).code is Reason.IDENTITY_MISMATCH


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
