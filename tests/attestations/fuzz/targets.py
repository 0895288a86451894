"""What hostile bytes are given to, and what must hold whatever they are: a refusal with a reason, or what was signed.

A target takes bytes and raises AssertionError, or lets something else than the refusal it promises escape, when there
is a fault. Seeds are good inputs to start from.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from attestations import envelope, predicates, statements, strict_json
from attestations.refusal import Reason, Refused
from attestations.signers.key import signer_for
from attestations.statements import Binding, Subject
from attestations.timestamps import verified_time
from attestations.trust import (
    ATTESTATIONS,
    Identity,
    PublicKey,
    Trust,
    TrustedKey,
    TrustedKeys,
    load_trusted_keys,
)
from attestations.verify import UNCHECKED, Expectation, Verified, verify
from gate.bundle import archive, bag
from gate.bundle.checking import Question, check_files
from gate.bundle.refusal import BundleError
from gate.bundle.single import check_attestations

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
Change = Callable[[Any], Any]


@dataclass(frozen=True)
class Material:
    """Good bundles of every kind, and the trust under which they verify."""

    trust: Trust
    bundles: Mapping[str, bytes]
    payloads: frozenset[bytes]

    @property
    def root(self) -> bytes:
        assert self.trust.sigstore_root is not None
        return self.trust.sigstore_root


@cache
def material() -> Material:
    """With a key of this moment; the keyless ones were made once by the private instance of the tests (seeds.json)."""
    kept = json.loads(Path(__file__).with_name("seeds.json").read_bytes())
    signer = signer_for(ec.generate_private_key(ec.SECP256R1()), "release-manager@summit.example")
    bound = Binding(
        policy_version="1", policy_digest="a" * 64, pipeline_id="local", signer_identity=signer.identity
    )  # fmt: skip
    about = [Subject(name="app.whl", sha256="b" * 64)]
    own = {
        "vsa": predicates.verification_summary(
            subjects=about, binding=bound, verifier_id=statements.BUILDERS["key"], tool_version="0.1.0", verified_at=NOW,
            resource_uri="pkg:generic/app@1.2.3", passed=True, levels=["TENANTGATE_RELEASE"],
        ),
        "test-result": predicates.test_result(
            subjects=about, binding=bound, passed=["A"], warned=[], failed=["B"], finished_at=NOW
        ),
        "sbom": predicates.sbom_statement(
            subjects=about, binding=bound, sbom={"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1}
        ),
        "evidence": predicates.evidence_statement("note", {"id": "one"}),
    }  # fmt: skip
    bundles = {name: signer.sign(payload) for name, payload in own.items()}
    bundles |= {name: strict_json.dumps(kept[name]) for name in ("keyless", "tiled", "stamped")}
    bundles["bare"] = envelope.bare_envelope(bundles["vsa"]).strip()
    stamping = PublicKey.from_pem(kept["stampedKey"].encode())
    keys = TrustedKeys(tuple(
        TrustedKey(public=public, identity=identity, usage=ATTESTATIONS, start=NOW - timedelta(days=300))
        for public, identity in ((signer.public, signer.identity), (stamping, "stamped@summit.example"))
    ))  # fmt: skip
    return Material(
        trust=Trust(
            keys=keys, sigstore_root=strict_json.dumps(kept["trustedRoot"]),
            identities=(Identity(kept["identity"], kept["issuer"]),),
        ),
        bundles=bundles,
        payloads=frozenset(envelope.read(data).envelope.payload for data in bundles.values()),
    )  # fmt: skip


def anything(**changes: Any) -> Expectation:
    open_to = dict.fromkeys(
        ("predicate_type", "subjects", "identity", "issuer", "policy_digest", "pipeline_id", "builders", "predicate", "max_age"),
        UNCHECKED,
    )  # fmt: skip
    return Expectation(
        **{**open_to, "usage": ATTESTATIONS, "require_timestamp": False, "require_binding": False, **changes}
    )


def judged(data: bytes, trust: Trust) -> Verified | None:
    """What `verify` accepts, which only what was signed may be; None when it refuses with a reason."""
    try:
        found = verify(data, trust, anything(), now=NOW)
    except Refused as refused:
        assert refused.code in Reason
        assert refused.message.isprintable(), refused.message
        return None
    assert found.payload in material().payloads, "accepted what nobody signed"
    assert found.signer_identity in {key.identity for key in (trust.keys.keys if trust.keys else ())} | {
        name.identity for name in trust.identities
    }
    return found


def bundle(data: bytes) -> None:
    """And what was read is what any other JSON parser reads."""
    try:
        read = envelope.read(data)
    except Refused:
        pass
    else:
        document = json.loads(data)
        seen = document if read.format == "dsse" else document["dsseEnvelope"]
        assert (base64.b64decode(seen["payload"]), seen["payloadType"]) == (
            read.envelope.payload,
            read.envelope.payload_type,
        )
        assert [(base64.b64decode(item["sig"]), item.get("keyid") or "") for item in seen["signatures"] or ()] == [
            (item.sig, item.keyid) for item in read.envelope.signatures
        ]
    judged(data, material().trust)


def statement(data: bytes) -> None:
    """The same bytes as the payload that a trusted key signed: nothing but a refusal may come of a bad shape."""
    try:
        document = statements.parse(data)
    except Refused:
        return
    for read in (statements.read_binding, statements.builder_of, statements.claimed_time):
        try:
            read(document)
        except Refused as refused:
            assert refused.code in Reason


def trusted_keys(data: bytes) -> None:
    try:
        keys = load_trusted_keys(data)
    except Refused as refused:
        assert refused.code in Reason
        return
    assert load_trusted_keys(keys.dump()) == keys
    judged(material().bundles["vsa"], Trust(keys=keys))


def trusted_root(data: bytes) -> None:
    trust = material().trust
    for name in ("keyless", "tiled", "stamped"):
        judged(material().bundles[name], Trust(keys=trust.keys, sigstore_root=data, identities=trust.identities))


def in_keyless(change: Callable[[dict[str, Any], str], None]) -> Callable[[bytes], None]:
    """A target that puts the bytes, in Base64, somewhere into the keyless bundle."""

    def target(data: bytes) -> None:
        document = json.loads(material().bundles["keyless"])
        change(document, base64.b64encode(data).decode())
        judged(strict_json.dumps(document), material().trust)

    return target


certificate = in_keyless(lambda d, text: d["verificationMaterial"]["certificate"].update(rawBytes=text))
log_body = in_keyless(lambda d, text: d["verificationMaterial"]["tlogEntries"][0].update(canonicalizedBody=text))


def timestamp(data: bytes) -> None:
    signature = envelope.read(material().bundles["stamped"]).envelope.signatures[0].sig
    try:
        time = verified_time(data, signature, material().root)
    except Refused as refused:
        assert refused.code in Reason
    else:
        assert time == _stamped_at(), "another time"


@cache
def _stamped_at() -> datetime:
    read = envelope.read(material().bundles["stamped"])
    return verified_time(read.timestamps[0], read.envelope.signatures[0].sig, material().root)


def tar(data: bytes) -> None:
    """An archive that is accepted is, byte for byte, the one that would be made of its files."""
    try:
        folder, files = archive.read(io.BytesIO(data), len(data))
    except BundleError as refused:
        assert refused.code
        return
    assert b"".join(archive.members(folder, sorted(files.items()))) == data


def attestation_file(data: bytes) -> None:
    """`gate verify FILE`: a report, whatever the file holds."""
    for report in check_attestations(data, "file", material().trust, Question(now=NOW)):
        assert report.checks


@cache
def bagged() -> dict[str, bytes]:
    """A bag with a seal that verifies, though it holds no release."""
    files = bag.bagged({"data/a.json": b"{}", "data/b/c.txt": b"text"}, organization="app", label="app-1", made=NOW)
    return {**files, bag.SIGNATURE: material().bundles["vsa"]}


def bag_file(data: bytes) -> None:
    """The bytes in the place of each file of a bag in turn: never a pass, always a report."""
    for name in bagged():
        report = check_files({**bagged(), name: data}, material().trust, Question(now=NOW), target="bag")
        assert not report.passed


@dataclass(frozen=True)
class Target:
    """`json` says that its seeds are documents, which can also be changed in their structure."""

    run: Callable[[bytes], None]
    seeds: Callable[[], Sequence[bytes]]
    json: bool


def _decoded(*path: Any) -> bytes:
    value: Any = json.loads(material().bundles["keyless"])["verificationMaterial"]
    for part in path:
        value = value[part]
    return base64.b64decode(value)


TARGETS: Mapping[str, Target] = {
    "bundle": Target(bundle, lambda: tuple(material().bundles.values()), json=True),
    "statement": Target(statement, lambda: tuple(material().payloads), json=True),
    "trusted-keys": Target(trusted_keys, lambda: (material().trust.keys.dump(),), json=True),  # type: ignore[union-attr]
    "trusted-root": Target(trusted_root, lambda: (material().root,), json=True),
    "certificate": Target(certificate, lambda: (_decoded("certificate", "rawBytes"),), json=False),
    "log-body": Target(log_body, lambda: (_decoded("tlogEntries", 0, "canonicalizedBody"),), json=True),
    "timestamp": Target(
        timestamp,
        lambda: (_decoded("timestampVerificationData", "rfc3161Timestamps", 0, "signedTimestamp"),
                 envelope.read(material().bundles["stamped"]).timestamps[0]),
        json=False,
    ),
    "archive": Target(tar, lambda: (b"".join(bag.pack(bagged())),), json=False),
    "attestation-file": Target(
        attestation_file, lambda: (*material().bundles.values(), b"\n".join(material().bundles.values())), json=True
    ),
    "bag-file": Target(bag_file, lambda: tuple(bagged().values()), json=False),
}  # fmt: skip
