"""RevOps: leads, where they were routed or why they were not, quotes and discounts, contracts and their timers.

Reports are published on Monday at noon about what happened until Monday morning, so that what arrived late is in them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from datetime import datetime, timedelta

from history.records import sha256
from history.streams import Record, Records, Stream, merged, moment
from history.timeline import Timeline, policy_version
from service import settings
from service.settings import Tenant

PACK = "revops"
LEADS_A_DAY = {"summit-internal": 6, "globex": 2, "initech": 2}
SOURCES = {"website": (6, 0.10), "intro_email": (3, 0.22), "partner_referral": (2, 0.30)}
"""How often a lead comes from there, and how often one is won."""
SEGMENTS = {"smb": "under-10k", "mid-market": "10k-50k", "enterprise": "over-50k"}
REGIONS = ("us-east", "us-west", "eu-central", "apac")
SLOW_EVERY = 35
LIST_MINOR = {"smb": 480_000, "mid-market": 2_400_000, "enterprise": 9_600_000}
THRESHOLDS = {
    "deal-desk": {"competitive": 150, "volume": 150, "renewal": 100, "uplift": 0, "design_partner": 0},
    "revenue-lead": {"competitive": 250, "volume": 250, "renewal": 200, "uplift": 0, "design_partner": 400},
}
DASHBOARD = "summit-as-a-customer"
DUE = {"kickoff": 2, "first_value": 14, "onboarding_complete": 45}
"""Days after the activation."""
CUSTOMERS = (("acme-eu", "enterprise"), ("globex", "pro"), ("initech", "white-label"))


def records(timeline: Timeline) -> Records:
    return merged(_Pipeline(timeline, t).tell() for t in settings.tenants() if PACK in t.packs)


class _Pipeline:
    """One tenant's pipeline."""

    def __init__(self, timeline: Timeline, tenant: Tenant) -> None:
        self.timeline = timeline
        self.tenant = tenant.id
        self.end = timeline.settled
        self.draw = timeline.random(f"revops:{tenant.id}")
        self.stream = Stream(
            tenant.id, f"https://crm.summit.example/{tenant.id}/revops", "revops",
            timeline.random(f"revops:{tenant.id}:arrivals"),
        )  # fmt: skip
        self.counted: list[tuple[datetime, str, datetime | None]] = []
        """Of each lead that is neither spam nor a duplicate: when it came, its source, when it was won."""
        self.quoted: list[tuple[datetime, str, datetime | None]] = []
        """Of each quote with a receipt: when it was submitted, how long the approval took, when it was won."""
        self.contacts: list[tuple[str, str, datetime]] = []
        self.numbers = {"lead": 0, "quote": 0, "contract": 0}

    def tell(self) -> Records:
        for number, midnight in enumerate(self.timeline.days()):
            count = LEADS_A_DAY[self.tenant] // (1 if midnight.weekday() < 5 else 2)
            for place, seconds in enumerate(sorted(self.draw.sample(range(86_400), count))):
                at = midnight + timedelta(seconds=seconds)
                if at < self.end - timedelta(hours=2):
                    self._lead(at, slow=count > 5 and number % SLOW_EVERY == 3 and place == 0)
        found = self.stream.records
        found["discount_threshold"] = list(self._thresholds())
        found["pipeline_report"] = list(self._reports())
        return found

    def _name(self, what: str) -> str:
        self.numbers[what] += 1
        return f"{what}-{self.tenant}-{self.numbers[what]:05d}"

    def _lead(self, at: datetime, *, slow: bool) -> None:
        draw, lead = self.draw, self._name("lead")
        source = draw.choices(list(SOURCES), [weight for weight, _ in SOURCES.values()])[0]
        segment = draw.choices(list(SEGMENTS), (6, 3, 2))[0]
        region = draw.choice(REGIONS)
        contact = sha256(f"contact {self.tenant} {lead}".encode())
        spam = not slow and source == "website" and draw.random() < 0.08
        original = None
        # The same person writes again: within the month a duplicate, later a new lead.
        if not spam and not slow and self.contacts and draw.random() < 0.05:
            before, again, came = draw.choice(self.contacts[-90:])
            if at - came > timedelta(hours=1):
                contact = again
                original = before if at - came < timedelta(days=31) else None
        if not spam:
            self.contacts = [c for c in self.contacts if c[1] != contact]
            if original is None:
                self.contacts.append((lead, contact, at))
            else:
                self.contacts.append((original, contact, at))
        hot = slow or draw.random() < 0.25
        self.stream.emit(
            "lead", "lead", lead, at, lead,
            {
                "source": source, "campaign": f"{source}-{at:%Y-%m}" if source == "website" else None,
                "segment": segment, "region": region, "temperature": "hot" if hot else draw.choice(("warm", "cold")),
                "spam": spam, "duplicate": original is not None, "duplicate_of": original, "contact_sha256": contact,
            },
        )  # fmt: skip
        if spam or original is not None:
            self._dispose(lead, at + timedelta(minutes=draw.randint(1, 9)), "dropped", "spam" if spam else "duplicate")
            return
        counted = len(self.counted)
        self.counted.append((at, source, None))
        minutes = 17 + draw.random() * 6 if slow else draw.triangular(0.5, 12, 3) if hot else draw.triangular(1, 50, 9)
        routed = at + timedelta(minutes=minutes)
        if slow:
            self._alert(lead, "routing_sla", at + timedelta(minutes=15, seconds=draw.randint(5, 200)))
        if not slow and draw.random() < 0.06:
            parked = self._park(lead, routed)
            if parked is None or parked > self.end:
                return
            routed = parked
        self._route(lead, routed, source, segment, region, draw.choice(("first", "second")))
        if draw.random() < 0.04 and routed + timedelta(hours=5) < self.end:
            routed += timedelta(hours=draw.randint(1, 4))
            self._route(lead, routed, source, segment, region, "stand-in")
        self._work(lead, counted, routed, source, segment)

    def _dispose(self, lead: str, at: datetime, how: str, why: str, until: datetime | None = None) -> None:
        self.stream.emit(
            "lead_disposition", "disposition", f"{lead}-{how}-{at:%m%d%H%M}", at, lead,
            {
                "disposition": how, "reason": why, "decided_by": "intake@summit.example",
                "revisit_at": moment(until) if until else None,
            },
        )  # fmt: skip

    def _park(self, lead: str, at: datetime) -> datetime | None:
        """Park it; when it was routed after all, or None for one that was dropped when its date had come."""
        draw = self.draw
        until = at + timedelta(days=draw.randint(10, 40))
        self._dispose(lead, at, "parked", draw.choice(("no_capacity", "missing_data")), until)
        again = until - timedelta(hours=draw.randint(2, 30))
        if draw.random() < 0.4:
            if again < self.end:
                self._dispose(lead, again, "dropped", draw.choice(("out_of_scope", "opt_out")))
            return None
        return again

    def _route(self, lead: str, at: datetime, source: str, segment: str, region: str, who: str) -> None:
        band = SEGMENTS[segment]
        role = (
            "partner_manager" if source == "partner_referral"
            else "founder_sales" if band == "over-50k"
            else "early_ae"
        )  # fmt: skip
        self.stream.emit(
            "lead_routing", "routing", f"{lead}-routing-{at:%m%d%H%M}", at, lead,
            {
                "assignee": f"{role.replace('_', '-')}-{who}@{self.tenant}.example", "assignee_role": role,
                "rule": f"{band}/{region}", "icp_fit": self.draw.randint(20, 95), "arr_band": band, "region": region,
            },
        )  # fmt: skip

    def _alert(self, subject: str, breach: str, at: datetime) -> None:
        self.stream.emit(
            "revops_alert", "alert", f"{subject}-{breach}-{at:%m%d%H%M}", at, subject,
            {"breach": breach, "alerted": "revenue-operations", "dashboard": DASHBOARD}, late=False,
        )  # fmt: skip

    def _stage(self, lead: str, stage: str, at: datetime) -> bool:
        """Whether it had happened by now."""
        if at >= self.end:
            return False
        by = f"{'deal-desk' if stage in ('won', 'lost') else 'early-ae-first'}@{self.tenant}.example"
        self.stream.emit("lead_stage", "stage", f"{lead}-{stage}", at, lead, {"stage": stage, "by": by})
        return True

    def _work(self, lead: str, counted: int, routed: datetime, source: str, segment: str) -> None:
        draw = self.draw
        worked = routed + timedelta(hours=draw.triangular(1, 110, 20))
        if not self._stage(lead, "worked", worked):
            return
        qualified = worked + timedelta(days=draw.triangular(1, 9, 3))
        if draw.random() > 0.45:
            self._stage(lead, "lost", qualified)
            return
        if not self._stage(lead, "qualified", qualified):
            return
        won = draw.random() < SOURCES[source][1] / 0.45
        decided = self._quote(qualified + timedelta(days=draw.triangular(0.5, 6, 2)), segment, won=won)
        if decided is not None and self._stage(lead, "won" if won else "lost", decided) and won:
            at, name, _ = self.counted[counted]
            self.counted[counted] = (at, name, decided)

    def _quote(self, at: datetime, segment: str, *, won: bool) -> datetime | None:
        """The quote, its approval if the price is not the list's, its outcome; when it was decided, None if not yet."""
        draw, quote = self.draw, self._name("quote")
        price = LIST_MINOR[segment] + 1_000 * draw.randint(0, 90)
        special = draw.random()
        final, reason, permille = price, "", 0
        if special < 0.12:
            reason, permille = "design_partner", draw.randint(200, 400)
        elif special < 0.5:
            reason, permille = draw.choice(("competitive", "volume", "renewal")), draw.randint(20, 200)
        elif special < 0.54:
            reason, permille = "uplift", -draw.randint(10, 60)
        elif special < 0.57:
            reason, permille = "competitive", draw.randint(300, 420)
        final -= price * permille // 1000
        latency = draw.choices((draw.triangular(2, 55, 12), draw.triangular(70, 1300, 300), 1500.0), (7, 2, 1))[0]
        submitted = at + timedelta(minutes=latency + 5) if reason else at
        if submitted >= self.end:
            return None
        if reason:
            self._discount(quote, at, latency, price, final, reason)
        self.stream.emit(
            "quote", "quote", f"{quote}-submitted", submitted, quote,
            {
                "list_minor": price, "final_minor": final, "currency": "USD", "sku": f"platform-{segment}",
                "special_terms": reason == "design_partner", "design_partner": reason == "design_partner",
                "submitted_by": f"early-ae-first@{self.tenant}.example",
            },
        )  # fmt: skip
        decided = submitted + timedelta(days=draw.triangular(2, 30, 8))
        happened = decided < self.end
        if happened:
            self.stream.emit(
                "quote_outcome", "outcome", f"{quote}-outcome", decided, quote, {"outcome": "won" if won else "lost"}
            )
            if won and segment == "enterprise" and self.tenant == "summit-internal":
                self._activate(quote, decided + timedelta(days=draw.randint(1, 4)))
        if reason:
            bucket = "under-1h" if latency < 60 else "under-24h" if latency < 1440 else "over-24h"
            self.quoted.append((submitted, bucket, decided if won and happened else None))
        return decided if happened else None

    def _discount(self, quote: str, asked: datetime, latency: float, price: int, final: int, reason: str) -> None:
        permille = -(-1000 * (price - final) // price)
        role = next((name for name, allowed in THRESHOLDS.items() if permille <= allowed[reason]), "revenue-lead")
        exception = permille > THRESHOLDS[role][reason]
        given = asked + timedelta(minutes=latency)
        # Its arrival is never late: the alert of an exception goes out with it.
        self.stream.emit(
            "discount_receipt", "discount", f"{quote}-discount", given, quote,
            {
                "list_minor": price, "final_minor": final, "currency": "USD", "reason": reason,
                "rationale": f"Reviewed by the deal desk as {reason.replace('_', ' ')}",
                "requested_by": f"early-ae-first@{self.tenant}.example", "requested_at": moment(asked),
                "approver": f"{role}@{self.tenant}.example", "approver_role": role, "exception": exception,
                "exception_rationale": "Strategic account; replaces a competitor, margin stays above the floor"
                if exception else None,
            },
            late=False,
        )  # fmt: skip
        if exception:
            self._alert(quote, "discount_threshold", given + timedelta(minutes=1))

    def _activate(self, quote: str, at: datetime) -> None:
        """The contract becomes active: three timers, each met later by an event of its own, or missed."""
        if at >= self.end:
            return
        draw, contract = self.draw, self._name("contract")
        customer, plan = draw.choice(CUSTOMERS)
        self.stream.emit(
            "contract_activation", "activation", f"{contract}-activation", at, contract,
            {"quote": quote, "activated_tenant": customer, "plan": plan, "activated_by": "deal-desk@summit.example"},
        )  # fmt: skip
        for timer, days in DUE.items():
            due = at + timedelta(days=days)
            missed = self.numbers["contract"] % 12 == 5 and timer == "first_value"
            met = due + timedelta(hours=30) if missed else at + timedelta(days=days * draw.uniform(0.3, 0.95))
            self._timer(contract, timer, "started", at + timedelta(minutes=2), due, None)
            if missed and due + timedelta(minutes=10) < self.end:
                self.stream.emit(
                    "sla_violation", "violation", f"{contract}-{timer}-violation", due + timedelta(minutes=4), contract,
                    {
                        "timer": timer, "owner": "customer-success@summit.example",
                        "reason": "The customer's data came late",
                    },
                    late=False,
                )  # fmt: skip
                self._alert(contract, "onboarding_sla", due + timedelta(minutes=5))
            if met < self.end:
                self._timer(contract, timer, "met", met, due, met)

    def _timer(self, contract: str, timer: str, what: str, at: datetime, due: datetime, met: datetime | None) -> None:
        data = {"timer": timer, "due_at": moment(due), "met_at": moment(met) if met else None}
        self.stream.emit("sla_timer", "timer", f"{contract}-{timer}-{what}", at, contract, data, late=False)

    def _thresholds(self) -> Iterator[Record]:
        versions = sorted({policy_version(day) for day in (*self.timeline.days(), self.timeline.as_of)})
        for version in versions:
            for role, allowed in THRESHOLDS.items():
                for reason, permille in allowed.items():
                    yield {
                        "id": f"threshold-{self.tenant}-{version}-{role}-{reason}", "tenantid": self.tenant,
                        "approver_role": role, "reason": reason, "max_permille": permille, "policyversion": version,
                    }  # fmt: skip

    def _reports(self) -> Iterator[Record]:
        """Each Monday at noon, about the last thirteen weeks."""
        leads, quotes = sorted(self.counted, key=lambda lead: lead[0]), sorted(self.quoted, key=lambda q: q[0])
        for midnight in (*self.timeline.days()[14:], self.timeline.midnight):
            published = midnight + timedelta(hours=12)
            if midnight.weekday() or published > self.timeline.as_of:
                continue
            start = max(midnight - timedelta(weeks=13), self.timeline.days()[0])
            yield {
                "id": f"pipeline-{self.tenant}-{midnight:%Y%m%d}", "tenantid": self.tenant,
                "period_from": moment(start), "period_until": moment(midnight), "published_at": moment(published),
                "sources": [
                    {"source": source, "leads": count, "won": won}
                    for source, count, won in _counts(leads, start, midnight, published)
                ],
                "approvals": [
                    {"latency": latency, "quotes": count, "won": won}
                    for latency, count, won in _counts(quotes, start, midnight, published)
                ],
            }  # fmt: skip


def _counts(
    found: list[tuple[datetime, str, datetime | None]], start: datetime, end: datetime, published: datetime
) -> Iterator[tuple[str, int, int]]:
    """Of what began in [start, end): by name, how many, and how many had been won when it was published."""
    inside = found[bisect_left(found, start, key=lambda one: one[0]) : bisect_left(found, end, key=lambda one: one[0])]
    for name in sorted({one[1] for one in inside}):
        won = [one[2] for one in inside if one[1] == name]
        yield name, len(won), sum(at is not None and at <= published for at in won)
