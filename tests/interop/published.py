"""Bundles that others made and published: npm, GitHub's generators, Bazel, cosign; and the suite of Sigstore's clients.

They are test data of the very Go modules that `make interop` builds (v0.1 to v0.3, Rekor's `intoto`, `dsse` and
`hashedrekord` entries, certificates and npm's managed key), read where Go keeps them. For the conformance suite, which
no registry has, say where a checkout of it is: SIGSTORE_CONFORMANCE=DIR.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from attestations import envelope
from attestations.certificates import holder
from attestations.refusal import Refused
from attestations.statements import parse_time
from attestations.trust import ATTESTATIONS, Identity, PublicKey, Trust, TrustedKey, TrustedKeys
from attestations.verify import UNCHECKED, Expectation, verify

from .building import NotBuiltError, source
from .clients import Node, not_run

Record = Callable[[str, str, str], None]
IDENTITY = "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main"
ISSUER = "https://token.actions.githubusercontent.com"


@pytest.fixture(scope="session")
def public_root() -> bytes:
    from sigstore._internal.tuf import DEFAULT_TUF_URL
    from sigstore._utils import read_embedded

    return read_embedded("trusted_root.json", DEFAULT_TUF_URL)


@pytest.fixture(scope="session")
def npm_keys(node: Node) -> TrustedKeys:
    """The keys that npm publishes through Sigstore's root, from the copy in npm's own client."""
    seeds = json.loads((node.modules / "@sigstore/tuf/seeds.json").read_bytes())
    (repository,) = seeds.values()
    (keys,) = (data for name, data in repository["targets"].items() if name.endswith("keys.json"))
    listed = json.loads(base64.b64decode(keys))["keys"]
    return TrustedKeys(tuple(_npm_key(item) for item in listed if item["keyUsage"] == "npm:attestations"))


def _npm_key(item: dict[str, Any]) -> TrustedKey:
    public, window = item["publicKey"], item["publicKey"]["validFor"]
    return TrustedKey(
        public=PublicKey.from_der(base64.b64decode(public["rawBytes"])), identity="npm", usage=ATTESTATIONS,
        start=parse_time(window["start"]), end=parse_time(window["end"]) if "end" in window else None,
    )  # fmt: skip


def expect(**changes: Any) -> Expectation:
    nothing = dict.fromkeys(
        ("predicate_type", "subjects", "identity", "issuer", "policy_digest", "pipeline_id", "builders", "predicate", "max_age"),
        UNCHECKED,
    )  # fmt: skip
    return Expectation(
        **{**nothing, "usage": ATTESTATIONS, "require_timestamp": False, "require_binding": False, **changes}
    )


def documents(path: Path) -> Iterator[dict[str, Any]]:
    """The bundles and envelopes in a file, however it wraps them."""
    data = path.read_bytes()
    try:
        found = [json.loads(data)]
    except ValueError:
        try:
            found = [json.loads(line) for line in data.splitlines() if line.strip()]
        except ValueError:
            return
    for document in found:
        if isinstance(document, dict):
            for item in [a["bundle"] for a in document["attestations"]] if "attestations" in document else [document]:
                if "dsseEnvelope" in item or "payloadType" in item:
                    yield item


def outcome(document: dict[str, Any], root: bytes, keys: TrustedKeys) -> str:
    """`accepted` or the reason code, with the certificate's own holder as the one who is trusted."""
    data = json.dumps(document).encode()
    try:
        certificates = envelope.read(data).certificates
        trusted = tuple(Identity(*holder(x509.load_der_x509_certificate(item))) for item in certificates[:1])
        name = trusted[0] if trusted else Identity("npm", "")
        verify(
            data, Trust(keys=keys, sigstore_root=root, identities=trusted),
            expect(identity=name.identity, issuer=name.issuer or None), now=datetime.now(UTC),
        )  # fmt: skip
    except Refused as refused:
        return str(refused.code)
    return "accepted"


PUBLISHED = (
    ("sigstore-go", "examples/bundle*.json"),
    ("sigstore-go", "pkg/testing/data/bundles/*"),
    ("slsa-verifier", "**/testdata/**/*"),
)
# What in a file's name says that one of its bundles was broken on purpose → which one, and the reason it is refused for.
BROKEN: Mapping[str, tuple[str, str]] = {
    "invalidsigprov": ("certificate", "bad-signature"),
    "prov-invalid-signature": ("certificate", "bad-signature"),
    "stmt-mismatch-prov": ("certificate", "bad-signature"),
    "mismatch-prov-payloadtype": ("certificate", "payload-type"),
    "invalid-dsse-sig": ("certificate", "malformed"),
    "invalid-set": ("certificate", "malformed"),
    "mismatch-tlog": ("certificate", "untrusted-log"),
    "dsse-2sigs": ("certificate", "signature-count"),
    "/valid.intoto.sigstore": ("certificate", "predicate-type"),  # its statement says none
    "invalidsigpub": ("key", "bad-signature"),
    "publish-invalid-signature": ("key", "bad-signature"),
    "publish-nodigest": ("key", "bad-signature"),
    "publish-nosubjects": ("key", "bad-signature"),
    "stmt-mismatch-pub": ("key", "bad-signature"),
    "mismatch-pub-payloadtype": ("certificate", "payload-type"),
}


def how(document: Mapping[str, Any]) -> str:
    """By what a bundle is signed; a bare envelope brings nothing to verify it with."""
    if "dsseEnvelope" not in document:
        return "nothing"
    return "key" if "publicKey" in document["verificationMaterial"] else "certificate"


def test_what_was_published(public_root: bytes, npm_keys: TrustedKeys, record: Record) -> None:
    found: Counter[tuple[str, str, str]] = Counter()
    for module, pattern in PUBLISHED:
        try:
            folder = source(module)
        except NotBuiltError as error:
            not_run(f"{module}: the published bundles could not be fetched: {error}")
        for path in sorted(path for path in folder.glob(pattern) if path.is_file() and path.stat().st_size < 3 << 20):
            for document in documents(path):
                by = how(document)
                wanted = next(
                    (code for name, (which, code) in BROKEN.items() if name in str(path) and which == by), None
                )
                code = outcome(document, public_root, npm_keys)
                if by == "nothing":
                    assert code in ("malformed", "bad-signature"), path
                else:
                    assert code == (wanted or "accepted"), path
                found[by, envelope.FORMATS.get(str(document.get("mediaType")), "bare envelope"), code] += 1
    for (by, version, code), count in sorted(found.items()):
        record("the gate", f"published, {by}, {version}", f"{code}: {count}")
    assert sum(count for (_, _, code), count in found.items() if code == "accepted") >= 125


def test_the_conformance_suite(public_root: bytes, record: Record) -> None:
    """Bundles with a statement come out as the suite says; those that sign a file directly are refused, all of them."""
    if "SIGSTORE_CONFORMANCE" not in os.environ:
        not_run("Sigstore's conformance suite: set SIGSTORE_CONFORMANCE to a checkout of it")
    cases = Path(os.environ["SIGSTORE_CONFORMANCE"]) / "test/assets/bundle-verify"
    found: Counter[str] = Counter()
    for case in sorted(case for case in cases.iterdir() if case.is_dir()):
        data = (case / "bundle.sigstore.json").read_bytes()
        root = case / "trusted_root.json"
        name = Identity(*(
            (case / part).read_text("utf-8").strip() if (case / part).exists() else default
            for part, default in (("identity", IDENTITY), ("issuer", ISSUER))
        ))  # fmt: skip
        artifact = case / "artifact" if (case / "artifact").exists() else cases / "a.txt"
        expectation = expect(
            subjects=(hashlib.sha256(artifact.read_bytes()).hexdigest(),), identity=name.identity, issuer=name.issuer
        )
        trust = Trust(sigstore_root=root.read_bytes() if root.exists() else public_root, identities=(name,))
        holds_statement = b'"dsseEnvelope"' in data
        try:
            verify(data, trust, expectation, now=datetime.now(UTC))
        except Refused:
            accepted = False
        else:
            accepted = True
        assert accepted == (holds_statement and not case.name.endswith("_fail")), case.name
        found[f"{'statement' if holds_statement else 'file'}: {'accepted' if accepted else 'refused'}"] += 1
    for what, count in sorted(found.items()):
        record(
            "the gate", f"conformance suite, signs a {what.partition(':')[0]}", f"{what.partition(': ')[2]}: {count}"
        )
    assert found["statement: accepted"] >= 3
