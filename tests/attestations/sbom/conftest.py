"""What the SBOM tests share: one binding, one time, and a document that two independent validators accepted."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from attestations.sbom import Inventory, build, read_sources, validate

BINDING = {
    "policyVersion": "2026.11",
    "policyDigest": "sha256:" + "a" * 64,
    "pipelineId": "https://ci.example/runs/7/attempts/1",
    "signerIdentity": "release-manager@summit.example",
}

Written = Callable[..., bytes]
Document = Callable[[Inventory], dict[str, Any]]
Read = Callable[..., Inventory]
Edges = Callable[[Inventory], set[tuple[str, str]]]


@pytest.fixture(scope="session")
def written() -> Written:
    """`build` with the usual arguments, any of which can be replaced."""

    def write(inventory: Inventory, **changed: Any) -> bytes:
        usual = {
            "name": "summit",
            "version": "1.2.3",
            "binding": BINDING,
            "timestamp": datetime(2026, 11, 21, 12, tzinfo=UTC),
            "tools": [("tenantgate", "0.1.0")],
        }
        return build(inventory, **{**usual, **changed})

    return write


@pytest.fixture(scope="session")
def document(written: Written) -> Document:
    """The parsed SBOM of an inventory, after our validator and the library's strict one accepted it."""
    theirs = JsonStrictValidator(SchemaVersion.V1_6)

    def accepted(inventory: Inventory) -> dict[str, Any]:
        data = written(inventory)
        validate(data)
        assert theirs.validate_str(data.decode()) is None
        parsed: dict[str, Any] = json.loads(data)
        return parsed

    return accepted


@pytest.fixture(scope="session")
def read() -> Read:
    """`read_sources` of files given as text, JSON-able objects or bytes, by path."""

    def reading(**files: Any) -> Inventory:
        return read_sources({path: _bytes(content) for path, content in files.items()})

    return reading


@pytest.fixture(scope="session")
def edges() -> Edges:
    """The graph as pairs of `name@version`; the project at the top is `.`."""

    def pairs(inventory: Inventory) -> set[tuple[str, str]]:
        names = {c.ref: f"{c.group}/{c.name}" if c.group else c.name for c in inventory.components}
        labels = {c.ref: f"{names[c.ref]}@{c.version}" if c.version else names[c.ref] for c in inventory.components}
        found = {(labels[c.ref], labels.get(ref, ".")) for c in inventory.components for ref in c.depends_on or ()}
        return found | {(".", labels[ref]) for ref in inventory.direct}

    return pairs


def _bytes(content: Any) -> bytes:
    if isinstance(content, bytes):
        return content
    return content.encode() if isinstance(content, str) else json.dumps(content).encode()
