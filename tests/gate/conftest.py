"""Small real projects to judge: a policy in a folder, a git repository, trusted keys."""

from __future__ import annotations

import os
import selectors
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from gate import policy
from gate.model import Policy
from gate.tree import WorkTree
from lints.workers import Workers, _Slot

PACK = """
name: {name}
title: A test pack
summary: For tests.
kinds: [thing]
"""
SCHEMA = """{
  "type": "object", "additionalProperties": false, "required": ["id"],
  "properties": {"id": {"type": "string"}, "count": {"type": "integer"}, "at": {"type": "string", "format": "date-time"},
                 "tags": {"type": "array", "items": {"type": "string"}}},
  "examples": [{"id": "one", "count": 1, "at": "2026-11-20T00:00:00Z", "tags": ["a"]}]
}"""
CONTROL = """
id: {id}
title: Every thing has a small count
why: Because a large count is what this test is about.
fix: make it smaller
owner: tests
stages: [check, release]
severity: block
evidence:
  thing: {{min: 1}}
params: {{limit: 5}}
message: "{{subject}} has {{count}}; the limit is {{limit}}"
query: |
  SELECT t.id AS subject, t.count AS count FROM thing AS t WHERE t.count > $limit
examples:
  pass:
    - {{name: small, as_of: "2026-11-21T00:00:00Z", records: {{thing: [{{}}]}}}}
  fail:
    - {{name: large, as_of: "2026-11-21T00:00:00Z", expect: has 6, records: {{thing: [{{count: 6}}]}}}}
"""
CONFIG = """
version: 1
policy_version: "1"
project: tests
packs: [governance]
rules: [policy/rules]
evidence:
  thing: ["things/*.json"]
"""
BASE: Mapping[str, str] = {
    "gate.yaml": CONFIG,
    "policy/rules/own/pack.yaml": PACK.format(name="own"),
    "policy/rules/own/schemas/thing.json": SCHEMA,
    "policy/rules/own/controls/THG001.yaml": CONTROL.format(id="THG001"),
}

Project = Callable[..., Path]


@pytest.fixture(scope="session")
def idle() -> Iterator[list[_Slot]]:
    """Children of scans that ended."""
    slots: list[_Slot] = []
    yield slots
    for slot in slots:
        slot.channel.close()
        slot.process.kill()
        slot.process.wait()


@pytest.fixture(autouse=True)
def children(idle: list[_Slot], monkeypatch: pytest.MonkeyPatch) -> None:
    """What a child of a scan imports takes 0.4 s: one with nothing left to do serves the next scan of this process, as
    it would serve more files of the same one."""
    start = Workers._start

    def leave(pool: Workers, *_: object) -> None:
        for slot in list(pool._slots):
            if slot.idle and not slot.buffer and len(idle) < 2:
                pool._slots.remove(slot)
                pool._selector.unregister(slot.channel)
                idle.append(slot)
            else:
                pool._end(slot, patience=0)
        pool._selector.close()

    def begin(pool: Workers) -> None:
        if not idle:
            start(pool)
            return
        slot = idle.pop()
        slot.prepared = None
        pool._slots.append(slot)
        pool._selector.register(slot.channel, selectors.EVENT_READ, slot)

    monkeypatch.setattr(Workers, "__exit__", leave)
    monkeypatch.setattr(Workers, "_start", begin)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Writes a project: the base files, changed or removed (None) by path."""

    def make(changes: Mapping[str, str | bytes | None] | None = None, *, root: str = "project") -> Path:
        folder = tmp_path / root
        for name, text in {**BASE, **(changes or {})}.items():
            if text is not None:
                path = folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(text.encode() if isinstance(text, str) else text)
        return folder

    return make


@pytest.fixture
def loaded(project: Project) -> Callable[..., Policy]:
    """Loads the policy of such a project."""

    def load(changes: Mapping[str, str | bytes | None] | None = None) -> Policy:
        return policy.load(WorkTree(project(changes)))

    return load


@pytest.fixture(scope="session")
def control_text() -> Callable[[str], str]:
    return lambda control_id: CONTROL.format(id=control_id)


@pytest.fixture
def git() -> Callable[..., str]:
    """Runs git for a test's own repositories, without anybody's configuration."""
    environment = {
        "PATH": os.environ["PATH"], "HOME": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull,
        **{f"GIT_{who}_{what}": "test@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
    }  # fmt: skip

    def run(folder: Path, *arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=folder, env=environment, capture_output=True, check=True)
        return done.stdout.decode().strip()

    return run
