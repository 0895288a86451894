"""Who is judged by which pack no longer, and who now is."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

from gate.model import Policy
from gate.policy.tenants import Span, map_of
from gate.policy_diff.change import Found, other, stronger, weaker


def tenants(old: Policy, new: Policy, on: date) -> Found:
    """Who is judged by which pack on that day, where both policies have the pack, and whose past was rewritten."""
    at = datetime.combine(on, time(), UTC)
    before, after = map_of(old, at), map_of(new, at)
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
        if before is not None and after is not None and before.spans[tenant] != after.spans[tenant]:
            yield other(
                subject, f"its plans over time were {_told(before.spans[tenant])}; now {_told(after.spans[tenant])}"
            )


def _told(spans: tuple[Span, ...]) -> str:
    """`pro until 2026-10-01, then enterprise`; raw."""
    return ", then ".join(s.plan if s.until is None else f"{s.plan} until {_day(s.until)}" for s in spans)


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}" if moment.time() == time() else f"{moment:%Y-%m-%d %H:%M:%S} UTC"
