"""Who is judged by which pack no longer, and who now is."""

from __future__ import annotations

from gate.model import Policy
from gate.policy.tenants import map_of
from gate.policy_diff.change import Found, stronger, weaker


def tenants(old: Policy, new: Policy) -> Found:
    """Who is judged by which pack, where both policies have the pack."""
    before, after = map_of(old), map_of(new)
    if before is None and after is None:
        return
    packs = sorted(old.limits.keys() & new.limits.keys())
    if before is None:
        yield stronger("tenants", "records of tenants that are not declared block")
    elif after is None:
        yield weaker("tenants", "records of tenants that are not declared no longer block")
    both = [found.tenants for found in (before, after) if found is not None]
    for tenant in sorted({name for tenants in both for name in tenants}):
        plans = [found.tenants[tenant] for found in (before, after) if found is not None and tenant in found.tenants]
        plan = f"(plan {' → '.join(dict.fromkeys(plans))})"
        subject = f"tenants.{tenant}"
        if before is not None and after is not None and len(plans) == 1:
            came = tenant in after.tenants
            mine = ", ".join(sorted((after if came else before).packs(tenant))) or "none"
            if came:
                yield stronger(subject, f"{tenant} is declared, with the packs {mine} {plan}")
            else:
                yield weaker(subject, f"{tenant} is no longer declared; it had the packs {mine} {plan}")
            continue
        for pack in packs:
            was, becomes = (found is None or not found.leaves_out(pack, tenant) for found in (before, after))
            if was and not becomes:
                yield weaker(subject, f"{tenant} is no longer judged by the pack {pack} {plan}")
            elif becomes and not was:
                yield stronger(subject, f"{tenant} is judged by the pack {pack} too{f' {plan}' if after else ''}")
