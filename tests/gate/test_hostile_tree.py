"""What a checkout can do with links, globs, ignore files and references: nothing gets lost, and nothing takes for ever."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate import policy
from gate.model import GateError, UndecidedError
from gate.tree import CommitTree, WorkTree, dirty_paths, not_read, resolve, select

Git = Callable[..., str]
Project = Callable[..., Path]


# --- globs --------------------------------------------------------------------------------------------------------


@cache
def matches(pattern: tuple[str, ...], path: tuple[str, ...]) -> bool:
    """The meaning of a glob, by trying everything."""
    if not pattern:
        return not path
    if pattern[0] == "**":
        return bool(path) if len(pattern) == 1 else any(matches(pattern[1:], path[n:]) for n in range(len(path) + 1))
    return bool(path) and fnmatchcase(path[0], pattern[0]) and matches(pattern[1:], path[1:])


segment = st.text("ab*?", min_size=1, max_size=4).filter(lambda s: s != "**") | st.just("**")


@given(
    st.lists(segment, min_size=1, max_size=6), st.lists(st.text("ab", min_size=1, max_size=4), min_size=1, max_size=6)
)
def test_a_glob_means_what_trying_everything_says(pattern: list[str], path: list[str]) -> None:
    found = bool(select(["/".join(path)], ["/".join(pattern)]))

    assert found == matches(tuple(pattern), tuple(path))


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("*a" * 40 + "b", "a" * 250),
        ("/".join(["**", "a"] * 20) + "/b", "/".join(["a"] * 120)),
        ("/".join(["**", "*a*a*"] * 10) + "/b", "/".join(["aaaaaaaa"] * 60)),
        ("?*" * 40 + "b", "a" * 250),
        ("[ab]*" * 40 + "c", "a" * 250),
        ("**/" * 200 + "b", "/".join(["a"] * 200)),
    ],
)
def test_no_glob_takes_for_ever(pattern: str, path: str) -> None:
    code = f"from gate.tree import select; assert select([{path!r}] * 50, [{pattern!r}]) == []"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=30)


# --- links --------------------------------------------------------------------------------------------------------


@pytest.fixture
def linked(tmp_path: Path, git: Git) -> Path:
    root = tmp_path / "repo"
    for name in ("real/a.json", "real/deep/b.json", "things/c.json", "outside/secret"):
        path = root / "judged" / name if not name.startswith("outside") else root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}", "utf-8")
    judged = root / "judged"
    (judged / "things/x.json").symlink_to("../real/a.json")
    (judged / "things/gone.json").symlink_to("nowhere.json")
    (judged / "things/twice.json").symlink_to("x.json")
    (judged / "also").symlink_to("real")
    (judged / "up").symlink_to(".")
    (judged / "things/escape.json").symlink_to("../../outside/secret")
    (judged / "things/absolute.json").symlink_to("/etc/hostname")
    git(root, "init", "-q")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "one")
    return judged


@pytest.mark.parametrize("commit", [False, True])
def test_what_is_reached_only_through_a_link_is_said(linked: Path, commit: bool) -> None:
    tree = CommitTree(linked, "HEAD") if commit else WorkTree(linked)
    left = {u.path for u in tree.unread()}

    assert left == {"things/escape.json", "things/absolute.json"}
    assert [u.path for u in not_read(tree, ["things/*.json"])][2:] == [
        "things/gone.json",
        "things/twice.json",
        "things/x.json",
    ]
    assert {u.path for u in not_read(tree, ["also/**"])} == {"also/a.json", "also/deep/b.json"}
    assert not_read(tree, ["real/**"]) == []
    assert "up/real/a.json" in {u.path for u in not_read(tree, ["**/a.json"])}


def test_a_maze_of_links_is_one_refusal(tmp_path: Path) -> None:
    for i in range(400):
        (tmp_path / f"file{i}").touch()
        (tmp_path / f"link{i}").symlink_to(".")

    assert [u.reason for u in not_read(WorkTree(tmp_path), ["nothing"])] == [
        "too many files are reached through symbolic links"
    ]


def test_evidence_behind_a_link_or_a_pipe_leaves_its_kind_incomplete(project: Project) -> None:
    from gate.collect import Context
    from gate.collect.records import collect_records
    from gate.model import Subject
    from gate.run import clock
    from gate.signing import trust_of

    root = project({"things/one.json": '{"id": "one"}', "elsewhere/two.json": '{"id": "two"}'})
    (root / "things/two.json").symlink_to("../elsewhere/two.json")
    os.mkfifo(root / "things/three.json")
    (root / "things/four.json").mkdir()
    tree = WorkTree(root)
    loaded = policy.load(tree)
    now, _ = clock(None)
    found = collect_records(
        Context(
            tree=tree,
            root=root,
            policy=loaded,
            as_of=now,
            now=now,
            trust=trust_of(loaded),
            subject=Subject(project="p", commit=None),
        ),
        "thing",
    )

    assert [row["id"] for row in found.rows] == ["one"]
    assert {u.path for u in found.coverage.unread} == {"things/two.json", "things/three.json"}


# --- git ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def repository(tmp_path: Path, git: Git) -> Path:
    root = tmp_path / "git"
    root.mkdir()
    (root / "a.txt").write_text("a\n", "utf-8")
    git(root, "init", "-q", "-b", "main")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "one")
    return root


@pytest.mark.parametrize("other", ["refs/tags/{}", "refs/heads/{}", "refs/remotes/{}", "refs/{}"])
def test_a_name_that_two_commits_bear_is_no_revision(repository: Path, git: Git, other: str) -> None:
    """Whoever may push a tag `origin/main` would otherwise choose the policy."""
    git(repository, "update-ref", "refs/remotes/origin/main", "HEAD")
    assert resolve(repository, "origin/main") == git(repository, "rev-parse", "HEAD")

    git(repository, "commit", "-q", "--allow-empty", "-m", "two")
    git(repository, "update-ref", other.format("origin/main"), "HEAD")
    if other == "refs/remotes/{}":
        assert resolve(repository, "origin/main") == git(repository, "rev-parse", "HEAD"), "moved, not ambiguous"
        return
    with pytest.raises(GateError, match="names several commits; write refs/"):
        resolve(repository, "origin/main")
    assert resolve(repository, "refs/remotes/origin/main") == git(repository, "rev-parse", "HEAD~1")


def test_a_sha256_repository_is_read_and_checked(tmp_path: Path, git: Git) -> None:
    root = tmp_path / "sha256"
    root.mkdir()
    (root / "a.txt").write_text("a\n", "utf-8")
    git(root, "init", "-q", "--object-format=sha256")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "one")

    assert CommitTree(root, "HEAD").read("a.txt") == b"a\n"
    assert dirty_paths(root) == []


def test_a_worktree_and_a_submodule_are_judged_as_what_they_are(repository: Path, tmp_path: Path, git: Git) -> None:
    git(repository, "worktree", "add", "-q", "--detach", str(tmp_path / "other"))
    assert list(WorkTree(tmp_path / "other").paths()) == ["a.txt"]
    assert dirty_paths(tmp_path / "other") == []

    git(repository, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(tmp_path / "other"), "sub")
    git(repository, "commit", "-q", "-m", "two")
    assert ("sub", "a submodule; judge it in its own repository") in {
        (u.path, u.reason) for u in CommitTree(repository, "HEAD").unread()
    }
    assert "sub" in {u.path for u in WorkTree(repository).unread()}


@pytest.mark.parametrize(
    "variable",
    ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_CEILING_DIRECTORIES", "GIT_NAMESPACE"],
)
def test_no_variable_of_the_caller_points_git_elsewhere(
    repository: Path, tmp_path: Path, git: Git, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    other = tmp_path / "elsewhere"
    other.mkdir()
    git(other, "init", "-q")
    monkeypatch.setenv(variable, str(other / ".git"))

    assert list(CommitTree(repository, "HEAD").paths()) == ["a.txt"]
    assert dirty_paths(repository) == []


def test_a_bare_repository_inside_the_checkout_changes_nothing(repository: Path, git: Git) -> None:
    git(repository, "init", "-q", "--bare", "trap")
    (repository / "trap/config").write_text("[core]\n\tbare = true\n\tfsmonitor = touch fired\n", "utf-8")

    assert "trap/HEAD" in WorkTree(repository).paths()
    assert list(CommitTree(repository, "HEAD").paths()) == ["a.txt"]
    assert not list(repository.rglob("fired"))


def test_no_git_comes_out_of_the_checkout(
    repository: Path, tmp_path: Path, git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder of PATH that is relative is one of wherever the gate happens to run."""
    trap = repository / "bin/git"
    trap.parent.mkdir()
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/fired\n", "utf-8")
    trap.chmod(0o755)
    monkeypatch.chdir(repository)
    monkeypatch.setenv("PATH", f"bin::.:{os.environ['PATH']}")

    assert list(CommitTree(repository, "HEAD").paths()) == ["a.txt"]
    monkeypatch.setenv("PATH", "bin")
    assert "a.txt" in WorkTree(repository).paths()
    assert not (tmp_path / "fired").exists()


def test_one_object_that_is_too_large_or_missing_spoils_no_other(repository: Path, git: Git) -> None:
    (repository / "large.txt").write_bytes(b"x" * 100_000)
    (repository / "lost.txt").write_bytes(b"gone")
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "two")
    lost = git(repository, "rev-parse", "HEAD:lost.txt")
    (repository / ".git/objects" / lost[:2] / lost[2:]).unlink()
    tree = CommitTree(repository, "HEAD")

    for _ in range(2):
        with pytest.raises(GateError, match=r"large\.txt: larger than 99,999 bytes"):
            tree.read("large.txt", limit=99_999)
        with pytest.raises(UndecidedError, match=rf"lost\.txt: git object {lost} can't be read: .*missing"):
            tree.read("lost.txt")
        assert tree.read("a.txt") == (repository / "a.txt").read_bytes()
    assert len(tree.read("large.txt", limit=100_000)) == 100_000


def raw_tree(repository: Path, name: bytes) -> str:
    """A commit whose tree holds a file of any name."""
    environment = {
        **os.environ,
        "GIT_AUTHOR_NAME": "t",
        "GIT_AUTHOR_EMAIL": "t@example.com",
        "GIT_COMMITTER_NAME": "t",
        "GIT_COMMITTER_EMAIL": "t@example.com",
    }

    def git(*argv: str, data: bytes = b"") -> str:
        return (
            subprocess.run(["git", *argv], cwd=repository, input=data, env=environment, capture_output=True, check=True)
            .stdout.decode()
            .strip()
        )

    blob = git("hash-object", "-w", "--stdin", data=b"evil")
    tree = git(
        "hash-object",
        "-t",
        "tree",
        "-w",
        "--stdin",
        "--literally",
        data=b"100644 " + name + b"\0" + bytes.fromhex(blob),
    )
    return git("commit-tree", tree, "-m", "evil")


@pytest.mark.parametrize("name", [b"..", b".", b".git", b"a/../../b", b"\xff"])
def test_a_name_that_git_would_not_make_is_unread(repository: Path, name: bytes) -> None:
    try:
        tree = CommitTree(repository, raw_tree(repository, name))
    except UndecidedError:
        return  # git itself refuses the tree
    assert list(tree.paths()) == []
    assert len(tree.unread()) == 1


# --- the built-in rules -------------------------------------------------------------------------------------------


def test_a_gitignore_of_the_checkout_takes_no_built_in_rule_away(
    tmp_path: Path, git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gate may be installed in an environment inside the checkout it judges."""
    import shutil

    installed = tmp_path / ".venv/lib/gate/rules"
    shutil.copytree(policy.rules_root(), installed)
    (tmp_path / "gate.yaml").write_text('version: 1\npolicy_version: "1"\nproject: t\npacks: [governance]\n', "utf-8")
    (tmp_path / ".gitignore").write_text("CIW001.yaml\n", "utf-8")
    git(tmp_path, "init", "-q")
    monkeypatch.setattr(policy, "rules_root", lambda: installed)

    assert policy.load(WorkTree(tmp_path)).control("CIW001") is not None
