"""A bundle in a folder: what a file system can hold that a bundle may not."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gate import cli
from gate.bundle import archive, bag
from gate.bundle.checking import Question, check
from gate.bundle.refusal import BundleError
from gate.model import GateError
from gate.run import clock


@pytest.fixture
def folder(released: Any, tmp_path: Path) -> Path:
    return Path(shutil.copytree(released.folder, tmp_path / "copy"))


def symlink(folder: Path) -> None:
    target = folder / "data/reports/report.txt"
    copy = folder.parent / "elsewhere.txt"
    target.rename(copy)
    target.symlink_to(copy)


def linked_folder(folder: Path) -> None:
    (folder / "data/reports").rename(folder.parent / "reports")
    (folder / "data/reports").symlink_to(folder.parent / "reports")


def pipe(folder: Path) -> None:
    os.mkfifo(folder / "data/pipe")


def listening(folder: Path) -> None:
    here = Path.cwd()
    os.chdir(folder / "data")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
    os.chdir(here)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (symlink, "entry-type"),
        (linked_folder, "entry-type"),
        (lambda f: (f / "dangling").symlink_to("/nowhere"), "entry-type"),
        (pipe, "entry-type"),
        (listening, "unreadable"),
        (lambda f: (f / "data/empty").mkdir(), "unlisted-file"),
        (lambda f: (f / "data/.hidden").write_bytes(b""), "unlisted-file"),
        (lambda f: (f / "data/DECISION.json").write_bytes(b""), "name-collision"),
        (lambda f: (f / "data/a\nb").write_bytes(b""), "name-control"),
        (lambda f: (f / "data" / os.fsdecode(b"\xff")).write_bytes(b""), "name-encoding"),
        (lambda f: (f / "data/x.").write_bytes(b""), "name-trailing"),
        (lambda f: (f / bag.SIGNATURE).unlink(), "missing-file"),
        (lambda f: (f / "data/decision.json").write_bytes((f / "data/decision.json").read_bytes()[:-9]), "digest-mismatch"),
    ],
)  # fmt: skip
def test_a_changed_folder_is_refused_for_its_reason(
    works: Any, folder: Path, tmp_path: Path, change: Callable[[Path], object], code: str
) -> None:
    change(folder)
    found = check(folder, works.trust, Question(now=clock(None)[0]))

    assert [c.code for c in found.checks if not c.held] == [code]
    out = tmp_path / "packed.tar"
    if code != "missing-file":
        assert cli.run(["bundle", "archive", str(folder), "-o", str(out)]) == 2
    assert not out.exists()
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


def test_limits(works: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_BYTES", 50_000)
    with pytest.raises(BundleError, match="more than 50,000 bytes"):
        bag.read(folder)
    monkeypatch.setattr(archive, "MAX_BYTES", 1 << 30)
    monkeypatch.setattr(archive, "MAX_FILES", 5)
    with pytest.raises(BundleError, match="more than 5 files"):
        bag.read(folder)


def test_folder_and_archive_are_the_same_bundle(works: Any, released: Any, tmp_path: Path) -> None:
    assert bag.read(released.archive) == dict(released.files)
    out = tmp_path / "again.tar"
    assert cli.run(["bundle", "archive", str(released.folder), "-o", str(out)]) == 0
    assert out.read_bytes() == released.archive.read_bytes()
    assert cli.run(["bundle", "archive", str(released.folder), "-o", str(out)]) == 2, "never overwritten"


def test_gnu_tar_unpacks_it(released: Any, tmp_path: Path) -> None:
    subprocess.run(["tar", "xf", released.archive], cwd=tmp_path, check=True)

    assert bag.read(tmp_path / "summit-app-1.0.0") == dict(released.files)


def test_the_archive_of_another_folder_name_is_not_the_one(works: Any, released: Any, tmp_path: Path) -> None:
    other = tmp_path / "other.tar"
    other.write_bytes(b"".join(archive.members("renamed", sorted(released.files.items()))))

    found = check(other, works.trust, Question(now=clock(None)[0]))
    assert [c.code for c in found.checks] == ["not-canonical"]


def test_reading_once_is_what_makes_hash_and_archive_agree(
    works: Any, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that changes while it is packed: either its old or its new bytes, never one hashed and the other packed."""
    original, opened = os.open, []

    def counting(path: Any, *arguments: Any, **options: Any) -> int:
        opened.append(str(path))
        return original(path, *arguments, **options)

    monkeypatch.setattr(os, "open", counting)
    b"".join(bag.pack_folder(folder))
    inside = [path for path in opened if path.startswith(str(folder))]
    assert len(inside) == len(set(inside)) == sum(1 for p in folder.rglob("*") if p.is_file())


def test_a_pipe_is_no_archive_and_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "bundle.tar")
    with pytest.raises(GateError, match="not a regular file"):
        bag.read(tmp_path / "bundle.tar")
    with pytest.raises(GateError, match="no such file or folder"):
        bag.read(tmp_path / "other.tar")
