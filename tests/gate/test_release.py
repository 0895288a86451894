"""A release from committed sources to a verified bundle, and everything that must stop it."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from attestations import envelope, statements
from attestations.trust import PublicKey

Git = Callable[..., str]
CONFIG = """
version: 1
policy_version: "2026.1"
project: shop
packs: [governance, supply-chain]
trust: {keys: policy/keys.json}
"""
WORKFLOW = "jobs:\n  gate:\n    steps:\n      - run: gate check --base origin/main\n"
REQUIREMENTS = "flask==3.0.0 --hash=sha256:" + "ab" * 32 + "\n"


@dataclass(frozen=True)
class Shop:
    """A committed project with a trusted key and an artifact beside it."""

    root: Path
    key: Path
    artifact: Path

    def gate(self, *argv: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-I", "-m", "gate", *argv], cwd=self.root, env={**os.environ, **(environment or {})},
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip

    def release(
        self, out: str, *more: str, environment: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        return self.gate(
            "release", "--version", "1.0", "--artifact", str(self.artifact), "--out", f"../{out}", "--key", str(self.key), *more,
            environment=environment,
        )  # fmt: skip

    def verify(self, out: str, *more: str) -> subprocess.CompletedProcess[str]:
        return self.gate("verify", f"../{out}", "--trusted-keys", "policy/keys.json", *more)


@pytest.fixture
def shop(tmp_path: Path, git: Git) -> Shop:
    root = tmp_path / "shop"
    (root / ".github" / "workflows").mkdir(parents=True)
    (root / "policy").mkdir()
    (root / "gate.yaml").write_text(CONFIG, "utf-8")
    (root / ".github" / "workflows" / "gate.yml").write_text(WORKFLOW, "utf-8")
    (root / "requirements.txt").write_text(REQUIREMENTS, "utf-8")
    artifact = tmp_path / "shop-1.0.tar"
    artifact.write_bytes(b"the artifact\n")
    found = Shop(root, tmp_path / "ci.key", artifact)
    assert found.gate("keys", "new", str(found.key), "--no-passphrase").returncode == 0
    trusted = found.gate(
        "keys", "trust", f"{found.key}.pub", "--identity", "ci@shop.example", "--usage", "attestations", "--file", "policy/keys.json"
    )  # fmt: skip
    assert trusted.returncode == 0, trusted.stderr
    git(root, "init", "-q", "-b", "main")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "shop")
    return found


def test_a_clean_release_is_allowed_signed_and_verified(shop: Shop) -> None:
    github = {
        "GITHUB_ACTIONS": "true", "GITHUB_SERVER_URL": "https://github.example", "GITHUB_REPOSITORY": "shop/shop",
        "GITHUB_RUN_ID": "42", "GITHUB_RUN_ATTEMPT": "2",
    }  # fmt: skip
    done = shop.release("bundle", "--output", "json", environment=github)

    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    document = json.loads(done.stdout)
    assert document["releasable"]
    assert document["pipeline"]["id"] == "https://github.example/shop/shop/actions/runs/42/attempts/2"
    checked = shop.verify("bundle", "--artifact", str(shop.artifact), "--json")
    assert checked.returncode == 0, checked.stdout
    report = json.loads(checked.stdout)["targets"][0]
    assert (report["verdict"], report["facts"]["signer"]) == ("PASSED", "ci@shop.example")
    assert document["policy"]["digest"] in report["facts"].values()
    assert shop.verify("bundle", "--policy-digest", document["policy"]["digest"]).returncode == 0
    assert shop.verify("bundle", "--policy-digest", "0" * 64).returncode == 1
    other = shop.artifact.with_name("other.tar")
    other.write_bytes(b"another artifact\n")
    assert shop.verify("bundle", "--artifact", str(other)).returncode == 1


def test_a_blocked_release_is_on_record_and_never_passes(shop: Shop) -> None:
    (shop.root / "new.txt").write_text("not committed\n", "utf-8")
    done = shop.release("bundle")

    assert done.returncode == 1
    assert "new.txt differs from the commit" in done.stdout
    checked = shop.verify("bundle")
    assert checked.returncode == 1
    assert checked.stdout.startswith("AUTHENTIC, BUT NOT PASSED")


def test_a_release_under_another_clock_is_not_releasable(shop: Shop) -> None:
    done = shop.release("bundle", "--as-of", "2030-01-01T00:00:00Z")

    assert done.returncode == 1
    assert "2030-01-01" in done.stdout
    assert "not releasable" in done.stdout
    decision = json.loads((shop.root.parent / "bundle" / "data" / "decision.json").read_text("utf-8"))
    assert (decision["verdict"], decision["as_of_overridden"], decision["releasable"]) == ("allowed", True, False)
    assert shop.verify("bundle").returncode == 1


@pytest.mark.parametrize(
    ("name", "break_it", "code", "said"),
    [
        ("manifest that can't be read", lambda s: (s.root / "requirements.txt").write_text("<<<<<<< HEAD\nflask\n", "utf-8"), 1, "requirements.txt"),
        ("no manifest at all", lambda s: (s.root / "requirements.txt").unlink(), 2, "SBOM"),
        ("key readable by others", lambda s: s.key.chmod(0o644), 2, "chmod 600"),
        ("key that nobody trusts", lambda s: (s.key.unlink(), s.gate("keys", "new", str(s.key), "--no-passphrase")), 2, "is not trusted"),
        ("key file that is none", lambda s: s.key.write_text("nothing", "utf-8"), 2, "ci.key"),
        ("artifact missing", lambda s: s.artifact.unlink(), 2, "no such file"),
        ("artifact empty", lambda s: s.artifact.write_bytes(b""), 2, "is empty"),
        ("artifact is a folder", lambda s: (s.artifact.unlink(), s.artifact.mkdir()), 2, "not a regular file"),
        ("out exists", lambda s: (s.root.parent / "bundle").mkdir(), 2, "already exists"),
        ("policy broken", lambda s: (s.root / "gate.yaml").write_text(CONFIG + "x: 1\n", "utf-8"), 2, "unknown key 'x'"),
    ],
)  # fmt: skip
def test_what_stops_a_release_leaves_no_half_bundle(
    shop: Shop, git: Git, name: str, break_it: Callable[[Shop], object], code: int, said: str
) -> None:
    break_it(shop)
    git(shop.root, "add", "-A")
    git(shop.root, "commit", "-q", "--allow-empty", "-m", "broken")
    done = shop.release("bundle")

    assert done.returncode == code, done.stdout + done.stderr
    assert said in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    if code == 2:
        assert len(done.stderr.splitlines()) == 1
        assert done.stdout == ""
        assert not (shop.root.parent / "bundle" / "data").exists()
    assert [p.name for p in shop.root.parent.iterdir() if p.name.startswith(".bundle")] == []


def test_an_attestation_from_elsewhere_must_verify(shop: Shop) -> None:
    assert shop.release("first").returncode == 0
    good = shop.root.parent / "good.sigstore.json"
    good.write_bytes((shop.root.parent / "first" / "data" / "attestations" / "sbom.sigstore.json").read_bytes())
    bad = shop.root.parent / "bad.sigstore.json"
    bad.write_text(good.read_text("utf-8").replace('"payload":"e', '"payload":"f', 1), "utf-8")

    assert shop.release("second", "--attestation", str(good)).returncode == 0
    done = shop.release("third", "--attestation", str(bad))
    assert done.returncode == 1
    assert "SUP003" in done.stdout


BUILDER = "https://github.com/actions/runner/github-hosted"


def provenance(shop: Shop, version: str, *, of: bytes | None = None) -> Path:
    """Provenance as a build service signs it: about the artifact, and bound to no policy of ours."""
    sha256 = hashlib.sha256(of if of is not None else shop.artifact.read_bytes()).hexdigest()
    builder = {"id": BUILDER}
    predicate = {
        "v1": {"buildDefinition": {"buildType": "https://actions.github.io/buildtypes/workflow/v1", "externalParameters": {}}, "runDetails": {"builder": builder}},
        "v0.2": {"builder": builder, "buildType": "https://github.com/slsa-framework/slsa-github-generator/generic@v1"},
    }[version]  # fmt: skip
    statement = {
        "_type": "https://in-toto.io/Statement/v1", "subject": [{"name": shop.artifact.name, "digest": {"sha256": sha256}}],
        "predicateType": f"https://slsa.dev/provenance/{version}", "predicate": predicate,
    }  # fmt: skip
    path = shop.root.parent / f"build-{version}.sigstore.json"
    payload, key = json.dumps(statement).encode(), load_pem_private_key(shop.key.read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    sig = key.sign(envelope.pae(statements.PAYLOAD_TYPE, payload), ec.ECDSA(SHA256()))
    path.write_bytes(
        envelope.write_bundle(payload=payload, payload_type=statements.PAYLOAD_TYPE, sig=sig, keyid=PublicKey.of(key.public_key()).keyid)
    )  # fmt: skip
    return path


@pytest.mark.parametrize("version", ["v1", "v0.2"])
def test_provenance_of_a_build_service_counts_when_its_signer_may_speak_for_the_builder(
    shop: Shop, git: Git, version: str
) -> None:
    given = provenance(shop, version)
    done = shop.release("before", "--attestation", str(given))
    assert done.returncode == 1
    assert "builder-not-allowed" in done.stdout
    assert "trust.builders" in done.stdout

    builders = f"[{{signer: ci@shop.example, builder: {BUILDER}}}]"
    (shop.root / "gate.yaml").write_text(CONFIG.replace("keys.json}", f"keys.json, builders: {builders}}}"), "utf-8")
    git(shop.root, "commit", "-q", "-am", "the build service may speak for its runner")
    done = shop.release("bundle", "--attestation", str(given))
    assert done.returncode == 0, done.stdout
    assert shop.verify("bundle").returncode == 0

    done = shop.release("other", "--attestation", str(provenance(shop, version, of=b"another artifact")))
    assert done.returncode == 1
    assert "subject-mismatch" in done.stdout


def test_an_encrypted_key_needs_its_passphrase(shop: Shop, git: Git) -> None:
    secret = {"GATE_KEY_PASSPHRASE": "correct horse"}
    key = shop.root.parent / "second.key"
    assert shop.gate("keys", "new", str(key), environment=secret).returncode == 0
    assert key.stat().st_mode & 0o777 == 0o600
    assert b"ENCRYPTED" in key.read_bytes()
    shop.gate(
        "keys",
        "trust",
        f"{key}.pub",
        "--identity",
        "second@shop.example",
        "--usage",
        "attestations",
        "--file",
        "policy/keys.json",
    )
    git(shop.root, "commit", "-qam", "trust a second key")
    changed = Shop(shop.root, key, shop.artifact)

    refused = changed.release("bundle", environment={"GATE_KEY_PASSPHRASE": "wrong"})
    assert refused.returncode == 2
    assert "wrong" not in refused.stderr.replace("wrong passphrase", "")
    assert changed.release("bundle").returncode == 2
    assert changed.release("bundle", environment=secret).returncode == 0
    assert json.loads(shop.verify("bundle", "--json").stdout)["targets"][0]["facts"]["signer"] == "second@shop.example"


def test_a_retired_key_signs_no_release_and_keys_are_listed(shop: Shop, git: Git) -> None:
    listed = shop.gate("keys", "list", "--file", "policy/keys.json").stdout
    keyid = listed.split()[0]
    assert "ci@shop.example" in listed
    assert shop.gate("keys", "retire", keyid, "--file", "policy/keys.json").returncode == 0
    git(shop.root, "commit", "-qam", "retire the key")
    done = shop.release("bundle")

    assert done.returncode in (2, 3)
    assert not (shop.root.parent / "bundle").exists()


def test_verifying_without_trust_is_a_usage_error_and_never_trusts_the_bundle(shop: Shop) -> None:
    assert shop.release("bundle").returncode == 0
    outside = subprocess.run(
        [sys.executable, "-I", "-m", "gate", "verify", "bundle"], cwd=shop.root.parent, capture_output=True, text=True, check=False
    )  # fmt: skip

    assert outside.returncode == 2
    assert "whose signatures count" in outside.stderr
