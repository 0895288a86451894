"""A signed policy: who stands for it, and that nothing is decided under one that nobody signed when it must be."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from attestations.signers.key import new_key
from attestations.trust import ATTESTATIONS, EVIDENCE, POLICY, Identity, TrustedKey, TrustedKeys, is_meant
from gate import cli, policy
from gate.model import GateError
from gate.reading import parse_time
from gate.run import load_policy
from gate.signing import trust_of
from gate.tree import WorkTree

SIGNATURE = "policy/policy.sigstore.json"
TRUST = "trust: {{keys: policy/keys.json{more}}}\n"
THING = '{"id": "one", "count": 1, "at": "2026-11-20T00:00:00Z"}'
WORKFLOW = "jobs:\n  gate:\n    steps:\n      - run: gate check --base origin/main\n"
Project = Callable[..., Path]
Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*argv: object) -> tuple[int, str]:
        code = cli.run([str(a) for a in argv])
        captured = capsys.readouterr()
        return code, captured.out + captured.err

    return call


def configure(root: Path, **more: object) -> None:
    text = (root / "gate.yaml").read_text("utf-8").split("trust:")[0]
    extra = "".join(f", {name}: {json.dumps(value)}" for name, value in more.items())
    (root / "gate.yaml").write_text(text + TRUST.format(more=extra), "utf-8")


@pytest.fixture
def signed(project: Project, tmp_path: Path) -> Path:
    """A project whose policy has to be signed, with three keys in ../: policy, evidence, and one nobody trusts."""
    root = project({"things/one.json": THING, ".github/workflows/gate.yml": WORKFLOW})
    entries = []
    for name, usages in (("policy", (POLICY,)), ("evidence", (EVIDENCE, ATTESTATIONS)), ("stranger", ())):
        public = new_key(tmp_path / f"{name}.key", None)
        start = parse_time("2020-01-01T00:00:00Z")
        entries += [TrustedKey(public=public, identity=f"{name}@x.example", usage=u, start=start) for u in usages]
    (root / "policy/keys.json").write_bytes(TrustedKeys(tuple(entries)).dump())
    configure(root, require_signed_policy=True)
    return root


def test_unsigned_signed_changed_and_signed_again(signed: Path, run: Run, tmp_path: Path) -> None:
    code, out = run("check", signed)
    assert code == 2
    assert f"{SIGNATURE}: missing; the policy must be signed" in out

    code, out = run("policy", "sign", "-C", signed, "--key", tmp_path / "policy.key")
    assert code == 0, out
    assert "is signed by policy@x.example" in out
    assert run("check", signed)[0] == 0
    assert load_policy(signed, None).signer == "policy@x.example"

    control = signed / "policy/rules/own/controls/THG001.yaml"
    control.write_text(control.read_text("utf-8") + "# a comment\n", "utf-8")
    code, out = run("check", signed)
    assert code == 2
    assert f"{SIGNATURE}: does not sign this policy" in out
    assert run("policy", "sign", "-C", signed, "--key", tmp_path / "policy.key")[0] == 0
    assert run("check", signed)[0] == 0


@pytest.mark.parametrize(
    ("name", "said"),
    [("evidence", "is not trusted for tenantgate:policy"), ("stranger", "is not trusted for tenantgate:policy")],
)
def test_not_every_key_may_sign_a_policy(signed: Path, run: Run, tmp_path: Path, name: str, said: str) -> None:
    code, out = run("policy", "sign", "-C", signed, "--key", tmp_path / f"{name}.key")

    assert code == 2
    assert said in out
    assert not (signed / SIGNATURE).exists()


@pytest.mark.parametrize("data", [b"", b"{}", b"null", b"[" * 1000, b"\xff"])
def test_a_file_that_is_no_signature(signed: Path, run: Run, data: bytes) -> None:
    (signed / SIGNATURE).write_bytes(data)
    code, out = run("check", signed)

    assert code == 2
    assert "does not sign this policy" in out
    assert len(out.splitlines()) == 1


def test_a_signature_that_is_not_required_counts_or_is_silent(signed: Path, run: Run, tmp_path: Path) -> None:
    configure(signed, policy_signature="signed.json")
    assert run("check", signed)[0] == 0
    assert load_policy(signed, None).signer is None
    run("policy", "sign", "-C", signed, "--key", tmp_path / "policy.key")
    assert (signed / "signed.json").is_file()
    assert load_policy(signed, None).signer == "policy@x.example"
    (signed / "signed.json").write_bytes(b"{}")
    assert load_policy(signed, None).signer is None


def test_a_pull_request_is_judged_under_the_signed_policy_of_its_base(
    signed: Path, run: Run, tmp_path: Path, git: Callable[..., str]
) -> None:
    run("policy", "sign", "-C", signed, "--key", tmp_path / "policy.key")
    git(signed, "init", "-q", "-b", "main")
    git(signed, "add", "-A")
    git(signed, "commit", "-q", "-m", "base")
    git(signed, "checkout", "-q", "-b", "change")
    (signed / "gate.yaml").write_text((signed / "gate.yaml").read_text("utf-8") + "waiver_max_days: 300\n", "utf-8")
    git(signed, "commit", "-qam", "a longer leash")

    assert run("check", signed, "--base", "main")[0] == 0
    assert run("check", signed)[0] == 2


def test_the_statement_verifies_by_itself(signed: Path, run: Run, tmp_path: Path) -> None:
    run("policy", "sign", "-C", signed, "--key", tmp_path / "policy.key")
    keys, digest = signed / "policy/keys.json", load_policy(signed, None).digest
    verify = ("verify", signed / SIGNATURE, "--trusted-keys", keys, "--type", "policy")

    assert run(*verify, "--policy-digest", digest)[0] == 0
    assert run(*verify, "--policy-digest", "0" * 64)[0] == 1
    configure(signed)
    assert run("verify", signed / SIGNATURE, "--trusted-keys", keys, "--type", "thing")[0] == 1


def test_a_pattern_of_the_policy_names_no_less_than_somebody(signed: Path) -> None:
    loaded = policy.load(WorkTree(signed))

    def named(pattern: str) -> object:
        entry = {"identity_regexp": pattern, "issuer": "https://ci.example", "usages": ["policy"]}
        trust = {**loaded.config["trust"], "identities": [entry]}
        return trust_of(replace(loaded, config={**loaded.config, "trust": trust})).identities[0]

    found = named(r"^https://ci\.example/release@refs/tags/.*$")
    assert isinstance(found, Identity)
    assert (found.issuer, found.usages) == ("https://ci.example", (POLICY,))
    assert is_meant(found.identity, "https://ci.example/release@refs/tags/v1")
    with pytest.raises(GateError, match=r"^gate.yaml: trust.identities: identity_regexp: a pattern .* from \^ to \$$"):
        named("release@")
