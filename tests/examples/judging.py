"""The example's half year of operations in memory, judged by the nine packs, and changed for the worse on purpose.

What arrives through `gate record` and `gate ingest` is judged by the demo; here the records are taken as they were
generated, each as if its signature had verified, so that one changed record costs a fraction of a second.
"""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from attestations import strict_json
from gate import policy
from gate.collect.calendars import collect as business_periods
from gate.collect.tenants import collect as plans_of_tenants
from gate.model import Coverage, Decision, Evidence, Policy, Stage, Subject
from gate.reading import Schema
from gate.run import decide_on
from gate.tree import WorkTree

from .conftest import EXAMPLE, Copy

PACKS = (
    "audit", "finops", "high-risk-ops", "integrations", "quotas", "regulatory", "revops", "slo", "tenant-zero",
)  # fmt: skip
ELSEWHERE = frozenset({"business_period", "integration_use", "tenant_plan"})
"""Kinds that the gate makes itself."""

Record = dict[str, Any]
Records = dict[str, list[Record]]


def policy_of(root: Path) -> Policy:
    """The example's policy as far as it is about operations: its nine packs, its tenants and its calendar."""
    config = yaml.safe_load((EXAMPLE / "gate.yaml").read_text("utf-8"))
    kept = {name: config[name] for name in ("version", "policy_version", "project", "calendars", "plans", "tenants")}
    (root / "gate.yaml").write_text(yaml.safe_dump({**kept, "packs": list(PACKS)}), "utf-8")
    return policy.load(WorkTree(root))


def generated(example: Copy) -> Records:
    """Every record that was generated, by kind: an event once, however often it was sent, and nothing unusable."""
    found: Records = {}
    for folder in ("evidence/declared", "var/records"):
        for path in sorted((example.root / folder).glob("*.jsonl")):
            found[path.stem] = [json.loads(line) for line in path.read_bytes().splitlines()]
    kinds = {
        schema["properties"]["type"].get("const"): path.stem
        for pack in PACKS
        for path in (EXAMPLE.parents[1] / "rules" / pack / "schemas").glob("*.json")
        for schema in [json.loads(path.read_bytes())]
        if "specversion" in schema["properties"]
    }
    artifacts = sorted((example.root / "var" / "artifacts").iterdir())
    found["artifact_file"] = [
        {"path": f"var/artifacts/{path.name}", "name": path.name, "bytes": path.stat().st_size,
         "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
        for path in artifacts
    ]  # fmt: skip
    for path in sorted((example.root / "var" / "events").glob("*.ndjson")):
        seen: set[str] = set()
        for line in path.read_bytes().splitlines():
            if b"unusable" not in line:
                event = json.loads(line)
                if event["id"] not in seen:
                    seen.add(event["id"])
                    found.setdefault(kinds[event["type"]], []).append(event)
    return found


def row(kind: str, number: int, record: Record) -> Record:
    data = strict_json.dumps(record)
    return {
        **record, "source_path": f"{kind}.jsonl", "source_line": number, "source_digest": "0" * 64,
        "record_digest": hashlib.sha256(data).hexdigest(), "verified": True, "signer": "telemetry@summit.example",
    }  # fmt: skip


def report(as_of: datetime) -> Record:
    """What `gate ingest` says of a batch, an hour ago."""
    ended = f"{as_of - timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"
    return {
        "id": "batch-1", "batch": "batch-1", "read": 12, "accepted": 9, "duplicates": 1, "parked": 1, "rejected": 1,
        "parked_open": 1, "oldest_parked_at": ended, "finished_at": ended,
        "reasons": [
            {"outcome": "parked", "reason": "missing-tenantid", "events": 1},
            {"outcome": "rejected", "reason": "not-json", "events": 1},
        ],
    }  # fmt: skip


@dataclass(slots=True)
class Judge:
    """Asks every control that reads a kind of evidence."""

    policy: Policy
    as_of: datetime
    records: Records
    evidence: dict[str, Evidence]

    @classmethod
    def of(cls, policy: Policy, records: Records, as_of: datetime) -> Judge:
        records = {**records, "ingest_report": [report(as_of)]}
        judge = cls(policy=policy, as_of=as_of, records=records, evidence={})
        for kind in policy.kinds:
            judge.evidence[kind] = judge.rows(kind, records.get(kind, []))
        for collect in (business_periods, plans_of_tenants):
            for made in collect(_Asking(policy, as_of)):
                judge.evidence[made.kind] = made
        return judge

    def rows(self, kind: str, records: Sequence[Record]) -> Evidence:
        found = tuple(row(kind, number, record) for number, record in enumerate(records, 1))
        return Evidence(kind=kind, rows=found, coverage=Coverage(scope=kind), materials=())

    def decide(self, changed: Mapping[str, Sequence[Record]] | None = None) -> Decision:
        """All controls, or those that read a kind that was changed."""
        about = set(self.policy.kinds) if changed is None else set(changed)
        controls = tuple(c for c in self.policy.controls if about & c.evidence.keys())
        needed = {kind for control in controls for kind in control.evidence}
        evidence = {kind: self.evidence[kind] for kind in sorted(needed)}
        evidence |= {kind: self.rows(kind, records) for kind, records in (changed or {}).items()}
        return decide_on(
            replace(self.policy, controls=controls), Stage.GA, evidence, self.as_of,
            as_of_overridden=True, subject=Subject(project="summit-internal", commit=None), pipeline_id="test",
        )  # fmt: skip

    def blocked_by(self, change: Callable[[Records], None], *kinds: str) -> set[str]:
        """The ids of the controls that block after a change to a copy of these kinds' records; others are to be read."""
        changed = {kind: copy.deepcopy(self.records[kind]) for kind in kinds}
        change({**self.records, **changed})
        for kind, records in changed.items():
            assert records != self.records[kind], f"{kind} was not changed"
        return {result.control.id for result in self.decide(changed).results if result.blocks}

    def misfits(self) -> list[str]:
        """Records that do not fit their schemas."""
        found = []
        for kind, records in self.records.items():
            schema = Schema(self.policy.kinds[kind].schema, kind)
            found += [f"{kind} {r.get('id')}: {schema.problems(r)[0].text}" for r in records if not schema.is_valid(r)]
        return found


@dataclass(frozen=True, slots=True)
class _Asking:
    """As much of a run's context as the calendar's collector looks at."""

    policy: Policy
    as_of: datetime


def digest(record: Record) -> str:
    return hashlib.sha256(strict_json.dumps(record)).hexdigest()
