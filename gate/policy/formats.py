"""Our own file formats and their schemas, and the files that a policy is made of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from gate.model import GateError
from gate.reading import Schema, read_json

CONFIG = "gate.yaml"
FORMATS = {
    "gate_config": "governance/schemas/gate_config.json",
    "pack": "governance/schemas/pack.json",
    "control": "governance/schemas/control.json",
    "panel": "governance/schemas/panel.json",
    "waiver": "governance/schemas/waiver.json",
    "tenancy": "tenancy/schemas/tenancy.json",
    "tenants": "governance/schemas/tenants.json",
    "baseline": "tenancy/schemas/baseline.json",
    "integration_template": "governance/schemas/integration_template.json",
    "playbook": "drills/schemas/playbook.json",
}
"""Our own file formats and their schemas, relative to the rules."""


@cache
def rules_root() -> Path:
    """The built-in rules: the installed copy, else the checkout's."""
    package = Path(__file__).parent.parent
    installed = package / "rules"
    return installed if installed.is_dir() else package.parent / "rules"


@cache
def format_schema(name: str) -> Schema:
    """The compiled schema of one of our own file formats (see FORMATS)."""
    path = rules_root() / FORMATS[name]
    return Schema(read_json(path.read_bytes(), path.name).value, path.name)


@dataclass(frozen=True, slots=True)
class Source:
    """A file of the policy: its name in the digest and its bytes."""

    name: str
    data: bytes


def files_of(sources: Iterable[Source]) -> dict[str, bytes]:
    """The files of the policy by name. Raises GateError for a name that two of them share, or that can't be shown."""
    files: dict[str, bytes] = {}
    for source in sources:
        if not source.name.isprintable():
            raise GateError(f"{source.name!r}: a file of the policy needs a printable name; rename it")
        if files.setdefault(source.name, source.data) != source.data:
            raise GateError(f"{source.name}: a built-in rule has this name too; move the file")
    return files
