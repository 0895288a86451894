"""The month's costs: metered quantities times the price list, cut by tenant, pack, SLA tier and meter; and the memo.

Money is integers: costs in millionths of the currency, invoices in minor units (hundredths). What is rounded is rounded
once, at the end, and so that the parts add up to the rounded whole.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any

from gate.model import Row, UndecidedError
from gate.reading import epoch_ms, format_time

Ask = Callable[[str, Mapping[str, Any]], Sequence[Mapping[str, Any]]]

MICROS_A_MINOR = 10_000
ATTESTATIONS = "notary-calls"
"""The meter that counts how often something is attested."""
TOP = 5

METERED = """
SELECT tenantid AS tenant, data_feature AS feature, data_sla_tier AS sla_tier, data_meter AS meter,
       sum(data_quantity) AS quantity
FROM meter_event WHERE time >= $begins AND time < $ends
GROUP BY tenantid, data_feature, data_sla_tier, data_meter
"""
PRICED = """
SELECT meter AS meter, version AS version, micros AS micros, currency AS currency, effective_from AS since
FROM unit_price WHERE effective_from <= $begins AND (effective_until IS NULL OR effective_until >= $ends)
"""
BILLED = """
SELECT v.tenantid AS tenant, l.sku AS sku, l.unit_minor AS unit_minor, v.currency AS currency,
       sum(l.quantity) AS quantity, sum(l.minor) AS minor
FROM invoice AS v JOIN invoice__lines AS l ON l.evidence_id = v.evidence_id
WHERE v.month_start = $begins
GROUP BY v.tenantid, l.sku, l.unit_minor, v.currency
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """A calendar month in UTC: [begins, ends)."""

    begins: datetime
    ends: datetime

    @property
    def name(self) -> str:
        return f"{self.begins:%Y-%m}"

    @property
    def before(self) -> Month:
        year, month = divmod(self.begins.year * 12 + self.begins.month - 2, 12)
        return Month(begins=datetime(year, month + 1, 1, tzinfo=UTC), ends=self.begins)


def month(name: str) -> Month:
    """`2026-10` as a month. Raises ValueError."""
    begins = datetime.strptime(name, "%Y-%m").replace(tzinfo=UTC)
    year, following = divmod(begins.year * 12 + begins.month, 12)
    return Month(begins=begins, ends=datetime(year, following + 1, 1, tzinfo=UTC))


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one meter cost for one tenant, pack and SLA tier in the month; `micros` = quantity × price."""

    tenant: str
    feature: str
    sla_tier: str
    meter: str
    quantity: int
    price_version: str
    price_micros: int
    micros: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sold:
    """A SKU's revenue of the month: its unit price, how many, and the sum, in minor units."""

    tenant: str
    sku: str
    unit_minor: int
    quantity: int
    minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """A month's costs and revenue in one currency."""

    month: Month
    currency: str
    costs: tuple[Cost, ...]
    sold: tuple[Sold, ...]

    @property
    def micros(self) -> int:
        return sum(cost.micros for cost in self.costs)

    def by(self, *fields: str) -> Counter[Any]:
        """Millionths by the values of some fields of a cost, the largest first when asked for `most_common`."""
        key = attrgetter(*fields)
        found: Counter[Any] = Counter()
        for cost in self.costs:
            found[key(cost)] += cost.micros
        return found

    def of_tenant(self, tenant: str) -> Books:
        return Books(
            month=self.month, currency=self.currency, costs=tuple([c for c in self.costs if c.tenant == tenant]),
            sold=tuple([s for s in self.sold if s.tenant == tenant]),
        )  # fmt: skip


def books(ask: Ask, of: Month) -> Books:
    """Attribute a month. Raises UndecidedError for use without a price, two prices in force, or a second currency."""
    span = {"begins": epoch_ms(of.begins), "ends": epoch_ms(of.ends)}
    prices = _prices(ask(PRICED, span), of)
    currencies = {price["currency"] for price in prices.values()}
    costs = []
    for row in ask(METERED, span):
        price = prices.get(row["meter"])
        if price is None:
            raise UndecidedError(f"{of.name}: the meter {row['meter']!r} was used and no price was in force all month")
        costs.append(
            Cost(
                **{name: row[name] for name in ("tenant", "feature", "sla_tier", "meter", "quantity")},
                price_version=price["version"], price_micros=price["micros"],
                micros=row["quantity"] * price["micros"],
            )
        )  # fmt: skip
    billed = ask(BILLED, {"begins": span["begins"]})
    currencies |= {row["currency"] for row in billed}
    if len(currencies) > 1:
        raise UndecidedError(f"{of.name}: more than one currency ({', '.join(sorted(currencies))}); none is exchanged")
    sold = [
        Sold(**{name: row[name] for name in ("tenant", "sku", "unit_minor", "quantity", "minor")}) for row in billed
    ]
    return Books(
        month=of, currency=next(iter(currencies), "XXX"),
        costs=tuple(sorted(costs, key=attrgetter("tenant", "feature", "sla_tier", "meter"))),
        sold=tuple(sorted(sold, key=attrgetter("sku", "tenant", "unit_minor"))),
    )  # fmt: skip


def _prices(rows: Iterable[Mapping[str, Any]], of: Month) -> dict[str, Mapping[str, Any]]:
    found: dict[str, Mapping[str, Any]] = {}
    for row in sorted(rows, key=lambda row: row["since"]):
        other = found.get(row["meter"])
        if other is not None and other["since"] == row["since"] and other["micros"] != row["micros"]:
            raise UndecidedError(
                f"{of.name}: the meter {row['meter']!r} has two prices in force ({other['version']}, {row['version']})"
            )
        found[row["meter"]] = row  # a later version replaces an earlier one that was never ended
    return found


def apportion(parts: Mapping[str, int]) -> dict[str, int]:
    """Millionths as minor units by largest remainder: each is off by less than one, and they add up to the total
    rounded half up."""
    whole = (sum(parts.values()) + MICROS_A_MINOR // 2) // MICROS_A_MINOR
    floors = {name: micros // MICROS_A_MINOR for name, micros in parts.items()}
    order = sorted(parts, key=lambda name: (-(parts[name] % MICROS_A_MINOR), name))
    for name in order[: whole - sum(floors.values())]:
        floors[name] += 1
    return floors


def sensitivity(of: Books) -> list[tuple[str, int, int]]:
    """For each pack: its cost, and what the month would have cost without it."""
    return [(feature, micros, of.micros - micros) for feature, micros in of.by("feature").most_common()]


def margins(of: Books) -> list[tuple[str, int, int, int]]:
    """(SKU, revenue, cost, margin) in minor units. A SKU costs what the pack costs that its name begins with, shared
    among the pack's SKUs by revenue; what no SKU stands for is the line "no SKU"."""
    revenue: Counter[str] = Counter()
    for sold in of.sold:
        revenue[sold.sku] += sold.minor
    features = of.by("feature")
    shares: dict[str, int] = {}
    for feature, micros in sorted(features.items()):
        skus = sorted(sku for sku in revenue if sku == feature or sku.startswith(f"{feature}-"))
        weight = sum(revenue[sku] for sku in skus)
        left = micros
        for number, sku in enumerate(skus):
            part = left if number + 1 == len(skus) else micros * revenue[sku] // weight if weight else 0
            shares[sku] = shares.get(sku, 0) + part
            left -= part
        if not skus:
            shares["no SKU"] = shares.get("no SKU", 0) + micros
    costs = apportion({**dict.fromkeys(revenue, 0), **shares})
    return [(sku, revenue[sku], cost, revenue[sku] - cost) for sku, cost in sorted(costs.items())]


def price_table(of: Books) -> list[tuple[str, int, int, int, int]]:
    """(SKU, unit price, tenants, sold, revenue), in minor units: a line for each price that a SKU was sold at."""
    lines: dict[tuple[str, int], list[Sold]] = {}
    for sold in of.sold:
        lines.setdefault((sold.sku, sold.unit_minor), []).append(sold)
    return [
        (sku, price, len({s.tenant for s in of_it}), sum(s.quantity for s in of_it), sum(s.minor for s in of_it))
        for (sku, price), of_it in sorted(lines.items())
    ]


def pricing_inputs(of: Books) -> list[tuple[str, str, int, int, int]]:
    """(pack, SLA tier, tenants, cost a tenant in millionths, attestations a tenant): what a price has to cover."""
    found = []
    for (feature, tier), micros in sorted(of.by("feature", "sla_tier").items()):
        costs = [cost for cost in of.costs if (cost.feature, cost.sla_tier) == (feature, tier)]
        tenants = len({cost.tenant for cost in costs})
        attested = sum(cost.quantity for cost in costs if cost.meter == ATTESTATIONS)
        found.append((feature, tier, tenants, micros // tenants, attested // tenants))
    return found


def drivers(now: Books, before: Books) -> list[tuple[str, int, int]]:
    """(pack, cost, change against the month before), the largest change first."""
    current, previous = now.by("feature"), before.by("feature")
    found = [(name, current[name], current[name] - previous[name]) for name in {*current, *previous}]
    return sorted(found, key=lambda item: (-abs(item[2]), -item[1], item[0]))


def cost_rows(of: Books) -> list[Row]:
    """The month as records of the kind `cost_row`."""
    return [
        {
            "id": f"cost-{of.month.name}-{number:06d}", "tenantid": cost.tenant,
            "month_start": format_time(of.month.begins), "month_end": format_time(of.month.ends),
            "feature": cost.feature, "sla_tier": cost.sla_tier, "meter": cost.meter, "quantity": cost.quantity,
            "price_version": cost.price_version, "micros": cost.micros, "currency": of.currency,
        }
        for number, cost in enumerate(of.costs, 1)
    ]  # fmt: skip


def memo(now: Books, before: Books, tenant: str, published: datetime, optimizations: Sequence[str]) -> Row:
    """The month of one tenant as a record of the kind `finops_memo`."""
    own = now.of_tenant(tenant)
    return {
        "id": f"memo-{tenant}-{now.month.name}", "tenantid": tenant,
        "month_start": format_time(now.month.begins), "month_end": format_time(now.month.ends),
        "published_at": format_time(published), "currency": now.currency, "micros": own.micros,
        "previous_micros": before.of_tenant(tenant).micros,
        "drivers": [{"feature": feature, "micros": micros} for feature, micros in own.by("feature").most_common()],
        "optimizations": list(optimizations),
    }  # fmt: skip


def focus(of: Books) -> list[dict[str, str]]:
    """The month in columns of FOCUS 1.2 (FinOps Open Cost and Usage Specification), costs as decimals."""
    return [
        {
            "BillingAccountId": "internal", "SubAccountId": cost.tenant,
            "BillingPeriodStart": format_time(of.month.begins), "BillingPeriodEnd": format_time(of.month.ends),
            "ChargePeriodStart": format_time(of.month.begins), "ChargePeriodEnd": format_time(of.month.ends),
            "ChargeCategory": "Usage", "ServiceName": cost.feature, "SkuId": cost.meter,
            "SkuPriceId": cost.price_version, "PricingQuantity": str(cost.quantity), "PricingUnit": cost.meter,
            "ContractedUnitPrice": decimal(cost.price_micros), "EffectiveCost": decimal(cost.micros),
            "BilledCost": decimal(cost.micros), "BillingCurrency": of.currency,
            "Tags": f'{{"sla_tier":"{cost.sla_tier}"}}',
        }
        for cost in of.costs
    ]  # fmt: skip


def closed_events(of: Books, source: str, at: datetime, policy_version: str) -> list[dict[str, Any]]:
    """One CloudEvent a tenant for whoever writes invoices: its month is closed and cost so many minor units.

    The amounts add up to the month's total rounded to the minor unit.
    """
    minor = apportion(of.by("tenant"))
    return [
        {
            "specversion": "1.0", "type": "dev.tenantgate.finops.month_closed.v1", "source": source,
            "id": f"{of.month.name}-{tenant}", "time": format_time(at), "subject": of.month.name, "tenantid": tenant,
            "policyversion": policy_version, "datacontenttype": "application/json",
            "data": {"month": of.month.name, "currency": of.currency, "minor": minor[tenant], "micros": micros},
        }
        for tenant, micros in sorted(of.by("tenant").items())
    ]  # fmt: skip


def decimal(micros: int) -> str:
    """Millionths as a decimal number, exactly."""
    sign = "-" if micros < 0 else ""
    return f"{sign}{abs(micros) // 1_000_000}.{abs(micros) % 1_000_000:06d}"
