"""The operational packs as one loaded policy, and a quick way to ask a control about changed evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from gate import policy
from gate.decide import judge
from gate.model import Control, ControlResult, Coverage, Evidence, Example, Policy, Row
from gate.store import Store, tables
from gate.tree import WorkTree

PACKS = ("audit", "finops", "high-risk-ops", "integrations", "quotas", "regulatory", "revops", "slo", "tenant-zero")
OTHER_PACKS = (
    "drills",
    "golden-path",
    "governance",
    "retention-and-purge",
    "schema-audit",
    "separation-of-duties",
    "supply-chain",
    "tenancy",
)

Records = Mapping[str, Sequence[Row]]


@pytest.fixture(scope="session")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    return all_packs(tmp_path_factory.mktemp("packs"))


def all_packs(root: Path) -> Policy:
    """A policy of all these packs, whose gate.yaml is written to the folder."""
    names = ", ".join((*PACKS, *OTHER_PACKS))
    (root / "gate.yaml").write_text(f'version: 1\npolicy_version: "1"\nproject: packs\npacks: [{names}]\n', "utf-8")
    return policy.load(WorkTree(root))


@pytest.fixture(scope="session")
def controls(loaded: Policy) -> list[Control]:
    return [control for control in loaded.controls if control.pack in PACKS]


@dataclass(slots=True)
class Asker:
    """Asks controls about records. One store a set of kinds is emptied and filled again: connecting costs more."""

    policy: Policy
    stores: dict[tuple[str, ...], Store] = field(default_factory=dict)

    def ask(self, control: Control, example: Example, records: Records) -> ControlResult:
        kinds = tuple(sorted(control.evidence))
        if kinds not in self.stores:
            # Its calendar is that of the first example; no control of these packs reads it.
            self.stores[kinds] = Store([self.policy.kinds[kind] for kind in kinds], example.as_of)
            self.stores[kinds].connection.execute("SET threads = 1")  # a handful of rows: a second thread only waits
        store = self.stores[kinds]
        evidence = {}
        for kind in kinds:
            rows = tuple(records.get(kind, ()))
            store.load(kind, rows)
            evidence[kind] = Evidence(kind=kind, rows=rows, coverage=Coverage(scope="example"))
        tried = replace(control, params=example.params, warn_from=None, block_from=None)
        try:
            return judge(tried, evidence, store.ask, (), example.as_of)
        finally:
            for table in (t.name for kind in kinds if evidence[kind].rows for t in tables(self.policy.kinds[kind])):
                store.connection.execute(f'DELETE FROM "{table}"')


@pytest.fixture(scope="session")
def asker(loaded: Policy) -> Asker:
    return Asker(loaded)
