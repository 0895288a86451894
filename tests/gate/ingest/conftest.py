"""A project whose policy has the kinds of finops and tenant-zero, and a store to ingest into."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gate import policy
from gate.ingest import run, sources
from gate.ingest.judge import Rules
from gate.ingest.run import Outcome
from gate.model import Policy
from gate.tree import WorkTree

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("project")
    (root / "gate.yaml").write_text(
        'version: 1\npolicy_version: "2026.11.1"\nproject: streams\npacks: [finops, tenant-zero]\n'
    )
    return root


@pytest.fixture(scope="session")
def loaded(project: Path) -> Policy:
    return policy.load(WorkTree(project, versioned=False))


@pytest.fixture(scope="session")
def rules(loaded: Policy) -> Rules:
    return run.rules_of(loaded, None, None, NOW)


@pytest.fixture
def ingest(tmp_path: Path, loaded: Policy, rules: Rules) -> Callable[..., Outcome]:
    """Ingest files (name: bytes) into one store, `tmp_path / store`."""

    def ingested(files: dict[str, bytes], **options: Any) -> Outcome:
        folder = tmp_path / "incoming"
        folder.mkdir(exist_ok=True)
        for name, data in files.items():
            (folder / name).write_bytes(data)
        given = [str(folder / name) for name in files]
        wanted = options.pop("rules", rules)
        if "kind" in options:
            wanted = run.rules_of(loaded, options.pop("kind"), None, NOW)
        found = sources.find(given, options.pop("format", None))
        target = options.pop("into", tmp_path / "store")
        return run.ingest(target, found, wanted, loaded, options.pop("now", NOW), lambda *_: None, **options)

    return ingested
