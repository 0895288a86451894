"""Where things are, and the registry of tenants. Everything the service writes is under `VAR`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VAR = ROOT / "var"
DATABASE = VAR / "summit.sqlite"
MIGRATIONS = ROOT / "migrations"
TENANTS_FILE = ROOT / "config" / "tenants.json"
POLICY_VERSION = "2026.11.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """A line of `config/tenants.json`, the source of truth for tenant → plan → packs."""

    id: str
    name: str
    plan: str
    region: str
    sla_tier: str
    packs: tuple[str, ...]


def tenants() -> tuple[Tenant, ...]:
    """Every tenant. Sweeps (backup checks, purge) walk this list and stay inside one tenant at a time."""
    rows = json.loads(TENANTS_FILE.read_text(encoding="utf-8"))
    return tuple(Tenant(**{**row, "packs": tuple(row["packs"])}) for row in rows)
