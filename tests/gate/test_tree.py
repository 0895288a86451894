"""Reading a hostile checkout: nothing it configures may run, nothing outside it may be read, nothing is skipped silently."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate.model import GateError, UndecidedError
from gate.tree import CommitTree, WorkTree, dirty_paths, head, resolve, select

Git = Callable[..., str]


@pytest.fixture
def repository(tmp_path: Path, git: Git) -> Path:
    root = tmp_path / "repo"
    (root / "src").mkdir(parents=True)
    (root / "src" / "a.py").write_bytes(b"a = 1\n")
    (root / "b.txt").write_bytes(b"b\n")
    git(root, "init", "-q", "-b", "main")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "one")
    return root


def test_both_trees_list_and_read_the_same(repository: Path) -> None:
    work, commit = WorkTree(repository), CommitTree(repository, "HEAD")

    assert list(work.paths()) == list(commit.paths()) == ["b.txt", "src/a.py"]
    assert all(work.read(p) == commit.read(p) for p in work.paths())
    assert (work.origin, commit.origin) == ("work tree", f"commit {commit.sha}")
    assert dirty_paths(repository) == []


def test_a_folder_of_a_repository_is_a_tree_of_its_own(repository: Path) -> None:
    assert list(CommitTree(repository / "src", "HEAD").paths()) == ["a.py"]
    assert list(WorkTree(repository / "src").paths()) == ["a.py"]
    assert head(repository / "src") == head(repository)


def test_untracked_files_are_judged_and_ignored_ones_are_not(repository: Path) -> None:
    (repository / ".gitignore").write_text("build/\n*.log\n", "utf-8")
    for name in ("new.py", "x.log", "build/out.py", "node_modules/dep/index.js", ".gate/evidence/e.json"):
        (repository / name).parent.mkdir(parents=True, exist_ok=True)
        (repository / name).write_text("x\n", "utf-8")

    assert list(WorkTree(repository).paths()) == [".gitignore", "b.txt", "new.py", "src/a.py"]
    assert dirty_paths(repository) == [".gitignore", "new.py"]


def test_a_tracked_file_is_judged_whatever_gitignore_says(repository: Path, git: Git) -> None:
    (repository / "node_modules").mkdir()
    (repository / "node_modules" / "evil.js").write_text("x\n", "utf-8")
    (repository / ".gitignore").write_text("*\n", "utf-8")
    git(repository, "add", "-f", "node_modules/evil.js")

    assert "node_modules/evil.js" in WorkTree(repository).paths()


def test_a_tracked_file_that_is_gone_is_said(repository: Path) -> None:
    (repository / "b.txt").unlink()

    assert [(u.path, u.reason) for u in WorkTree(repository).unread()] == [
        ("b.txt", "tracked by git but missing on disk")
    ]
    assert dirty_paths(repository) == ["b.txt"]


def test_assume_unchanged_does_not_hide_a_change(repository: Path, git: Git) -> None:
    git(repository, "update-index", "--assume-unchanged", "b.txt")
    (repository / "b.txt").write_text("changed\n", "utf-8")

    assert git(repository, "status", "--porcelain") == ""
    assert dirty_paths(repository) == ["b.txt"]


def test_a_folder_without_git_is_judged_whole(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x", "utf-8")

    assert list(WorkTree(tmp_path).paths()) == ["a.py"]
    assert head(tmp_path) is None
    with pytest.raises(GateError, match="not inside a git repository"):
        CommitTree(tmp_path, "HEAD")


def test_links_that_leave_the_tree_are_unread_and_refused(repository: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s", "utf-8")
    (repository / "out").symlink_to(tmp_path / "secret")
    (repository / "outdir").symlink_to(tmp_path)
    (repository / "in").symlink_to("b.txt")
    work = WorkTree(repository)

    assert {u.path for u in work.unread()} == {"out", "outdir"}
    assert "in" not in work.paths(), "what it names is judged under its own name"
    for path in ("out", "outdir/secret", "../secret", "/etc/passwd"):
        with pytest.raises((GateError, FileNotFoundError)):
            work.read(path)


def test_pipes_and_sockets_do_not_hang(repository: Path) -> None:
    os.mkfifo(repository / "pipe")

    assert [u.path for u in WorkTree(repository).unread()] == ["pipe"]
    with pytest.raises(GateError, match="not a regular file"):
        WorkTree(repository).read("pipe")


def test_a_loop_of_links_ends(repository: Path) -> None:
    (repository / "loop").symlink_to("loop")
    (repository / "up").symlink_to("..")

    assert "up" in {u.path for u in WorkTree(repository).unread()}


def test_file_names_that_are_not_utf8_are_unread(repository: Path, git: Git) -> None:
    (Path(os.fsdecode(os.fsencode(repository) + b"/bad\xff.py"))).write_text("x", "utf-8")

    assert [u.reason for u in WorkTree(repository).unread()] == ["the file name is not UTF-8"]
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "bad")
    assert [u.reason for u in CommitTree(repository, "HEAD").unread()] == ["the file name is not allowed"]


def test_too_large_is_refused_with_its_name(repository: Path) -> None:
    for tree in (WorkTree(repository), CommitTree(repository, "HEAD")):
        with pytest.raises(GateError, match=r"src/a\.py: larger than 3 bytes"):
            tree.read("src/a.py", limit=3)


def canary(folder: Path, name: str) -> Path:
    script = folder / f"{name}.sh"
    script.write_text(f"#!/bin/sh\ntouch '{folder}/{name}.fired'\ncat\n", "utf-8")
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    return script


HOSTILE = {
    "fsmonitor": lambda s: f"[core]\n\tfsmonitor = {s}\n",
    "hooks": lambda s: f"[core]\n\thooksPath = {s.parent}\n",
    "external diff": lambda s: f"[diff]\n\texternal = {s}\n",
    "textconv": lambda s: f'[diff "x"]\n\ttextconv = {s}\n\tcommand = {s}\n',
    "filter": lambda s: f'[filter "x"]\n\tclean = {s}\n\tsmudge = {s}\n\tprocess = {s}\n\trequired = true\n',
    "pager and editor": lambda s: f"[core]\n\tpager = {s}\n\teditor = {s}\n\tsshCommand = {s}\n",
    "gpg": lambda s: f"[gpg]\n\tprogram = {s}\n[log]\n\tshowSignature = true\n",
    "credential": lambda s: f"[credential]\n\thelper = {s}\n",
    "alias": lambda s: f"[alias]\n\tls-files = !{s}\n\trev-parse = !{s}\n",
    "promisor": lambda s: (
        f'[remote "o"]\n\turl = ext::{s}\n\tpromisor = true\n\tuploadpack = {s}\n[extensions]\n\tpartialClone = o\n'
    ),
    "include": lambda s: f"[include]\n\tpath = {s.parent}/included\n",
}


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_nothing_that_a_repository_configures_runs(repository: Path, tmp_path: Path, git: Git, name: str) -> None:
    traps = tmp_path / "traps"
    traps.mkdir()
    script = canary(traps, "canary")
    (traps / "post-index-change").symlink_to(script)
    (traps / "included").write_text(f"[core]\n\tfsmonitor = {script}\n", "utf-8")
    (repository / ".gitattributes").write_text("* diff=x filter=x\n", "utf-8")
    first = head(repository)
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "two")
    with (repository / ".git" / "config").open("a", encoding="utf-8") as config:
        config.write(HOSTILE[name](script))
    (repository / "b.txt").write_text("changed\n", "utf-8")

    assert list(WorkTree(repository).paths()) == [".gitattributes", "b.txt", "src/a.py"]
    assert dirty_paths(repository) == ["b.txt"]
    assert CommitTree(repository, "HEAD").read("b.txt") == b"b\n"
    assert resolve(repository, "HEAD~1") == first
    assert list(traps.glob("*.fired")) == []


def test_a_replaced_object_does_not_replace_what_is_read(repository: Path, git: Git) -> None:
    evil = subprocess.run(
        ["git", "hash-object", "-w", "--stdin"], cwd=repository, input=b"evil\n", capture_output=True, check=True
    ).stdout.decode().strip()  # fmt: skip
    git(repository, "replace", git(repository, "rev-parse", "HEAD:b.txt"), evil)

    assert git(repository, "show", "HEAD:b.txt") == "evil"
    assert CommitTree(repository, "HEAD").read("b.txt") == b"b\n"


def test_a_damaged_object_is_undecided(repository: Path, git: Git) -> None:
    sha = git(repository, "rev-parse", "HEAD:b.txt")
    path = repository / ".git" / "objects" / sha[:2] / sha[2:]
    path.chmod(0o644)
    path.write_bytes(b"junk")

    with pytest.raises(UndecidedError, match=r"b\.txt: git object"):
        CommitTree(repository, "HEAD").read("b.txt")


@pytest.mark.parametrize(
    "revision", ["", "-h", "--output=x", "nonsense", "HEAD~9", "a" * 40, "HEAD:b.txt", "../x", "HEAD^{tree}"]
)
def test_a_revision_that_names_no_commit_is_a_usage_error(repository: Path, revision: str) -> None:
    with pytest.raises(GateError):
        resolve(repository, revision)


def test_a_shallow_clone_says_so(repository: Path, tmp_path: Path, git: Git) -> None:
    (repository / "c").write_text("c", "utf-8")
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "two")
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{repository}", "shallow")

    with pytest.raises(GateError, match="shallow: fetch with full depth"):
        resolve(tmp_path / "shallow", "HEAD~1")


@pytest.mark.parametrize(
    ("pattern", "path", "hit"),
    [
        ("*.py", "a.py", True), ("*.py", "d/a.py", False), ("**/*.py", "a.py", True), ("**/*.py", "d/e/a.py", True),
        ("d/**", "d/e/f", True), ("d/**", "de/f", False), ("d/*", "d/e/f", False), ("a?.py", "ab.py", True),
        ("a?.py", "a/.py", False), ("[ab].py", "a.py", True), ("[!a].py", "a.py", False), ("a.py", "axpy", False),
        ("**", "any/thing", True), ("d/**/x", "d/x", True), ("d/**/x", "d/e/f/x", True), ("(a|b)", "a", False),
        ("waivers/*.yaml", "waivers/x.yaml\n", False),
    ],
)  # fmt: skip
def test_globs(pattern: str, path: str, hit: bool) -> None:
    assert select([path], [pattern]) == ([path] if hit else [])


@given(st.text("ab*?/[]!.\\(+^$", max_size=12), st.text("ab/.", max_size=8))
def test_no_glob_breaks_or_runs_away(pattern: str, path: str) -> None:
    assert select([path], [pattern]) in ([], [path])
