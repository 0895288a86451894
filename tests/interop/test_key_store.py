"""A release signed with a key that its file only refers to; the store here is a file, elsewhere a KMS or a token."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from attestations.statements import BUILDERS
from gate import cli

from .conftest import Project


@pytest.fixture
def reference(project: Project, tmp_path: Path) -> Path:
    path = tmp_path / "release.key.json"
    path.write_text(json.dumps({"uri": f"file2:{project.key}", "publicKey": str(project.public)}))
    return path


def test_a_release_by_reference(project: Project, reference: Path, tmp_path: Path, capsys: Any) -> None:
    (out := tmp_path / "out").mkdir()

    assert cli.run(project.release(out, "--key", str(reference))) == 0, capsys.readouterr().err
    assert cli.run(["verify", str(out / "bundle"), "--trusted-keys", str(project.keys)]) == 0
    assert f"--verifier-id {BUILDERS['kms']} " in (out / "bundle/data/VERIFY.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"uri": "file2:/nowhere"}, "the file2 key cannot be used"),
        ({"uri": "awskms:alias/release"}, "the awskms key cannot be used"),
        ({"uri": "https://kms.example/key"}, "is not one of"),
        ({"publicKey": "/nowhere"}, "cannot be read"),
        ({"pin": "123456"}, "has the members uri and publicKey"),
    ],
)
def test_a_reference_that_leads_nowhere(
    project: Project, reference: Path, tmp_path: Path, capsys: Any, changes: dict[str, str], says: str
) -> None:
    reference.write_text(json.dumps({**json.loads(reference.read_text()), **changes}))
    (out := tmp_path / "out").mkdir()

    assert cli.run(project.release(out, "--key", str(reference))) == 2
    said = capsys.readouterr().err
    assert (says in said, said.count("\n")) == (True, 1), said
    assert list(out.iterdir()) == []


def test_a_key_that_the_policy_does_not_trust(project: Project, reference: Path, tmp_path: Path, capsys: Any) -> None:
    from attestations.signers.key import new_key

    public = new_key(tmp_path / "other.key", None)
    (tmp_path / "other.pub").write_bytes(public.pem)
    reference.write_text(json.dumps({"uri": f"file2:{tmp_path}/other.key", "publicKey": "other.pub"}))
    (out := tmp_path / "out").mkdir()

    assert cli.run(project.release(out, "--key", str(reference))) == 2
    assert f"key {public.keyid} is not trusted for tenantgate:attestations" in capsys.readouterr().err
