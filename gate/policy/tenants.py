"""The map of tenants: which plan each has and had, and which packs a plan enables; the policy's own word on whom it
judges."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from functools import lru_cache
from itertools import pairwise
from typing import Any

from gate.model import Policy
from gate.policy.formats import CONFIG
from gate.reading import Document, did_you_mean, parse_date, parse_time, read_yaml

KIND = "tenant_plan"
"""The map as evidence, so that controls and panels can ask it: one record a tenant (`gate.collect.tenants`)."""
COLUMN = "tenantid"
"""The field of evidence that says whose a record is (the CloudEvents extension attribute)."""
PACK = "tenant-zero"
"""The pack that defines KIND."""

FIELD = re.compile(r"(?:[a-z0-9]+_)*tenants?(?:_?ids?)?")
"""Names of fields that name tenants: tenant, tenants, tenant_id, tenantid (CloudEvents), sourceTenantId, …; not
tenant_column or tenancy."""
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")

TENANT_ID = re.compile(r"[a-z0-9][a-z0-9-]{1,62}")  # as in the tenant registry
_PLAN = re.compile(r"[a-z][a-z0-9-]{0,40}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A tenant's plan for a time: from `since` (None: always) up to and without `until` (None: to this day and on)."""

    plan: str
    since: datetime | None
    until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantMap:
    """Tenant → plan → packs, at one moment.

    A pack that some plan names is judged for the tenants of such plans only; a pack that no plan names is the whole
    organisation's and judged for everybody. `tenants` has the plan that is in force; `spans` those before and after
    it too, without a gap, so that what happened is held against the plan of its time.
    """

    plans: Mapping[str, frozenset[str]]
    tenants: Mapping[str, str]
    spans: Mapping[str, tuple[Span, ...]]

    def per_tenant(self, pack: str) -> bool:
        """Whether the pack is judged for some tenants only."""
        return any(pack in packs for packs in self.plans.values())

    def packs(self, tenant: str) -> frozenset[str]:
        """The packs of the tenant's plan; none for a tenant that is not declared."""
        return self.plans[self.tenants[tenant]] if tenant in self.tenants else frozenset()

    def outside(self, pack: str) -> tuple[str, ...]:
        """The declared tenants whose plan has not the pack; none for a pack of the whole organisation."""
        return tuple(t for t in sorted(self.tenants) if pack not in self.packs(t)) if self.per_tenant(pack) else ()

    def judged(self, pack: str) -> tuple[str, ...]:
        """The declared tenants whom the pack judges."""
        outside = set(self.outside(pack))
        return tuple(t for t in sorted(self.tenants) if t not in outside)

    def leaves_out(self, pack: str, tenant: object) -> bool:
        """Whether a finding of the pack about that tenant is not judged. One of a stranger, or of nobody, is."""
        known = isinstance(tenant, str) and tenant in self.tenants
        return known and self.per_tenant(pack) and pack not in self.packs(str(tenant))


def map_of(policy: Policy, at: datetime) -> TenantMap | None:
    """The map of a loaded policy as it is in force; None without one: then every pack is judged for everybody."""
    named = policy.config.get("tenants")
    if isinstance(named, str):
        named = read_yaml(policy.files[named], named).value["tenants"]
    return None if named is None else _map(policy.config["plans"], named, at)


def _map(plans: Mapping[str, Any], tenants: Mapping[str, Any], at: datetime) -> TenantMap:
    spans = {name: tuple(_spans(entry)) for name, entry in tenants.items()}
    return TenantMap(
        plans={name: frozenset(plan["packs"]) for name, plan in plans.items()},
        tenants={name: next(s.plan for s in all_ if s.until is None or at < s.until) for name, all_ in spans.items()},
        spans=spans,
    )


def _spans(entry: Mapping[str, Any]) -> Iterator[Span]:
    """The plans that `history` lists, each from the end of the one before it; then the plan itself."""
    since = None
    for earlier in entry.get("history", ()):
        until = moment(earlier["until"])
        yield Span(plan=earlier["plan"], since=since, until=until)
        since = until
    yield Span(plan=entry["plan"], since=since, until=None)


def moment(text: str) -> datetime:
    """A time with an offset, or the beginning of a day in UTC. Raises ValueError."""
    return parse_time(text) if "T" in text.upper() else datetime.combine(parse_date(text), time(), UTC)


@lru_cache(maxsize=4096)
def names_tenants(field: str) -> bool:
    """Whether a field of that name says whose something is."""
    return FIELD.fullmatch(_HUMP.sub("_", field).lower()) is not None


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
        _check_plan(source, plans, name, entry["plan"], ("plan",))
        _check_history(source, plans, name, entry.get("history", ()))
    sold = {pack for entry in tenants.values() for pack in plans[entry["plan"]]["packs"]}
    for name, plan in plans.items():
        for index, pack in enumerate(plan["packs"]):
            if pack not in sold:
                raise config.error(
                    ("plans", name, "packs", index),
                    f"plans.{name}: no tenant has a plan with the pack {pack}, so it would judge nobody; "
                    "give a tenant such a plan, or take the pack out of all plans to have it judge everybody",
                )


def _check_plan(source: Document, plans: Mapping[str, Any], name: str, plan: str, at: tuple[str | int, ...]) -> None:
    if plan not in plans:
        hint = did_you_mean(plan, list(plans)) or f"; plans: {', '.join(plans)}"
        raise source.error(("tenants", name, *at), f"tenants.{name}: unknown plan {plan!r}{hint}")


def _check_history(source: Document, plans: Mapping[str, Any], name: str, history: Sequence[Mapping[str, Any]]) -> None:
    ends = []
    for index, earlier in enumerate(history):
        _check_plan(source, plans, name, earlier["plan"], ("history", index, "plan"))
        try:
            ends.append(moment(earlier["until"]))
        except ValueError as error:
            raise source.error(
                ("tenants", name, "history", index, "until"), f"tenants.{name}: until: {error}"
            ) from None
    for index, (before, after) in enumerate(pairwise(ends), 1):
        if after <= before:
            raise source.error(
                ("tenants", name, "history", index, "until"),
                f"tenants.{name}: the history runs from the oldest plan to the newest; this one ends before the other",
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
