"""Where things are, and the registry of tenants. Everything the service writes is under `VAR`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
VAR = ROOT / "var"
DATABASE = VAR / "summit.sqlite"
MIGRATIONS = ROOT / "migrations"
TENANTS_FILE = ROOT / "config" / "tenants.json"
POLICY_VERSION = "2026.11.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sold:
    """What a tenant has, or had until a moment (RFC 3339; None: to this day)."""

    plan: str
    sla_tier: str
    packs: tuple[str, ...]
    until: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """An entry of `config/tenants.json`, the source of truth for tenant → plan → packs."""

    id: str
    name: str
    plan: str
    region: str
    sla_tier: str
    packs: tuple[str, ...]
    history: tuple[Sold, ...] = ()
    """What it had before, the oldest first."""

    def sold(self, at: datetime) -> Sold:
        """What it had at a moment."""
        for earlier in self.history:
            if earlier.until is not None and at < datetime.fromisoformat(earlier.until):
                return earlier
        return Sold(plan=self.plan, sla_tier=self.sla_tier, packs=self.packs)


def tenants() -> tuple[Tenant, ...]:
    """Every tenant. Sweeps (backup checks, purge) walk this list and stay inside one tenant at a time."""
    rows = json.loads(TENANTS_FILE.read_text(encoding="utf-8"))
    return tuple(
        Tenant(**_had(row) | {"history": tuple(Sold(**_had(earlier)) for earlier in row.get("history", ()))})
        for row in rows
    )


def _had(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "packs": tuple(row["packs"])}
