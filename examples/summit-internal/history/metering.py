"""Metering and money: what was used, at which price list, what it cost each tenant, what was billed and published.

Leads, quotes and high-risk requests are metered one by one, resources every few days, storage on a month's last
evening. A month is closed thirty hours after it ended, when what arrived late is there.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from history.streams import Record, Records, Stream, merged, moment
from history.timeline import Month, Timeline, policy_version
from service import settings
from service.settings import Sold, Tenant

FLOW_TYPE = {"revops": "revops", "high-risk-ops": "secops", "finops": "finops"}
COUNTED = {
    "lead": ("revops.leads_ingested_total", "revops"),
    "quote": ("revops.quotes_submitted_total", "revops"),
    "high_risk_request": ("high_risk_ops.requests_total", "high-risk-ops"),
}
"""Kinds of events that are metered one by one: their meter and pack."""
MICROS = {
    "cpu-seconds": 48, "storage-gb-months": 23_000, "outbound-calls": 400, "egress-mb": 88, "notary-calls": 5_200,
    "queue-messages": 1, "db-row-reads": 2, "cache-gb-hours": 22_500, "policy.decisions_total": 35,
    "workflow.executions_total": 900, "revops.leads_ingested_total": 21_000, "revops.quotes_submitted_total": 180_000,
    "high_risk_ops.requests_total": 64_000,
}  # fmt: skip
"""What a unit costs us in the first price list, in millionths of a dollar. Each list after it raises energy."""
DEARER = {"cpu-seconds": 1, "cache-gb-hours": 500, "egress-mb": 1}
CONNECTORS = {"revops": ("crm", "enrichment"), "high-risk-ops": ("ticketing", "siem"), "finops": ("billing", "cloud")}
READ = {
    # Meter: about how much a day, and how many days a reading covers.
    "cpu-seconds": (42_000, 2), "notary-calls": (90, 4), "queue-messages": (260_000, 4),
    "db-row-reads": (310_000, 4), "cache-gb-hours": (26, 4), "policy.decisions_total": (5_200, 2),
    "workflow.executions_total": (740, 2),
}  # fmt: skip
CONNECTOR_DAYS = 4
WEIGHT = {"revops": 10, "high-risk-ops": 7, "finops": 4}
SIZE = {"summit-internal": 10, "acme-eu": 14, "globex": 5, "initech": 7}
SEATS = {"internal": 2_500, "pro": 4_900, "enterprise": 7_900, "white-label": 6_400}
"""What a seat of one pack costs a month, in cents."""
BILLED = {
    "revops.leads_ingested_total": ("revops-leads", 9), "revops.quotes_submitted_total": ("revops-quotes", 75),
    "high_risk_ops.requests_total": ("high-risk-ops-requests", 250),
}  # fmt: skip
CLOSED_AFTER = timedelta(hours=30)
PLANNED = (
    "Answer repeated decisions from the cache of the policy engine",
    "Move evidence older than a month to cold storage",
    "Batch notary calls of one closure into one",
)


def records(timeline: Timeline, told: Records) -> Records:
    """`told` are the records of the other packs, whose events are counted here."""
    parts: list[Records] = []
    prices = list(_prices(timeline))
    for tenant in settings.tenants():
        stream = _Meters(timeline, tenant).read(told)
        parts += [stream.records, {"invoice": list(_invoices(timeline, tenant, stream.records["meter_event"]))}]
    events = [event for part in parts for event in part.get("meter_event", ())]
    costs = list(_cost_rows(timeline, events, prices))
    parts.append({"unit_price": prices, "cost_row": costs, "finops_memo": list(_memos(timeline, costs))})
    return merged(parts)


class _Meters:
    """One tenant's meters."""

    def __init__(self, timeline: Timeline, tenant: Tenant) -> None:
        self.timeline = timeline
        self.tenant = tenant
        self.draw = timeline.random(f"metering:{tenant.id}")
        self.stream = Stream(
            tenant.id, f"https://meter.summit.example/{tenant.id}", "finops",
            timeline.random(f"metering:{tenant.id}:arrivals"),
        )  # fmt: skip
        self.begins, self.ends = timeline.days()[0], timeline.settled
        self.number = 0

    def _growth(self, at: datetime) -> float:
        """Use grows by about a fifth over the time that is told."""
        return 1 + 0.2 * ((at - self.begins) / (self.ends - self.begins))

    def read(self, told: Records) -> Stream:
        for kind, (meter, pack) in COUNTED.items():
            for event in told.get(kind, ()):
                if event["tenantid"] == self.tenant.id:
                    at = datetime.fromisoformat(event["time"]) + timedelta(seconds=1)
                    self._meter(at, meter, pack, 1, event["subject"])
        for number, midnight in enumerate((*self.timeline.days(), self.timeline.midnight)):
            for pack in self.tenant.packs:
                self._day(number, midnight, pack)
        for month in self.timeline.months():
            for pack in self.tenant.packs:
                size = SIZE[self.tenant.id] * WEIGHT[pack] * self._growth(month.end)
                self._meter(month.end - timedelta(minutes=9), "storage-gb-months", pack, int(size * 14), "evidence")
        return self.stream

    def _day(self, number: int, midnight: datetime, pack: str) -> None:
        draw = self.draw
        busy = 1.0 if midnight.weekday() < 5 else 0.35
        size = SIZE[self.tenant.id] * WEIGHT[pack] / 100 * busy * self._growth(midnight)
        for meter, (amount, days) in READ.items():
            if number % days:
                continue
            if meter == "notary-calls" and pack == "high-risk-ops" and self._doubled(midnight):
                amount *= 2
            at = midnight + timedelta(seconds=draw.randint(1, 86_399))
            quantity = int(amount * days * size * draw.uniform(0.8, 1.2)) + 1
            self._meter(at, meter, pack, quantity, pack, **self._dimensions(meter, pack, at))
        for connector in CONNECTORS[pack] if number % CONNECTOR_DAYS == 0 else ():
            at = midnight + timedelta(seconds=draw.randint(1, 86_399))
            calls = int(2_600 * CONNECTOR_DAYS * size * draw.uniform(0.8, 1.2)) + 1
            self._meter(at, "outbound-calls", pack, calls, connector, connector=connector)
            self._meter(at, "egress-mb", pack, calls // 9 + 1, connector, connector=connector)

    def _doubled(self, at: datetime) -> bool:
        """For the last three months each closure has been notarised twice; the memo shows what that costs."""
        return at > self.timeline.midnight - timedelta(days=90)

    def _dimensions(self, meter: str, pack: str, at: datetime) -> dict[str, str]:
        if meter == "policy.decisions_total":
            return {"package": f"summit.{pack.replace('-', '_')}", "bundle": f"{pack}-{policy_version(at)}"}
        if meter == "workflow.executions_total":
            return {"status": "failed" if self.draw.random() < 0.02 else "succeeded", "runner": "hosted-runner"}
        return {}

    def _meter(self, at: datetime, meter: str, pack: str, quantity: int, subject: str, **dimensions: str) -> None:
        sold = self.tenant.sold(at)
        if not self.begins <= at < self.ends or pack not in sold.packs:
            return
        self.number += 1
        self.stream.emit(
            "meter_event", "meter", f"m-{self.tenant.id}-{self.number:06d}", at, subject,
            {
                "meter": meter, "quantity": quantity, "flow_type": FLOW_TYPE[pack], "feature": pack,
                "plan": sold.plan, "sla_tier": sold.sla_tier, **dimensions,
            },
        )  # fmt: skip


def _quarters(timeline: Timeline) -> list[Month]:
    """The months with which a price list came into force, and the one after them."""
    month = timeline.months()[0]
    while month.start.month % 3 != 2:
        month = month.before
    found = [month]
    while found[-1].start <= timeline.as_of:
        end = found[-1]
        for _ in range(3):
            end = Month(start=end.end)
        found.append(end)
    return found


def _prices(timeline: Timeline) -> Iterator[Record]:
    quarters = _quarters(timeline)
    for number, (start, following) in enumerate(pairwise(quarters)):
        last = following.start > timeline.as_of
        for meter, micros in MICROS.items():
            yield {
                "id": f"price-{start.name}-{meter}", "price_list": "cloud", "version": start.name, "meter": meter,
                "micros": micros + number * DEARER.get(meter, 0), "currency": "USD",
                "effective_from": moment(start.start), "effective_until": None if last else moment(following.start),
            }  # fmt: skip


def _closed(timeline: Timeline) -> list[Month]:
    return [month for month in timeline.months() if month.end + CLOSED_AFTER <= timeline.settled]


def _cost_rows(timeline: Timeline, events: Sequence[Record], prices: Sequence[Record]) -> Iterator[Record]:
    used: Counter[tuple[str, str, str, str, str]] = Counter()
    for event in events:
        data = event["data"]
        used[event["time"][:7], event["tenantid"], data["feature"], data["sla_tier"], data["meter"]] += data["quantity"]
    for month in _closed(timeline):
        valid = {p["meter"]: p for p in prices if p["effective_from"] <= moment(month.start)}
        name = month.name
        for (when, tenant, feature, tier, meter), quantity in sorted(used.items()):
            if when == name:
                yield {
                    "id": f"cost-{name}-{tenant}-{feature}-{tier}-{meter}", "tenantid": tenant,
                    "month_start": moment(month.start), "month_end": moment(month.end), "feature": feature,
                    "sla_tier": tier, "meter": meter, "quantity": quantity, "price_version": valid[meter]["version"],
                    "micros": quantity * valid[meter]["micros"], "currency": "USD",
                }  # fmt: skip


def _memos(timeline: Timeline, costs: Sequence[Record]) -> Iterator[Record]:
    previous = 0
    for number, month in enumerate(_closed(timeline)):
        published = month.end + timedelta(days=2, hours=9)
        drivers: Counter[str] = Counter()
        for row in costs:
            if row["tenantid"] == "summit-internal" and row["month_start"] == moment(month.start):
                drivers[row["feature"]] += row["micros"]
        if published <= timeline.settled:
            yield {
                "id": f"memo-summit-internal-{month.name}", "tenantid": "summit-internal",
                "month_start": moment(month.start), "month_end": moment(month.end), "published_at": moment(published),
                "currency": "USD", "micros": drivers.total(), "previous_micros": previous,
                "drivers": [{"feature": feature, "micros": micros} for feature, micros in drivers.most_common()],
                "optimizations": [PLANNED[number % len(PLANNED)]],
            }  # fmt: skip
        previous = drivers.total()


def _invoices(timeline: Timeline, tenant: Tenant, events: Sequence[Record]) -> Iterator[Record]:
    """Seats by pack and edition, and what is billed by use: exactly what was metered."""
    used: dict[str, Counter[str]] = defaultdict(Counter)
    for event in events:
        used[event["time"][:7]][event["data"]["meter"]] += event["data"]["quantity"]
    for month in _closed(timeline):
        lines = [*_seats(tenant, tenant.sold(month.end - timedelta(days=1))), *_use(used[month.name])]
        yield {
            "id": f"invoice-{tenant.id}-{month.name}", "tenantid": tenant.id, "month_start": moment(month.start),
            "currency": "USD", "total_minor": sum(line["minor"] for line in lines), "lines": lines,
            "issued_at": moment(month.end + CLOSED_AFTER),
        }  # fmt: skip


def _seats(tenant: Tenant, sold: Sold) -> Iterator[Record]:
    """A month is billed by the plan of its last day."""
    for pack in sold.packs:
        seats, price = SIZE[tenant.id] * 3, SEATS[sold.plan]
        yield {"sku": f"{pack}-{sold.plan}", "quantity": seats, "unit_minor": price, "minor": seats * price}


def _use(used: Mapping[str, int]) -> Iterator[Record]:
    for meter, (sku, price) in BILLED.items():
        if used[meter]:
            yield {
                "sku": sku, "quantity": used[meter], "unit_minor": price, "minor": used[meter] * price, "meter": meter,
            }  # fmt: skip
