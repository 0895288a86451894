"""A small project that releases with a key and keyless, and the bundles that its releases made."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from .clients import Instance, ci, github_job, instance, no_proxy_to_ourselves, node  # noqa: F401 fixtures
from .judging import Tool, tool

GITLAB = ("https://gitlab.com/summit/app//.gitlab-ci.yml@refs/heads/main", "https://gitlab.com")
BUILDKITE = ("https://buildkite.com/summit/app", "https://agent.buildkite.com")
WORKFLOW = "jobs:\n  gate:\n    steps:\n      - run: gate check --base origin/main\n"
GIT = {
    "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull,
    **{f"GIT_{who}_{what}": "test@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
}  # fmt: skip


@dataclass(frozen=True)
class Project:
    """A committed project whose policy trusts a key, and a CI job by its certificate."""

    root: Path
    key: Path
    artifact: Path
    config: Path
    """The ClientTrustConfig of the private Sigstore instance."""

    @property
    def public(self) -> Path:
        return Path(f"{self.key}.pub")

    @property
    def keys(self) -> Path:
        return self.root / "policy/keys.json"

    @property
    def sigstore_root(self) -> Path:
        return self.root / "policy/trusted_root.json"

    def release(self, out: Path, *how: str) -> list[str]:
        """The command line of a release into that folder."""
        return [
            "release", "-C", str(self.root), "--version", "1.0.0", "--artifact", str(self.artifact),
            "--out", str(out / "bundle"), "--archive", str(out / "bundle.tar"), "--quiet", *how,
        ]  # fmt: skip

    def keyless(self, config: Path | None = None) -> tuple[str, ...]:
        return "--keyless", "--trust-config", str(config or self.config)

    def change(self, text: str) -> None:
        """Another gate.yaml, committed."""
        (self.root / "gate.yaml").write_text(text, "utf-8")
        git(self.root, "commit", "-q", "-a", "-m", "policy")


def git(root: Path, *argv: str) -> None:
    subprocess.run(["git", *argv], cwd=root, env={**os.environ, **GIT}, check=True, capture_output=True)


def gate(*argv: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-I", "-m", "gate", *argv], env={**os.environ, **(environment or {})},
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


def gate_yaml(*identities: tuple[str, str]) -> str:
    """The project's gate.yaml; YAML is a superset of JSON."""
    trust = {
        "keys": "policy/keys.json",
        "sigstore_root": "policy/trusted_root.json",
        "identities": [{"identity": identity, "issuer": issuer} for identity, issuer in identities],
    }
    return json.dumps(
        {
            "version": 1, "policy_version": "2026.1", "project": "summit/app", "packs": ["governance", "supply-chain"],
            "trust": trust,
        }
    )  # fmt: skip


@pytest.fixture(scope="session")
def project(instance: Instance, tmp_path_factory: pytest.TempPathFactory) -> Project:  # noqa: F811
    folder = tmp_path_factory.mktemp("interop")
    made = Project(folder / "app", folder / "ci.key", folder / "app-1.0.0.bin", folder / "instance.json")
    (made.root / ".github/workflows").mkdir(parents=True)
    (made.root / "policy").mkdir()
    (made.root / ".github/workflows/gate.yml").write_text(WORKFLOW, "utf-8")
    (made.root / "requirements.txt").write_text(f"attrs==25.4.0 --hash=sha256:{'0' * 64}\n", "utf-8")
    (made.root / "gate.yaml").write_text(gate_yaml((instance.identity, instance.issuer), GITLAB, BUILDKITE), "utf-8")
    made.sigstore_root.write_bytes(instance.trusted_root)
    made.config.write_bytes(instance.trust_config)
    made.artifact.write_bytes(b"the released file")
    assert gate("keys", "new", str(made.key), "--no-passphrase").returncode == 0
    trusted = gate(
        "keys", "trust", str(made.public), "--identity", "ci@summit.example", "--usage", "attestations",
        "--file", str(made.keys), "--start", "2020-01-01T00:00:00Z",
    )  # fmt: skip
    assert trusted.returncode == 0, trusted.stderr
    git(made.root, "init", "-q", "-b", "main")
    git(made.root, "add", "-A")
    git(made.root, "commit", "-q", "-m", "app")
    return made


def released(project: Project, out: Path, *how: str, environment: dict[str, str] | None = None) -> Path:
    done = gate(*project.release(out, *how), environment=environment)
    assert done.returncode == 0, done.stderr
    return out / "bundle"


@pytest.fixture(scope="session")
def by_key(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a release bundle signed with the project's key."""
    return released(project, tmp_path_factory.mktemp("by-key"), "--key", str(project.key))


@pytest.fixture(scope="session")
def by_certificate_v2(project: Project, instance: Instance, tmp_path_factory: pytest.TempPathFactory) -> Path:  # noqa: F811
    """The same, logged by Rekor v2, which gives no time."""
    out = tmp_path_factory.mktemp("by-certificate-v2")
    (config := out / "config.json").write_bytes(instance.config(rekor_version=2))
    return released(project, out, *project.keyless(config), environment=github_job(instance))


@pytest.fixture(scope="session")
def by_certificate(project: Project, instance: Instance, tmp_path_factory: pytest.TempPathFactory) -> Path:  # noqa: F811
    """The folder of a release bundle signed keyless."""
    out = tmp_path_factory.mktemp("by-certificate")
    return released(project, out, *project.keyless(), environment=github_job(instance))


@pytest.fixture(scope="session")
def cosign(tmp_path_factory: pytest.TempPathFactory) -> Tool:
    return tool("cosign", tmp_path_factory.mktemp("cosign"))


@pytest.fixture(scope="session")
def slsa_verifier(tmp_path_factory: pytest.TempPathFactory) -> Tool:
    return tool("slsa-verifier", tmp_path_factory.mktemp("slsa-verifier"))


@pytest.fixture
def record(request: pytest.FixtureRequest) -> Callable[[str, str, str], None]:
    """Puts a row into the table that is printed at the end: client, what it judged, and the result."""
    return lambda client, what, result: request.node.user_properties.append(("interop", (client, what, result)))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The table of `make interop`: who judged what, and what came of it."""
    rows = [
        (value, report.outcome)
        for outcome in ("passed", "failed")
        for report in terminalreporter.stats.get(outcome, [])
        for name, value in getattr(report, "user_properties", ())
        if name == "interop" and report.when == "call"
    ]
    if not any("/matrix_" in report.nodeid for report in terminalreporter.stats.get("passed", [])):
        return
    terminalreporter.section("who judged what, and what came of it")
    for (client, what, result), _ in sorted(rows):
        terminalreporter.line(f"{client:<45} {what:<55} {result}")
