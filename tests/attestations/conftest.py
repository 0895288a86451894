"""What the attestation tests share: a key and its trust, and statements of every kind."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from attestations import predicates, statements
from attestations.signers.key import signer_for
from attestations.signers.managed import ManagedSigner
from attestations.signers.sigstore import SigstoreSigner, load_sigstore
from attestations.statements import Binding, Subject
from attestations.trust import ATTESTATIONS, Trust, TrustedKey, TrustedKeys
from attestations.verify import UNCHECKED, Expectation, Verified, verify

from ..interop.clients import ci, instance, no_proxy_to_ourselves, node  # noqa: F401 fixtures
from .holders import bound_to

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
START = NOW - timedelta(days=300)
IDENTITY = "release-manager@summit.example"
ARTIFACT = hashlib.sha256(b"the released file").hexdigest()
POLICY = hashlib.sha256(b"the policy").hexdigest()
PIPELINE = "https://github.com/summit/app/actions/runs/42/attempts/1"
BUILDER = statements.BUILDERS["key"]


@dataclass(frozen=True)
class Bench:
    """A signer, the trust its readers have, a provenance bundle, and the strictest expectation that it meets.

    It also carries the makers of this file, since test modules do not import each other.
    """

    signer: ManagedSigner
    trust: Trust
    bundle: bytes
    now: datetime = NOW
    start: datetime = START
    identity: str = IDENTITY
    artifact: str = ARTIFACT
    policy: str = POLICY
    pipeline: str = PIPELINE
    builder: str = BUILDER

    binding = staticmethod(lambda **changes: binding(**changes))
    provenance = staticmethod(lambda *bound, **at: provenance(*bound, **at))
    every_kind = staticmethod(lambda bound: every_kind(bound))
    new_signer = staticmethod(lambda *identity, **options: new_signer(*identity, **options))
    trusted = staticmethod(lambda *signers, **window: trusted(*signers, **window))

    def expect(self, **changes: Any) -> Expectation:
        values: dict[str, Any] = {
            "predicate_type": statements.SLSA_PROVENANCE,
            "subjects": (ARTIFACT,),
            "usage": ATTESTATIONS,
            "identity": IDENTITY,
            "issuer": None,
            "policy_digest": POLICY,
            "pipeline_id": PIPELINE,
            "builders": frozenset({(IDENTITY, BUILDER)}),
            "predicate": {("buildDefinition", "buildType"): "https://summit.example/build/v1"},
            "max_age": timedelta(days=1),
            "require_timestamp": False,
            "require_binding": True,
        }
        return Expectation(**(values | changes))

    def anything(self, **changes: Any) -> Expectation:
        """Expect nothing but a signature that verifies."""
        open_to: dict[str, Any] = dict.fromkeys(
            (
                "predicate_type",
                "subjects",
                "identity",
                "issuer",
                "policy_digest",
                "pipeline_id",
                "builders",
                "predicate",
                "max_age",
            ),
            UNCHECKED,
        )
        return self.expect(**(open_to | {"require_binding": False} | changes))

    def verify(self, bundle: bytes, *, trust: Trust | None = None, now: datetime = NOW, **changes: Any) -> Verified:
        return verify(bundle, trust or self.trust, self.expect(**changes), now=now)


def new_signer(identity: str = IDENTITY, **options: Any) -> ManagedSigner:
    return signer_for(ec.generate_private_key(ec.SECP256R1()), identity, **options)


def trusted(
    *signers: ManagedSigner, usage: str = ATTESTATIONS, start: datetime = START, end: datetime | None = None
) -> TrustedKeys:
    return TrustedKeys(
        tuple(
            TrustedKey(public=signer.public, identity=signer.identity, usage=usage, start=start, end=end)
            for signer in signers
        )
    )


def binding(**changes: str) -> Binding:
    values = {
        "policy_version": "2026.11.1",
        "policy_digest": POLICY,
        "pipeline_id": PIPELINE,
        "signer_identity": IDENTITY,
    }
    return Binding(**(values | changes))


def provenance(bound: Binding | None = None, *, at: datetime = NOW) -> bytes:
    return predicates.provenance(
        subjects=[Subject(name="app.whl", sha256=ARTIFACT)],
        binding=bound or binding(),
        builder_id=BUILDER,
        build_type="https://summit.example/build/v1",
        parameters={"source": {"uri": "git+https://git.summit.example/app", "ref": "refs/heads/main"}},
        dependencies=[
            predicates.ResourceDescriptor(uri="git+https://git.summit.example/app", digest={"gitCommit": "c" * 40})
        ],
        started_at=at - timedelta(minutes=3),
        finished_at=at,
    )


def every_kind(bound: Binding) -> dict[str, bytes]:
    """One statement of each kind that must be bound."""
    about = [Subject(name="app.whl", sha256=ARTIFACT)]
    return {
        statements.SLSA_PROVENANCE: provenance(bound),
        statements.VSA: predicates.verification_summary(
            subjects=about,
            binding=bound,
            verifier_id=BUILDER,
            tool_version="0.1.0",
            verified_at=NOW,
            resource_uri="pkg:generic/app@1.2.3",
            passed=True,
            levels=["TENANTGATE_RELEASE"],
        ),
        statements.TEST_RESULT: predicates.test_result(
            subjects=about, binding=bound, passed=["DRL001"], warned=["PRG002"], failed=[], finished_at=NOW
        ),
        statements.SVR: predicates.simple_verification(
            subjects=about, binding=bound, verifier_id=BUILDER, created_at=NOW, properties=["TENANTS_APART"]
        ),
        statements.CYCLONEDX: predicates.sbom_statement(
            subjects=about,
            binding=bound,
            sbom={
                "bomFormat": "CycloneDX",
                "specVersion": "1.6",
                "version": 1,
                "metadata": {
                    "timestamp": "2026-11-21T12:00:00Z",
                    "properties": [{"name": "other:thing", "value": "kept"}],
                },
            },
        ),
    }


@pytest.fixture(scope="session")
def bench() -> Bench:
    signer = new_signer()
    return Bench(signer=signer, trust=Trust(keys=trusted(signer)), bundle=signer.sign(provenance()))


@pytest.fixture
def keyless(ci: Any) -> SigstoreSigner:  # noqa: F811 the fixture
    return load_sigstore(trust_config=ci.trust_config)


@pytest.fixture
def bundle(bench: Any, keyless: SigstoreSigner, ci: Any) -> bytes:  # noqa: F811 the fixture
    """Provenance that the CI job signed keyless."""
    return keyless.sign(bench.provenance(bound_to(bench, ci), at=datetime.now(UTC)))
