"""Bundles that npm's own client makes, and sigstore-python does not verify."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from attestations.refusal import Reason

from .edits import Edit, body, edited, entry_of
from .holders import bound_to, judged, refused


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
