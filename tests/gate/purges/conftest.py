"""A small project with a purge job that is a shell script, and two keys."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from attestations.predicates import evidence_statement
from attestations.signers.key import load_key, new_key
from attestations.trust import EVIDENCE, TrustedKey, TrustedKeys
from gate import cli, run
from gate.collect import Context, collect
from gate.model import Decision, Policy, Row, Stage, Subject
from gate.purges import KIND
from gate.signing import trust_of
from gate.tree import WorkTree

JOB = "retention-job@summit.example"
STEWARD = "data-steward@summit.example"
CONFIG = """
version: 1
policy_version: "7"
project: tests
packs: [retention-and-purge, governance]
controls:
  PRG001: {params: {look_back_weeks: 2}}
trust: {keys: trusted-keys.json}
evidence:
  purge_manifest: ["manifests/*.json"]
purge:
  run: [sh, purge.sh, "${week}"]
  timeout_seconds: 20
"""
FACTS: Mapping[str, Any] = {
    "scope": {"tenants": ["acme"], "systems": ["primary"], "tables": ["leads"]},
    "data_classes": ["lead-contact"],
    "trigger": "retention",
    "noop": False,
    "noop_query": None,
    "method": "clear",
    "technique": "delete and vacuum",
    "tool": "purge.sh",
    "tool_version": "1",
    "counts": [{"table": "leads", "before": 12, "purged": 3, "after": 9}],
    "tombstone_validation": {"query": "SELECT 3", "expected": 3, "observed": 3},
    "exceptions": [],
    "residual": "backups expire",
}


def week(back: int, now: datetime | None = None) -> str:
    """The name of the ISO week so many weeks ago."""
    year, number, _ = ((now or datetime.now(UTC)) - timedelta(weeks=back)).isocalendar()
    return f"{year}-W{number:02d}"


@dataclass(frozen=True, slots=True)
class Site:
    root: Path
    key: Path

    def job(self, facts: Mapping[str, Any] | None = None, script: str = "") -> None:
        """The purge: notes that it ran and prints facts."""
        printed = json.dumps(dict(FACTS if facts is None else facts))
        (self.root / "facts.json").write_text(printed + "\n", "utf-8")
        (self.root / "purge.sh").write_text(f"echo $1 >> purged\n{script or 'echo working; cat facts.json'}\n", "utf-8")

    def purged(self) -> list[str]:
        """The weeks for which the job ran."""
        path = self.root / "purged"
        return path.read_text("utf-8").split() if path.exists() else []

    def policy(self) -> Policy:
        return run.load_policy(self.root, None)

    def arguments(self, name: str) -> tuple[str, ...]:
        return "purge", "record", "-C", str(self.root), "--week", name, "--key", str(self.key), "--verified-by", STEWARD

    def record(self, name: str, *extra: str) -> int:
        return cli.run([*self.arguments(name), *extra])

    def process(self, name: str, *extra: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-I", "-m", "gate", *self.arguments(name), *extra], cwd=self.root, env=dict(os.environ),
            text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def file(self, value: Any, name: str = "manifest.json") -> str:
        path = self.root.parent / name
        path.write_text(json.dumps(value), "utf-8")
        return str(path)

    @property
    def store(self) -> Path:
        return self.root / ".gate" / "evidence"

    def stored(self) -> list[str]:
        return sorted(p.name for p in self.store.rglob("*") if p.is_file())

    def sign(self, record: Mapping[str, Any], folder: str = "manifests") -> Path:
        """A manifest that was signed somewhere else."""
        bundle = load_key(self.key, None, JOB).sign(evidence_statement(KIND, record))
        path = self.root / folder / f"{record['id']}.sigstore.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bundle)
        return path

    def context(self, as_of: datetime | None = None) -> Context:
        policy = self.policy()
        now = run.clock(None)[0]
        return Context(
            tree=WorkTree(self.root), root=self.root, policy=policy, as_of=as_of or now, now=now, trust=trust_of(policy),
            subject=Subject(project="tests", commit=None), stores=run.stores(self.root, ()),
        )  # fmt: skip

    def manifests(self) -> list[Row]:
        """In the order of their sequence."""
        found = collect(self.context(), {KIND}, lambda _: None)[KIND]
        assert not found.coverage.unread
        return sorted(found.rows, key=lambda row: int(row["sequence"]))

    def judge(self) -> Decision:
        return run.judge(self.context(), Stage.GA, as_of_overridden=False, pipeline_id="local", progress=lambda _: None)


@pytest.fixture(scope="session")
def key(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes]:
    path = tmp_path_factory.mktemp("keys") / "job.key"
    entry = TrustedKey(public=new_key(path, None), identity=JOB, usage=EVIDENCE, start=datetime(2020, 1, 1, tzinfo=UTC))
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
    made.job()
    return made


@pytest.fixture
def facts() -> dict[str, Any]:
    return json.loads(json.dumps(dict(FACTS)))


@pytest.fixture(scope="session")
def weeks_ago() -> Any:
    return week
