"""A release signed keyless, over HTTP, by a private Sigstore instance; and that nothing of it can fail into a pass."""

from __future__ import annotations

import json
import os
import socket
import stat
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from attestations import timestamps
from attestations.signers import sigstore
from gate import cli, run

from .clients import CI_VARIABLES, Instance
from .conftest import BUILDKITE, GITLAB, Project, gate_yaml

Prepare = Callable[[Instance, pytest.MonkeyPatch], None]


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Neither a socket nor a home folder to cache things in."""

    def refuse(*_: object) -> None:
        raise AssertionError("no network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    (home := tmp_path / "home").mkdir()
    for name in ("HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(home))
    return home


def asked(project: Project, instance: Instance, **changes: str) -> list[str]:
    values = {"trusted-root": str(project.sigstore_root), "identity": instance.identity, "issuer": instance.issuer}
    return [f"--{name}={value}" for name, value in (values | changes).items()]


@pytest.mark.parametrize("log", ["by_certificate", "by_certificate_v2"])
def test_it_verifies_offline_for_its_identity_alone(
    project: Project, instance: Instance, log: str, request: Any, offline: Path, capsys: Any
) -> None:
    by_certificate: Path = request.getfixturevalue(log)
    target = str(by_certificate)
    verify = ["verify", target, "--artifact", str(project.artifact)]

    assert cli.run([*verify, *asked(project, instance)]) == 0
    assert f"pipeline {instance.run}" in capsys.readouterr().out
    assert cli.run(["verify", str(by_certificate.with_name("bundle.tar")), *asked(project, instance)]) == 0
    assert cli.run(["replay", target, *asked(project, instance)]) == 0
    for path in sorted((by_certificate / "data/attestations").glob("*.json")):
        assert cli.run(["verify", str(path), *asked(project, instance)]) == 0
    assert list(offline.iterdir()) == []
    for changes in (
        {"identity": instance.identity[:-1]},
        {"identity": instance.identity + "x"},
        {"identity": instance.identity.upper()},
        {"identity": instance.identity.replace("release.yml", "release.yml@x")},
        {"identity": ".*"},
        {"issuer": instance.issuer + "/"},
        {"issuer": "https://gitlab.com"},
        {"identity": instance.issuer, "issuer": instance.identity},
    ):
        capsys.readouterr()
        assert cli.run([*verify, *asked(project, instance, **changes)]) == 1
        assert "identity-mismatch" in capsys.readouterr().out
    assert cli.run(["verify", target, "--trusted-keys", str(project.keys)]) == 1
    assert "no-trust" in capsys.readouterr().out


def test_another_instances_root_is_not_ours(
    project: Project, instance: Instance, by_certificate: Path, tmp_path: Path, capsys: Any
) -> None:
    from sigstore._internal.tuf import DEFAULT_TUF_URL
    from sigstore._utils import read_embedded

    other = tmp_path / "root.json"
    other.write_bytes(read_embedded("trusted_root.json", DEFAULT_TUF_URL))
    assert cli.run(["verify", str(by_certificate), *asked(project, instance, **{"trusted-root": str(other)})]) == 1
    assert "untrusted-log" in capsys.readouterr().out


def moved_clock(hours: int) -> Prepare:
    def prepare(_: Instance, patch: pytest.MonkeyPatch) -> None:
        real = run.clock

        def clock(as_of: str | None) -> tuple[datetime, bool]:
            now, overridden = real(as_of)
            return now + timedelta(hours=hours), overridden

        patch.setattr(run, "clock", clock)

    return prepare


def environment(**variables: str | None) -> Prepare:
    def prepare(instance: Instance, patch: pytest.MonkeyPatch) -> None:
        for name, value in variables.items():
            if value is None:
                patch.delenv(name)
            else:
                patch.setenv(
                    name, value.replace("URL", instance.url).replace("GARBAGE", instance.misbehaving["garbage"])
                )

    return prepare


def impatient(_: Instance, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(sigstore, "TIMEOUT", 1)
    patch.setattr(timestamps, "TIMEOUT", 1)


def as_it_is(_: Instance, __: pytest.MonkeyPatch) -> None:
    pass


# what is wrong: where each service is asked, what else to prepare, and what the one line says
FAULTS: dict[str, tuple[dict[str, Any], Prepare, str]] = {
    **{f"Fulcio: {mode}": ({"fulcio": mode}, as_it_is, "no signing certificate from Sigstore: ") for mode in (
        "500", "429", "redirect", "garbage", "empty", "object", "cut", "close", "noise")},
    "Fulcio: hang": ({"fulcio": "hang"}, impatient, "ReadTimeout"),
    "Fulcio: another certificate authority": ({"fulcio": "other"}, as_it_is, "untrusted-certificate"),
    "Fulcio: somebody else's certificate": ({"fulcio": "impostor"}, as_it_is, "identity-mismatch"),
    "Fulcio: nobody there": ({"fulcio": "down"}, as_it_is, "no signing certificate"),
    **{f"Rekor: {mode}": ({"rekor": mode}, as_it_is, "Sigstore did not sign: ") for mode in (
        "500", "429", "redirect", "garbage", "empty", "object", "cut", "close", "noise")},
    "Rekor: nobody there": ({"rekor": "down"}, as_it_is, "Sigstore did not sign"),
    "Rekor: hang": ({"rekor": "hang"}, impatient, "ReadTimeout"),
    "Rekor: another log": ({"rekor": "other"}, as_it_is, "untrusted-log"),
    "Rekor: another's entry": ({"rekor": "replay"}, as_it_is, "untrusted-log"),
    **{f"Rekor v2: {mode}": ({"rekor": mode, "rekor_version": 2}, as_it_is, "Sigstore did not sign: ") for mode in (
        "500", "garbage", "object", "cut", "close", "down")},
    "Rekor v2: hang": ({"rekor": "hang", "rekor_version": 2}, impatient, "ReadTimeout"),
    "Rekor v2: another log": ({"rekor": "other", "rekor_version": 2}, as_it_is, "untrusted-log"),
    "Rekor v2: another's entry": ({"rekor": "replay", "rekor_version": 2}, as_it_is, "untrusted-log"),
    "Rekor v2: no authority for the time": ({"rekor_version": 2, "tsa": "none"}, as_it_is, "signed timestamp(s)"),
    **{f"TSA: {mode}": ({"tsa": mode}, as_it_is, "timestamp") for mode in (
        "500", "429", "redirect", "garbage", "empty", "object", "cut", "close", "noise")},
    "TSA: nobody there": ({"tsa": "down"}, as_it_is, "no timestamp"),
    "TSA: hang": ({"tsa": "hang"}, impatient, "no timestamp: "),
    "TSA: another authority": ({"tsa": "other"}, as_it_is, "untrusted-timestamp"),
    "TSA: another's timestamp": ({"tsa": "replay"}, as_it_is, "another nonce"),
    "OIDC: no permission": ({}, environment(ACTIONS_ID_TOKEN_REQUEST_TOKEN=None), "missing or insufficient OIDC token"),
    "OIDC: refused": ({}, environment(ACTIONS_ID_TOKEN_REQUEST_TOKEN="stolen"), "OIDC token request failed"),
    "OIDC: expired": ({}, environment(ACTIONS_ID_TOKEN_REQUEST_URL="URL/oidc?expires=-3600"), "Signature has expired"),
    "OIDC: garbage": ({}, environment(ACTIONS_ID_TOKEN_REQUEST_URL="GARBAGE/oidc"), "OIDC token request failed"),
    "OIDC: no CI": ({}, environment(GITHUB_ACTIONS=None), "no identity: run in a CI job"),
    "OIDC: a token for others": ({}, lambda i, p: environment(
        GITHUB_ACTIONS=None, GITLAB_CI="1", SIGSTORE_ID_TOKEN=i.token(audience="vault"))(i, p), "audience claim mismatch"),
    "clock: a day ahead": ({}, moved_clock(24), "future-time"),
    "clock: a day behind": ({}, moved_clock(-24), "future-time"),
}  # fmt: skip


@pytest.mark.parametrize(("services", "prepare", "says"), FAULTS.values(), ids=FAULTS)
def test_what_fails_is_one_line_and_leaves_nothing(
    project: Project, ci: Instance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any,
    services: dict[str, Any], prepare: Prepare, says: str,
) -> None:  # fmt: skip
    config = tmp_path / "config.json"
    config.write_bytes(ci.config(**services))
    (out := tmp_path / "out").mkdir()
    prepare(ci, monkeypatch)

    code = cli.run(project.release(out, *project.keyless(config)))

    said = capsys.readouterr()
    assert code == 3, said
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert says in said.err
    assert "test-request-token" not in said.err
    assert "eyJ" not in said.err, "an identity token"
    assert list(out.iterdir()) == []


@pytest.mark.parametrize(
    ("config", "says"),
    [
        (None, "no such file"),
        (b"", "not usable"),
        (b"{}", "not usable"),
        (b'{"mediaType": 1, "mediaType": 2}', "duplicate key"),
        (b"[" * 100_000, "nested deeper"),
    ],
)
def test_a_trust_configuration_that_is_none(
    project: Project, ci: Instance, tmp_path: Path, capsys: Any, config: bytes | None, says: str
) -> None:
    path = tmp_path / "config.json"
    if config is not None:
        path.write_bytes(config)
    (out := tmp_path / "out").mkdir()

    assert cli.run(project.release(out, *project.keyless(path))) == 2
    assert says in capsys.readouterr().err
    assert list(out.iterdir()) == []


def test_a_policy_that_trusts_no_certificate(project: Project, ci: Instance, tmp_path: Path, capsys: Any) -> None:
    before = (project.root / "gate.yaml").read_text("utf-8")
    (out := tmp_path / "out").mkdir()
    try:
        project.change(
            gate_yaml(("https://github.com/summit/app/.github/workflows/other.yml@refs/heads/main", ci.issuer))
        )
        assert cli.run(project.release(out, *project.keyless())) == 3
        assert "which is not trusted" in capsys.readouterr().err
        project.change(json.dumps({**json.loads(before), "trust": {"keys": "policy/keys.json"}}))
        assert cli.run(project.release(out, *project.keyless())) == 2
        assert "the policy trusts no Sigstore identity" in capsys.readouterr().err
    finally:
        project.change(before)
    assert list(out.iterdir()) == []


def gitlab(instance: Instance, patch: pytest.MonkeyPatch, _: Path) -> str:
    run = "https://gitlab.com/summit/app/-/jobs/7"
    identity, issuer = GITLAB
    claims = {"iss": issuer, "sub": "project_path:summit/app:ref_type:branch:ref:main", "san": identity, "run": run}
    patch.setenv("GITLAB_CI", "true")
    patch.setenv("CI_JOB_URL", run)
    patch.setenv("SIGSTORE_ID_TOKEN", instance.token(claims) + "\n")
    return run


def buildkite(instance: Instance, patch: pytest.MonkeyPatch, folder: Path) -> str:
    run = "https://buildkite.com/summit/app/builds/7#0191-job"
    identity, issuer = BUILDKITE
    claims = {"iss": issuer, "sub": "organization:summit:pipeline:app:ref:main", "san": identity, "run": run}
    agent = folder / "buildkite-agent"
    agent.write_text(
        f'#!/bin/sh\n[ "$*" = "oidc request-token --audience sigstore" ] && echo {instance.token(claims)}\n'
    )
    agent.chmod(agent.stat().st_mode | stat.S_IXUSR)
    patch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    patch.setenv("BUILDKITE", "true")
    patch.setenv("BUILDKITE_BUILD_URL", run.partition("#")[0])
    return run


@pytest.mark.parametrize(("job", "holder"), [(gitlab, GITLAB), (buildkite, BUILDKITE)], ids=["GitLab", "Buildkite"])
def test_the_jobs_of_other_ci_systems_sign_too(
    project: Project, instance: Instance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any,
    job: Callable[..., str], holder: tuple[str, str],
) -> None:  # fmt: skip
    for name in CI_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    (out := tmp_path / "out").mkdir()
    (tools := tmp_path / "tools").mkdir()
    run = job(instance, monkeypatch, tools)

    assert cli.run(project.release(out, *project.keyless())) == 0, capsys.readouterr().err
    identity, issuer = holder
    assert cli.run(["verify", str(out / "bundle"), *asked(project, instance, identity=identity, issuer=issuer)]) == 0
    assert f"signed by {identity}, pipeline {run}" in capsys.readouterr().out
    assert cli.run(["verify", str(out / "bundle"), *asked(project, instance)]) == 1


def test_a_buildkite_agent_that_fails(
    project: Project, instance: Instance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    for name in CI_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("BUILDKITE", "true")
    (out := tmp_path / "out").mkdir()
    for script in (None, "#!/bin/sh\nexit 1\n", "#!/bin/sh\necho no token\n", "#!/bin/sh\n"):
        if script is not None:
            (tmp_path / "buildkite-agent").write_text(script)
            (tmp_path / "buildkite-agent").chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
        assert cli.run(project.release(out, *project.keyless())) == 3
        said = capsys.readouterr().err
        assert said.count("\n") == 1, said
    assert list(out.iterdir()) == []


PLAN = "version: 1\naudience: customers\nshow: {decision: true}\nredact: []\n"


def test_what_is_made_of_a_bundle_is_signed_keyless_too(
    project: Project, ci: Instance, by_certificate: Path, tmp_path: Path, capsys: Any
) -> None:
    (plan := tmp_path / "plan.yaml").write_text(PLAN, "utf-8")
    packet = ["bundle", "packet", str(by_certificate), "--redact", str(plan), "-o", str(tmp_path / "packet")]
    assert cli.run([*packet, *project.keyless(), *asked(project, ci)]) == 0, capsys.readouterr().err
    assert cli.run(["verify", str(tmp_path / "packet"), "--against", str(by_certificate), *asked(project, ci)]) == 0
