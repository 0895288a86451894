"""The map of tenants: which plan each has, and which packs a plan enables; the policy's own word on whom it judges."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gate.model import Policy
from gate.policy.formats import CONFIG
from gate.reading import Document, did_you_mean, read_yaml

KIND = "tenant_plan"
"""The map as evidence, so that controls and panels can ask it: one record a tenant (`gate.collect.tenants`)."""
COLUMN = "tenantid"
"""The field of evidence that says whose a record is (the CloudEvents extension attribute)."""
PACK = "tenant-zero"
"""The pack that defines KIND."""

TENANT_ID = re.compile(r"[a-z0-9][a-z0-9-]{1,62}")  # as in the tenant registry
_PLAN = re.compile(r"[a-z][a-z0-9-]{0,40}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantMap:
    """Tenant → plan → packs.

    A pack that some plan names is judged for the tenants of such plans only; a pack that no plan names is the whole
    organisation's and judged for everybody.
    """

    plans: Mapping[str, frozenset[str]]
    tenants: Mapping[str, str]

    def per_tenant(self, pack: str) -> bool:
        """Whether the pack is judged for some tenants only."""
        return any(pack in packs for packs in self.plans.values())

    def packs(self, tenant: str) -> frozenset[str]:
        """The packs of the tenant's plan; none for a tenant that is not declared."""
        return self.plans[self.tenants[tenant]] if tenant in self.tenants else frozenset()

    def outside(self, pack: str) -> tuple[str, ...]:
        """The declared tenants whose plan has not the pack; none for a pack of the whole organisation."""
        return tuple(t for t in sorted(self.tenants) if pack not in self.packs(t)) if self.per_tenant(pack) else ()

    def leaves_out(self, pack: str, tenant: object) -> bool:
        """Whether a finding of the pack about that tenant is not judged. One of a stranger, or of nobody, is."""
        known = isinstance(tenant, str) and tenant in self.tenants
        return known and self.per_tenant(pack) and pack not in self.packs(str(tenant))


def map_of(policy: Policy) -> TenantMap | None:
    """The map of a loaded policy; None without one: then every pack is judged for everybody."""
    named = policy.config.get("tenants")
    if isinstance(named, str):
        named = read_yaml(policy.files[named], named).value["tenants"]
    return None if named is None else _map(policy.config["plans"], named)


def _map(plans: Mapping[str, Any], tenants: Mapping[str, Any]) -> TenantMap:
    return TenantMap(
        plans={name: frozenset(plan["packs"]) for name, plan in plans.items()},
        tenants={name: entry["plan"] for name, entry in tenants.items()},
    )


def check_tenants(config: Document, files: Mapping[str, bytes], packs: Sequence[str]) -> None:
    """The map says nothing of packs or plans that are not there, and no pack is left with nobody to judge."""
    plans, tenants = config.value.get("plans"), config.value.get("tenants")
    if plans is None and tenants is None:
        return
    if plans is None or tenants is None:
        there, missing = ("tenants", "plans") if plans is None else ("plans", "tenants")
        raise config.error((there,), f"{there}: declare {missing} too; together they say who has which packs")
    if PACK not in packs:
        raise config.error(
            ("tenants",), f"tenants: the map is evidence of the pack {PACK}; add {PACK} to packs in {CONFIG}"
        )
    _check_plans(config, plans, packs)
    source = config if not isinstance(tenants, str) else read_yaml(files[tenants], tenants)
    tenants = source.value["tenants"]
    for name, entry in tenants.items():
        if not TENANT_ID.fullmatch(name):
            raise source.error(
                ("tenants", name), f"tenants: {name[:80]!r} is no tenant's id: 2 to 63 of a-z, 0-9 and -, no - first"
            )
        if entry["plan"] not in plans:
            hint = did_you_mean(entry["plan"], list(plans)) or f"; plans: {', '.join(plans)}"
            raise source.error(("tenants", name, "plan"), f"tenants.{name}: unknown plan {entry['plan']!r}{hint}")
    found = _map(plans, tenants)
    for name, plan in plans.items():
        for index, pack in enumerate(plan["packs"]):
            if not any(pack in found.packs(tenant) for tenant in tenants):
                raise config.error(
                    ("plans", name, "packs", index),
                    f"plans.{name}: no tenant has a plan with the pack {pack}, so it would judge nobody; "
                    "give a tenant such a plan, or take the pack out of all plans to have it judge everybody",
                )


def _check_plans(config: Document, plans: Mapping[str, Any], packs: Sequence[str]) -> None:
    for name, plan in plans.items():
        if not _PLAN.fullmatch(name):
            raise config.error(
                ("plans", name), f"plans: {name[:80]!r} is no plan's name: up to 41 of a-z, 0-9 and -, a letter first"
            )
        for index, pack in enumerate(plan["packs"]):
            if pack not in packs:
                hint = did_you_mean(pack, list(packs)) or "; add it to packs"
                raise config.error(
                    ("plans", name, "packs", index), f"plans.{name}: {pack!r} is no pack of this policy{hint}"
                )
