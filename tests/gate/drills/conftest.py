"""A small project whose playbooks really run: shell one-liners, real keys, the real command line."""

from __future__ import annotations

import copy
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from attestations.signers.key import new_key
from attestations.trust import EVIDENCE, TrustedKey, TrustedKeys
from gate import cli, run
from gate.collect import Context
from gate.model import Decision, Policy, Row, Stage, Subject
from gate.signing import trust_of
from gate.tree import WorkTree

SRE = "sre-oncall@summit.example"
CONFIG = """
version: 1
policy_version: "7"
project: tests
packs: [drills, governance]
trust: {keys: trusted-keys.json}
playbooks: ["playbooks/*.yaml"]
"""
MEASURED = (
    '{"rpo_seconds": 2, "canary": {"written": "c1", "found": "c1"},'
    ' "restore_validation": {"query": "SELECT 1", "expected": 12, "observed": 12}}'
)


def shell(name: str, script: str, kind: str = "action", **more: Any) -> dict[str, Any]:
    """An activity that runs a line of shell; a probe of it must exit with 0."""
    provider = {"type": "process", "path": "sh", "arguments": ["-c", script], "timeout": 20}
    tolerance = {"tolerance": 0} if kind == "probe" else {}
    return {"name": name, "type": kind, "provider": provider, **tolerance, **more}


def restore() -> dict[str, Any]:
    """A major drill that completes and meets its targets."""
    return {
        "version": "1.0.0",
        "title": "Restore",
        "description": "Destroy a file and restore it.",
        "extensions": [
            {
                "name": "tenantgate.drill", "kind": "dr-restore", "severity": "major", "environment": "rehearsal",
                "owner": SRE, "tenants": ["acme"], "targets": {"rto_seconds": 60, "rpo_seconds": 30},
                "measure": {
                    "component": "database",
                    "rto": {"from": "destroy", "to": "verify"},
                    "rpo": {"activity": "verify", "field": "rpo_seconds"},
                },
            }
        ],
        "steady-state-hypothesis": {"title": "Fine", "probes": [shell("fine", "true", "probe")]},
        "method": [
            shell("destroy", "echo gone > ran"),
            shell("repair", "echo back >> ran"),
            shell("verify", f"echo '{MEASURED}'", "probe"),
        ],
        "rollbacks": [shell("clean up", "echo cleaned >> rolled-back")],
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Site:
    """A project in a folder, its key beside it."""

    root: Path
    key: Path

    def playbook(self, value: Mapping[str, Any] | str, name: str = "playbooks/dr.yaml") -> Path:
        path = self.root / name
        path.parent.mkdir(exist_ok=True)
        # JSON is YAML; the dictionaries of these tests keep their lines.
        path.write_text(value if isinstance(value, str) else json.dumps(value, indent=1), "utf-8")
        return path

    def policy(self) -> Policy:
        return run.load_policy(self.root, None)

    def gate(self, *argv: str) -> int:
        """In this process; a Ctrl-C handler of pytest's own is put back."""
        before = signal.getsignal(signal.SIGINT)
        code = cli.run([*argv[:2], "-C", str(self.root), *argv[2:]])
        assert signal.getsignal(signal.SIGINT) is before
        return code

    def drill(self, *extra: str, mode: str = "--execute") -> int:
        return self.gate("drill", "run", *self.arguments(mode), *extra)

    def arguments(self, mode: str = "--execute") -> tuple[str, ...]:
        return ("playbooks/dr.yaml", mode, "--requested-by", "release@summit.example",
                "--approved-by", "approver@summit.example", "--key", str(self.key))  # fmt: skip

    def process(self, *argv: str, **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-I", "-m", "gate", *argv], cwd=self.root, env={**os.environ, **environment}, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    @property
    def store(self) -> Path:
        return self.root / ".gate" / "evidence"

    def stored(self) -> list[str]:
        return sorted(p.relative_to(self.store).as_posix() for p in self.store.rglob("*") if p.is_file())

    def context(self) -> Context:
        policy = self.policy()
        now = run.clock(None)[0]
        return Context(
            tree=WorkTree(self.root), root=self.root, policy=policy, as_of=now, now=now, trust=trust_of(policy),
            subject=Subject(project="tests", commit=None), stores=run.stores(self.root, ()),
        )  # fmt: skip

    def records(self) -> list[Row]:
        from gate.drills import schedule

        found = schedule.evidence(self.context())
        assert not found.coverage.unread
        return schedule.newest_first(found)

    def record(self) -> Row:
        (row,) = self.records()
        assert row["verified"]
        assert row["signer"] == SRE
        return row

    def journal(self) -> dict[str, Any]:
        (path,) = (self.store / "journals").iterdir()
        value: dict[str, Any] = json.loads(path.read_bytes())
        return value

    def judge(self) -> Decision:
        """What the drill controls of the GA stage say about the evidence on record."""
        return run.judge(self.context(), Stage.GA, as_of_overridden=False, pipeline_id="local", progress=lambda _: None)


@pytest.fixture(scope="session")
def key(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes]:
    """A private key and the trusted-keys file that knows its holder."""
    path = tmp_path_factory.mktemp("keys") / "sre.key"
    entry = TrustedKey(public=new_key(path, None), identity=SRE, usage=EVIDENCE, start=datetime(2020, 1, 1, tzinfo=UTC))
    return path, TrustedKeys((entry,)).dump()


_LOAD = run.load_policy
_LOADED: dict[bytes, Policy] = {}


@pytest.fixture(autouse=True)
def load_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loading a policy takes a quarter of a second; folders of the same content are loaded once."""

    def load(root: Path, base: str | None) -> Policy:
        names = sorted(
            p for p in root.rglob("*") if p.is_file() and p.suffix in (".yaml", ".json") and ".gate" not in p.parts
        )
        content = b"".join(p.relative_to(root).as_posix().encode() + b"\0" + p.read_bytes() for p in names)
        if content not in _LOADED:
            _LOADED[content] = _LOAD(root, base)
        return _LOADED[content]

    monkeypatch.setattr(run, "load_policy", load)


@pytest.fixture
def site(tmp_path: Path, key: tuple[Path, bytes]) -> Site:
    root = tmp_path / "site"
    root.mkdir()
    (root / "gate.yaml").write_text(CONFIG, "utf-8")
    (root / "trusted-keys.json").write_bytes(key[1])
    made = Site(root, key[0])
    made.playbook(restore())
    return made


@pytest.fixture
def good() -> dict[str, Any]:
    return copy.deepcopy(restore())


@pytest.fixture(scope="session")
def activity() -> Callable[..., dict[str, Any]]:
    return shell
