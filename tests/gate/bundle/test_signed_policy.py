"""A release under a signed policy carries the signature, and whoever verifies judges it by their own keys."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from attestations.trust import POLICY, Trust, TrustedKeys
from gate import bundle, cli, policy, policy_signing
from gate.bundle import bag
from gate.bundle.replaying import Files, replay
from gate.model import Policy
from gate.tree import WorkTree


@pytest.fixture(scope="module")
def required(works: Any) -> Policy:
    """The small policy, requiring a signature, as somebody with the policy key has signed it."""
    files = {**works.small.files}
    config = files["gate.yaml"].replace(b"trusted-keys.json}", b"trusted-keys.json, require_signed_policy: true}")
    tree = WorkTree(works.root)
    everything = {path: tree.read(path) for path in tree.paths()}
    loaded = policy.load(Files({**everything, "gate.yaml": config}, "work tree"))
    return replace(loaded, signer=works.ci.identity)


def signed(works: Any, loaded: Policy) -> Any:
    signature = policy_signing.sign(loaded, works.ci, "local", works.now)
    return lambda payload: {**payload, bundle.POLICY_SIGNATURE: signature}


def codes(report: Any) -> list[str]:
    return [check.code for check in report.checks if not check.held]


def test_who_signed_the_policy_is_verified(works: Any, required: Policy) -> None:
    files = works.release(policy=required, changes=signed(works, required))
    report = works.check(files)

    assert codes(report) == []
    assert f"signed by {works.ci.identity}" in next(c.detail for c in report.checks if c.name == "policy")
    assert replay(files) == ()
    no_policy_keys = Trust(keys=TrustedKeys(tuple(k for k in works.trust.keys.keys if k.usage != POLICY)))
    assert codes(works.check(files, trust=no_policy_keys)) == ["key-usage"]


def test_a_required_signature_that_is_missing_or_of_another_policy(works: Any, required: Policy) -> None:
    assert codes(works.check(works.release(policy=required))) == ["policy-unsigned"]
    assert codes(works.check(works.release(policy=required, changes=signed(works, works.small)))) == ["policy-mismatch"]


def test_a_signer_that_nobody_is(works: Any) -> None:
    claimed = replace(works.small, signer="somebody@else.example")

    assert codes(works.check(works.release(policy=claimed))) == ["identity-mismatch"]
    unclaimed = signed(works, works.small)
    assert codes(works.check(works.release(changes=unclaimed))) == ["identity-mismatch"]


def test_the_command_line_puts_it_in(works: Any, git: Any, tmp_path: Path, capsys: Any) -> None:
    root = Path(shutil.copytree(works.root, tmp_path / "app"))
    assert cli.run(["policy", "sign", "-C", str(root), "--key", str(works.key)]) == 0
    git(root, "add", "--all")
    git(root, "commit", "-qm", "signed")
    argv = ["--version", "1.0.0", "--artifact", str(works.artifact), "--key", str(works.key)]
    assert cli.run(["release", "-C", str(root), *argv, "--out", str(tmp_path / "out"), "-q"]) == 0
    assert bag.read(tmp_path / "out")[bundle.POLICY_SIGNATURE] == (root / policy_signing.SIGNATURE).read_bytes()
    assert cli.run(["verify", str(tmp_path / "out"), "--trusted-keys", str(works.keys)]) == 0
    assert f"signed by {works.ci.identity}" in capsys.readouterr().out
