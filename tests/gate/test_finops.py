"""The FinOps memo: sums to the millionth and to the cent, and agrees with the controls that judge what it writes."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate import finops, policy
from gate.decide import judge
from gate.model import Coverage, Evidence, Outcome
from gate.store import Store
from gate.tree import WorkTree

NOW = datetime(2026, 11, 10, 12, tzinfo=UTC)


def event(number: int, at: str, tenant: str, meter: str, quantity: int, feature: str = "revops") -> dict[str, Any]:
    return {
        "specversion": "1.0", "type": "dev.tenantgate.finops.meter.v1", "source": "/metering/eu", "id": f"m-{number}",
        "time": at, "recordedtime": at, "subject": "lead.route", "tenantid": tenant, "policyversion": "2026.11.1",
        "data": {"meter": meter, "quantity": quantity, "flow_type": "revops", "feature": feature, "plan": "internal", "sla_tier": "gold"},
    }  # fmt: skip


def price(meter: str, micros: int, version: str = "2026.2", **more: Any) -> dict[str, Any]:
    return {
        "id": f"price-{meter}-{version}", "price_list": "unit-costs", "version": version, "meter": meter, "micros": micros,
        "currency": "EUR", "effective_from": "2026-01-01T00:00:00Z", "effective_until": None, **more,
    }  # fmt: skip


EVENTS = [
    event(1, "2026-09-30T23:59:59.999Z", "summit-internal", "cpu_second", 400),
    event(2, "2026-10-01T00:00:00Z", "summit-internal", "cpu_second", 1_000),
    event(3, "2026-10-31T23:59:59.999Z", "summit-internal", "egress_byte", 3, "audit"),
    event(4, "2026-11-01T00:00:00Z", "summit-internal", "cpu_second", 5_000),
    event(5, "2026-10-15T02:00:00+05:30", "acme", "cpu_second", 777),
]
INVOICE = {
    "id": "inv-1", "tenantid": "acme", "month_start": "2026-10-01T00:00:00Z", "currency": "EUR", "total_minor": 900,
    "issued_at": "2026-11-02T08:00:00Z",
    "lines": [{"sku": "revops-pro", "quantity": 3, "unit_minor": 300, "minor": 900}],
}  # fmt: skip


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> policy.Policy:
    root = tmp_path_factory.mktemp("finops")
    (root / "gate.yaml").write_text('version: 1\npolicy_version: "1"\nproject: x\npacks: [finops, tenant-zero]\n')
    return policy.load(WorkTree(root))


def books(
    loaded: policy.Policy, month: str, events: list[Any], prices: list[Any], invoices: Sequence[Any] = ()
) -> finops.Books:
    store = Store([loaded.kinds[kind] for kind in ("meter_event", "unit_price", "invoice")], NOW)
    store.load("meter_event", events)
    store.load("unit_price", prices)
    store.load("invoice", invoices)
    store.lock()
    return finops.books(store.ask, finops.month(month))


PRICES = [price("cpu_second", 1_300), price("egress_byte", 7)]


def test_a_month_has_its_first_instant_and_not_the_next_months(loaded: policy.Policy) -> None:
    found = books(loaded, "2026-10", EVENTS, PRICES)
    assert [(c.tenant, c.meter, c.quantity, c.micros) for c in found.costs] == [
        ("acme", "cpu_second", 777, 1_010_100), ("summit-internal", "egress_byte", 3, 21),
        ("summit-internal", "cpu_second", 1_000, 1_300_000),
    ]  # fmt: skip
    assert books(loaded, "2026-09", EVENTS, PRICES).micros == 520_000


def test_what_it_writes_passes_the_controls_that_judge_it(loaded: policy.Policy) -> None:
    now, before = books(loaded, "2026-10", EVENTS, PRICES), books(loaded, "2026-09", EVENTS, PRICES)
    verified = {"verified": True}
    records = {
        "meter_event": [e for e in EVENTS if e["time"] < "2026-11-01T00:00:00Z"],
        "unit_price": PRICES,
        "cost_row": [{**row, **verified} for of in (now, before) for row in finops.cost_rows(of)],
        "finops_memo": [
            {**finops.memo(of, other, "summit-internal", at, ["buy less"]), **verified}
            for of, other, at in (
                (now, before, datetime(2026, 11, 3, tzinfo=UTC)),
                (before, books(loaded, "2026-08", EVENTS, PRICES), datetime(2026, 10, 3, tzinfo=UTC)),
            )
        ],
    }
    records["meter_event"] = [dict(e) for e in records["meter_event"]]
    for name in ("FIN003", "FIN005"):
        control = loaded.control(name)
        assert control is not None
        store = Store([loaded.kinds[kind] for kind in control.evidence], NOW)
        for kind in control.evidence:
            store.load(kind, records[kind])
        evidence = {k: Evidence(kind=k, rows=tuple(records[k]), coverage=Coverage(scope="")) for k in control.evidence}
        result = judge(control, evidence, store.ask, (), NOW)
        assert (result.outcome, [v.message for v in result.violations]) == (Outcome.PASS, [])


@pytest.mark.parametrize(
    ("prices", "said"),
    [
        ([], "no price"),
        ([price("cpu_second", 1, effective_from="2026-10-02T00:00:00Z"), price("egress_byte", 1)], "no price"),
        ([price("cpu_second", 1, effective_until="2026-10-31T00:00:00Z"), price("egress_byte", 1)], "no price"),
        ([*PRICES, price("cpu_second", 9, "2026.3")], "two prices"),
        ([price("cpu_second", 1), price("egress_byte", 1, currency="USD")], "more than one currency"),
    ],
)
def test_costs_that_nobody_can_recompute_are_none(loaded: policy.Policy, prices: list[Any], said: str) -> None:
    with pytest.raises(finops.UndecidedError, match=said):
        books(loaded, "2026-10", EVENTS, prices)


def test_the_newer_of_two_price_lists_counts(loaded: policy.Policy) -> None:
    newer = price("cpu_second", 2_000, "2026.3", effective_from="2026-07-01T00:00:00Z")
    assert {
        c.price_version for c in books(loaded, "2026-10", EVENTS, [newer, *PRICES]).costs if c.meter == "cpu_second"
    } == {"2026.3"}


@given(st.dictionaries(st.text(min_size=1, max_size=4), st.integers(0, 10**12), max_size=40))
def test_cents_add_up_to_the_rounded_whole_and_each_is_off_by_less_than_one(parts: dict[str, int]) -> None:
    minor = finops.apportion(parts)
    assert sum(minor.values()) == (sum(parts.values()) + 5_000) // 10_000
    assert all(abs(Fraction(parts[name], 10_000) - minor[name]) < 1 for name in parts)


def test_a_price_has_one_line_however_many_tenants_pay_it(loaded: policy.Policy) -> None:
    def invoice(number: int, tenant: str, quantity: int, unit: int) -> dict[str, Any]:
        line = {"sku": "revops-pro", "quantity": quantity, "unit_minor": unit, "minor": quantity * unit}
        return {**INVOICE, "id": f"inv-{number}", "tenantid": tenant, "total_minor": quantity * unit, "lines": [line]}

    sold = [invoice(1, "acme", 3, 300), invoice(2, "globex", 4, 300), invoice(3, "initech", 5, 250)]
    found = books(loaded, "2026-10", EVENTS, PRICES, sold)
    assert finops.price_table(found) == [("revops-pro", 250, 1, 5, 1250), ("revops-pro", 300, 2, 7, 2100)]


def test_what_a_price_has_to_cover_is_a_tenants_share_of_its_pack_and_tier(loaded: policy.Policy) -> None:
    more = [event(6, "2026-10-02T00:00:00Z", "acme", "notary-calls", 9)]
    found = books(loaded, "2026-10", EVENTS + more, [*PRICES, price("notary-calls", 100)])
    assert finops.pricing_inputs(found) == [
        ("audit", "gold", 1, 21, 0), ("revops", "gold", 2, (1_010_100 + 900 + 1_300_000) // 2, 4),
    ]  # fmt: skip


def test_margins_and_sensitivity_lose_nothing(loaded: policy.Policy) -> None:
    found = books(loaded, "2026-10", EVENTS, PRICES, [INVOICE])
    rows = finops.margins(found)
    assert sum(cost for _, _, cost, _ in rows) == (found.micros + 5_000) // 10_000
    assert ("revops-pro", 900, 231, 669) in rows
    assert all(micros + left == found.micros for _, micros, left in finops.sensitivity(found))


def gate(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gate", *arguments, "-C", str(root)], capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("project")
    (root / "gate.yaml").write_text('version: 1\npolicy_version: "1"\nproject: x\npacks: [finops, tenant-zero]\n')
    (root / "events.ndjson").write_text("".join(json.dumps(e) + "\n" for e in EVENTS))
    for kind, rows in (("unit_price", PRICES), ("invoice", [INVOICE])):
        folder = root / ".gate" / "evidence" / kind
        folder.mkdir(parents=True)
        for number, row in enumerate(rows):
            (folder / f"{number}.json").write_text(json.dumps(row))
    ingested = gate(root, "ingest", str(root / "events.ndjson"), "--quiet")
    assert (ingested.returncode, "5 accepted" in ingested.stdout) == (0, True), ingested.stdout + ingested.stderr
    return root


def test_the_memo_of_ingested_events_for_people_and_for_machines(project: Path, tmp_path: Path) -> None:
    done = gate(
        project,
        "memo",
        "finops",
        "--month",
        "2026-10",
        "--as-of",
        "2026-11-10T12:00:00Z",
        "--out",
        str(tmp_path / "out"),
        "--optimization",
        "x\x1b[2Jy",
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "1.300021 EUR, +150.0 % against 2026-09" in done.stdout
    assert "\x1b" not in done.stdout
    assert {p.name for p in (tmp_path / "out").iterdir()} == {
        "finops_memo.json",
        "cost_row.ndjson",
        "month_closed.ndjson",
        "focus.csv",
        "focus.parquet",
    }
    import duckdb

    query = (
        f"SELECT sum(EffectiveCost), typeof(min(EffectiveCost)) FROM read_parquet('{tmp_path / 'out/focus.parquet'}')"
    )
    total, kind = duckdb.sql(query).fetchall()[0]
    assert (Fraction(str(total)), kind) == (Fraction("2.310121"), "DECIMAL(38,6)")
    rows = list(csv.DictReader((tmp_path / "out" / "focus.csv").read_text().splitlines()))
    assert sum(Fraction(row["EffectiveCost"]) for row in rows) == Fraction("2.310121")
    closed = [json.loads(text) for text in (tmp_path / "out" / "month_closed.ndjson").read_text().splitlines()]
    assert sum(e["data"]["minor"] for e in closed) == 231
    assert {e["tenantid"] for e in closed} == {"acme", "summit-internal"}


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--month", "2026-13"), 2, "2026-10"),
        (("--month", "2026-11", "--as-of", "2026-11-10T12:00:00Z"), 2, "not over"),
        (("--month", "2026-10", "--as-of", "2026-11-10T12:00:00Z", "--evidence", "nowhere"), 2, "no such folder"),
    ],
)
def test_what_has_no_memo_is_one_line(project: Path, arguments: tuple[str, ...], code: int, said: str) -> None:
    done = gate(project, "memo", "finops", *arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_without_events_there_is_no_memo(tmp_path: Path) -> None:
    (tmp_path / "gate.yaml").write_text('version: 1\npolicy_version: "1"\nproject: x\npacks: [finops, tenant-zero]\n')
    done = gate(tmp_path, "memo", "finops", "--month", "2026-10", "--as-of", "2026-11-10T12:00:00Z")
    assert (done.returncode, done.stdout) == (3, "")
    assert "meter_event" in done.stderr
