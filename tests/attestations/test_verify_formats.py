"""The forms in which other people write envelopes, bundles and signatures."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from attestations import statements
from attestations.envelope import bare_envelope, lines
from attestations.refusal import Reason, Refused
from attestations.trust import EVIDENCE, Trust, TrustedKeys
from attestations.verify import verify

from .edits import drop, edited, put, sign_bytes


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
