"""Managed keys whose signature a transparency log recorded."""

from __future__ import annotations

import base64
import hashlib
import json
import urllib.request
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from attestations.envelope import pae
from attestations.refusal import Reason, Refused
from attestations.trust import Trust
from attestations.verify import verify

from .edits import Edit, body, edited, entry_of


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
