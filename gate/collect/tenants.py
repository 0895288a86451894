"""The policy's map of tenants as evidence: which plan each has and which packs that enables."""

from __future__ import annotations

from collections.abc import Iterable

from gate.collect import Context
from gate.model import Coverage, Evidence
from gate.policy import CONFIG
from gate.policy.tenants import KIND, Span, map_of
from gate.report.escape import rfc3339


def collect(context: Context) -> Iterable[Evidence]:
    """`tenant_plan`: one row a tenant that gate.yaml declares; none without a map."""
    found = map_of(context.policy, context.as_of)
    named = context.policy.config.get("tenants")
    path = named if isinstance(named, str) else CONFIG
    tenants = {} if found is None else found.tenants
    yield Evidence(
        kind=KIND,
        rows=tuple(
            {
                "id": tenant, "tenantid": tenant, "plan": plan,
                "packs": sorted(() if found is None else found.packs(tenant)),
                "periods": [_period(span) for span in (() if found is None else found.spans[tenant])],
                "source_path": path,
            }
            for tenant, plan in sorted(tenants.items())
        ),
        coverage=Coverage(
            scope="no tenants in gate.yaml" if found is None else f"the tenants of {path}",
            numbers={"tenants": len(tenants)},
        ),
    )  # fmt: skip


def _period(span: Span) -> dict[str, str]:
    ends = {"starts_at": span.since, "ends_at": span.until}
    return {"plan": span.plan, **{name: rfc3339(at) for name, at in ends.items() if at is not None}}
