"""A policy in a hostile shape: what it says is either loaded whole, or it is one error; nothing drops out of it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from gate import policy
from gate.model import GateError
from gate.tree import CommitTree, WorkTree

Project = Callable[..., Path]
OWN = "policy/rules/own"


def link(target: str) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(target)

    return make


def fifo(path: Path) -> None:
    os.mkfifo(path)


def text(content: str) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, "utf-8")

    return make


LOST: list[tuple[str, str, Callable[[Path], None], str]] = [
    ("a control that is a link", f"{OWN}/controls/THG002.yaml", link("../../../../elsewhere/THG002.yaml"), "THG002.yaml: a policy is made of regular files"),
    ("a control behind a broken link", f"{OWN}/controls/THG002.yaml", link("nowhere.yaml"), "THG002.yaml: a policy is made of regular files"),
    ("a control that leaves the tree", f"{OWN}/controls/THG002.yaml", link("/etc/hostname"), "THG002.yaml: a policy is made of regular files"),
    ("a control that is a pipe", f"{OWN}/controls/THG002.yaml", fifo, "THG002.yaml: a policy is made of regular files: not a regular file"),
    ("a folder of controls that is a link", f"{OWN}/controls/more", link("../../../../elsewhere"), "controls/more"),
    ("a pack that is a link", "policy/rules/other", link("../../elsewhere"), "policy/rules/other"),
    ("a control under another ending", f"{OWN}/controls/THG002.yml", text("id: THG002\n"), "THG002.yml: not read; the files of controls/ end with .yaml"),
    ("a schema under another ending", f"{OWN}/schemas/more.yaml", text("{}"), "more.yaml: not read; the files of schemas/ end with .json"),
    ("a waiver that is a link", "waivers/w.yaml", link("../elsewhere/w.yaml"), "waivers/w.yaml: a waiver is a regular file"),
    ("waivers behind a link", "waivers", link("elsewhere"), "waivers/THG002.yaml: a waiver is a regular file"),
    ("a pack of the same name", "policy/rules/again/own/pack.yaml", text("name: own\ntitle: T\nsummary: S.\n"), "there is another pack 'own'"),
    ("a pack named like a built-in one", "policy/rules/governance/pack.yaml", text("name: governance\ntitle: T\nsummary: S.\n"), "there is another pack 'governance'"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "path", "make", "said"), LOST)
def test_nothing_of_a_policy_is_left_out_in_silence(
    project: Project, name: str, path: str, make: Callable[[Path], None], said: str, control_text: Callable[[str], str]
) -> None:
    root = project({"elsewhere/THG002.yaml": control_text("THG002")})
    make(root / path)

    with pytest.raises(GateError) as error:
        policy.load(WorkTree(root))

    assert said in str(error.value)


def test_the_same_holds_for_a_commit(
    project: Project, git: Callable[..., str], control_text: Callable[[str], str]
) -> None:
    root = project({"elsewhere/THG002.yaml": control_text("THG002")})
    (root / OWN / "controls/THG002.yaml").symlink_to("../../../../elsewhere/THG002.yaml")
    git(root, "init", "-q")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "one")

    with pytest.raises(GateError, match="a policy is made of regular files"):
        policy.load(CommitTree(root, "HEAD"))


CONFIGS = [
    ("a kind that does not exist", "evidence:\n  thng: [x]\n", "evidence: unknown kind 'thng' (did you mean 'thing'?)"),
    ("a parameter below zero", "controls: {THG001: {params: {limit: -1}}}\n", "params.limit"),
    ("keys outside", "trust: {keys: ../keys.json}\n", "leaves the judged tree"),
    ("keys of the machine", "trust: {keys: /etc/passwd}\n", "leaves the judged tree"),
    ("a name with NUL", 'tenancy: "a\\0b"\n', "does not exist"),
    ("a lone surrogate", 'tenancy: "\\ud800"\n', "gate.yaml:"),
    ("an escape sequence", 'tenancy: "\\e[31m"\n', "does not exist"),
    ("a folder for a file", "tenancy: policy\n", "policy: not a regular file"),
    ("tenancy that is no mapping", "tenancy: gate.yaml\n", "gate.yaml:"),
]


@pytest.mark.parametrize(("name", "more", "said"), CONFIGS)
def test_a_hostile_config_is_one_error(project: Project, name: str, more: str, said: str) -> None:
    base = 'version: 1\npolicy_version: "1"\nproject: tests\npacks: [governance]\nrules: [policy/rules]\n'
    with pytest.raises(GateError) as error:
        policy.load(WorkTree(project({"gate.yaml": base + more})))

    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_what_is_loaded_is_what_is_digested(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """gate.yaml may change while it is read: it is read once."""
    tree = WorkTree(project())
    reads: list[str] = []
    read = tree.read

    def counted(path: str, *, limit: int = 1 << 20) -> bytes:
        reads.append(path)
        return read(path, limit=limit)

    monkeypatch.setattr(tree, "read", counted)
    policy.load(tree)

    assert sorted(set(reads)) == sorted(reads)
