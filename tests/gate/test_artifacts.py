"""What executions left: every file's bytes are hashed, and what can't be is a reason not to decide."""

from __future__ import annotations

import hashlib
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gate import policy, run
from gate.collect import collect
from gate.model import Evidence, GateError
from gate.tree import WorkTree

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def found(root: Path, artifacts: str = '["var/artifacts"]') -> Evidence:
    (root / "gate.yaml").write_text(
        f'version: 1\npolicy_version: "1"\nproject: x\npacks: [high-risk-ops]\nartifacts: {artifacts}\n'
    )
    context = run.evidence_context(policy.load(WorkTree(root, versioned=False)), root, (), NOW)
    return collect(context, ["artifact_file"], lambda _: None)["artifact_file"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (made := tmp_path / "var/artifacts/2026").mkdir(parents=True)
    return made


def test_each_file_has_the_digest_of_its_bytes(tmp_path: Path, folder: Path) -> None:
    (folder / "a.log").write_bytes(b"one")
    (folder.parent / "b.log").write_bytes(b"")
    seen = found(tmp_path)

    assert {(r["path"], r["name"], r["sha256"], r["bytes"]) for r in seen.rows} == {
        ("var/artifacts/2026/a.log", "a.log", hashlib.sha256(b"one").hexdigest(), 3),
        ("var/artifacts/b.log", "b.log", hashlib.sha256(b"").hexdigest(), 0),
    }
    assert seen.coverage.unread == ()
    assert [m.sha256 for m in seen.materials] == [r["sha256"] for r in seen.rows]


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        ("a link to a secret", "can't be read: Too many levels of symbolic links"),
        ("a pipe", "not a regular file"),
        ("a name of two lines", "a file needs a printable name"),
    ],
)
def test_what_is_no_file_is_not_read_and_said(tmp_path: Path, folder: Path, case: str, reason: str) -> None:
    (folder / "good").write_bytes(b"x")
    if case == "a link to a secret":
        (folder / "link").symlink_to("/etc/passwd")
    elif case == "a pipe":
        os.mkfifo(folder / "pipe")
    else:
        (folder / "two\nlines").write_bytes(b"x")
    seen = found(tmp_path)

    assert [row["name"] for row in seen.rows] == ["good"]
    (unread,) = seen.coverage.unread
    assert reason in unread.reason


def test_a_folder_that_is_not_there_or_not_inside_is_no_empty_one(tmp_path: Path) -> None:
    (tmp_path / "out").symlink_to("/etc")
    for named in ('["var/artifacts"]', '["out"]', '["../.."]'):
        (unread,) = found(tmp_path, named).coverage.unread
        assert unread.reason == "no folder of the checkout; correct artifacts in gate.yaml"


def test_an_absolute_folder_is_no_policy(tmp_path: Path) -> None:
    with pytest.raises(GateError, match="artifacts"):
        found(tmp_path, '["/etc"]')
