"""Files that need not be read again: what a stamp may be relied upon for, on a real file system."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gate.tree import WorkTree
from lints import files as files_module
from lints.cache import Cache
from lints.files import Files

HELD, OTHER = b"SELECT 1 -- held", b"SELECT 2 -- other"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "tree"
    folder.mkdir()
    (folder / "a.sql").write_bytes(HELD)
    (folder / "b.sql").write_bytes(OTHER)
    return folder


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Cache]:
    with Cache(tmp_path / "cache") as opened:
        yield opened


class Scan:
    """One look at every file of a folder; `read` is what was read of it."""

    def __init__(self, folder: Path, cache: Cache) -> None:
        tree = WorkTree(folder, versioned=False)
        self.read: list[str] = []

        def read(path: str) -> bytes:
            self.read.append(path)
            return tree.read(path)

        self.files = Files(tree.paths(), read, tree.stamp, cache)
        self.digests = {path: self.files.digest(path) for path in tree.paths()}
        self.files.keep()


def digests(folder: Path) -> dict[str, bytes]:
    return {path.name: hashlib.sha256(path.read_bytes()).digest() for path in sorted(folder.iterdir())}


def rested(monkeypatch: pytest.MonkeyPatch) -> None:
    """An hour later, by the clock of the process."""
    now = time.time_ns
    monkeypatch.setattr(files_module.time, "time_ns", lambda: now() + 3_600_000_000_000)


def test_a_file_that_rests_is_read_once(tree: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    rested(monkeypatch)
    assert Scan(tree, cache).read == ["a.sql", "b.sql"]
    again = Scan(tree, cache)
    assert (again.read, again.digests) == ([], digests(tree))
    assert again.files.size("a.sql") == len(HELD)
    assert again.files.take("a.sql") == HELD


def test_a_file_that_was_just_written_is_read_again(tree: Path, cache: Cache) -> None:
    """Within one tick of the clock it could be written to once more and look the same."""
    Scan(tree, cache)
    assert Scan(tree, cache).read == ["a.sql", "b.sql"]


@pytest.mark.parametrize("way", ["in place", "by another file", "by a copy with the same inode data", "cut and filled"])
def test_other_bytes_of_the_same_size_and_age_are_seen(
    way: str, tree: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    rested(monkeypatch)
    Scan(tree, cache)
    path = tree / "a.sql"
    before = path.stat()
    swapped = HELD[::-1]
    if way == "by another file":
        (tree / "new").write_bytes(swapped)
        os.utime(tree / "new", ns=(before.st_atime_ns, before.st_mtime_ns))
        (tree / "new").replace(path)
    elif way == "by a copy with the same inode data":
        kept = tree.parent / "kept"
        path.rename(kept)
        path.write_bytes(swapped)
    elif way == "cut and filled":
        os.truncate(path, 0)
        path.write_bytes(swapped)
    else:
        with path.open("r+b") as file:
            file.write(swapped)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    after = path.stat()
    assert (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    again = Scan(tree, cache)
    assert (again.read, again.digests) == (["a.sql"], digests(tree))


def test_a_link_in_the_place_of_a_file_is_no_file(tree: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    rested(monkeypatch)
    Scan(tree, cache)
    listed = WorkTree(tree, versioned=False)
    listed.paths()
    (tree / "a.sql").rename(tree.parent / "a.sql")
    (tree / "a.sql").symlink_to(tree.parent / "a.sql")
    assert listed.stamp("a.sql") is None
    assert listed.stamp("../a.sql") is None
    (tree / "a.sql").unlink()
    assert listed.stamp("a.sql") is None


def test_what_is_remembered_of_other_paths_counts_for_nothing(
    tree: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    rested(monkeypatch)
    Scan(tree, cache)
    (tree / "c.sql").write_bytes(b"")
    assert Scan(tree, cache).read == ["a.sql", "b.sql", "c.sql"]


@pytest.mark.parametrize("damage", [b"", b"x", b"\0" * 144, b"\xff" * 144])
def test_damaged_stamps_are_none(damage: bytes, tree: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    rested(monkeypatch)
    first = Scan(tree, cache)
    cache.put(first.files._name, damage)
    again = Scan(tree, cache)
    assert (again.read, again.digests) == (["a.sql", "b.sql"], digests(tree))


def test_a_file_that_changed_since_it_was_hashed_gives_no_bytes(
    tree: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    rested(monkeypatch)
    Scan(tree, cache)
    again = Scan(tree, cache)
    (tree / "a.sql").write_bytes(OTHER)
    assert again.files.take("a.sql") is None
    assert again.files.take("b.sql") == OTHER


def test_without_a_lasting_memory_everything_is_read(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rested(monkeypatch)
    with Cache(None) as cache:
        Scan(tree, cache)
        assert Scan(tree, cache).read == ["a.sql", "b.sql"]
