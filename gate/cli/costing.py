"""`gate memo`: a month's figures, from the evidence, for people and for the systems that publish and bill them."""

from __future__ import annotations

import argparse
import csv
import io
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from gate import finops, run
from gate.cli import options
from gate.finops import Books, Month, decimal
from gate.model import GateError, Policy, QueryError, Row, UndecidedError
from gate.report.escape import csv_cell, line

KINDS = ("meter_event", "unit_price", "invoice")


def memo(argv: list[str]) -> int:
    """Print the FinOps memo of a month; with --out also write what it rests on."""
    parser = options.Parser("memo", "A month's costs by tenant, pack, SLA tier and SKU, and what changed.")
    parser.add_argument("about", choices=["finops"], help="which memo")
    parser.add_argument("--month", required=True, type=options.text, metavar="YYYY-MM")
    parser.add_argument("--tenant", type=options.text, help="whose memo (default: the policy's tenant zero)")
    parser.add_argument("--optimization", action="append", default=[], type=options.text, metavar="TEXT",
                        help="what is planned about it; a published memo names at least one")  # fmt: skip
    parser.add_argument("--evidence", action="append", type=options.path, default=[], metavar="DIR")
    parser.add_argument("--base", type=options.text, metavar="REF", help="take the policy from this revision")
    parser.add_argument(
        "--out", type=options.path, metavar="DIR",
        help="write memo and cost rows as records, FOCUS columns as CSV and Parquet, one event a tenant for invoices",
    )  # fmt: skip
    parser.add_argument("-o", "--output", choices=["text", "json"], default="text")
    options.add_root(parser)
    options.add_as_of(parser)
    arguments = parser.parse_args(argv)
    try:
        wanted = finops.month(arguments.month)
    except ValueError:
        raise GateError(f"--month {arguments.month[:20]!r}: write the month as 2026-10") from None
    now, _ = run.clock(arguments.as_of)
    if wanted.ends > now:
        raise GateError(f"--month {wanted.name}: the month is not over")
    policy = run.load_policy(arguments.root.resolve(), arguments.base)
    tenant = arguments.tenant or _tenant_zero(policy)
    current, before = _books(arguments, policy, now, wanted)
    record = finops.memo(current, before, tenant, now, arguments.optimization)
    if arguments.out is not None:
        _write(arguments.out, current, record, policy, now)
    if arguments.output == "json":
        sys.stdout.write(json.dumps(record, indent=2, sort_keys=True) + "\n")
    else:
        sys.stdout.writelines(f"{text}\n" for text in _text(current, before, tenant, arguments.optimization))
    return 0


def _tenant_zero(policy: Policy) -> str:
    control = policy.control("FIN005")
    if control is None:
        raise GateError("memo: this policy does not use the pack finops; add it to packs in gate.yaml")
    return str(control.params["tenant_zero"])


def _books(arguments: argparse.Namespace, policy: Policy, now: datetime, wanted: Month) -> tuple[Books, Books]:
    """The month and the one before it. Raises UndecidedError when evidence is missing or not whole."""
    from gate.collect import collect

    root = arguments.root.resolve()
    context = run.evidence_context(policy, root, run.stores(root, arguments.evidence), now)
    evidence = collect(context, KINDS, lambda _: None)
    for kind in KINDS[:2]:
        if kind not in evidence or not (evidence[kind].rows or evidence[kind].coverage.unread):
            raise UndecidedError(
                f"memo: there is no evidence of the kind {kind}; gate ingest reads events into a store"
            )
    store = run.open_store([policy.kinds[kind] for kind in KINDS], now, policy.config.get("engine"))
    for kind in KINDS:
        for lost in evidence[kind].coverage.unread:
            raise UndecidedError(f"memo: {lost.path}:{lost.line}: {lost.reason}")
        store.load(kind, evidence[kind].rows)
    store.lock()
    try:
        return finops.books(store.ask, wanted), finops.books(store.ask, wanted.before)
    except QueryError as error:
        raise UndecidedError(f"memo: {error}") from None


def _write(folder: Path, books: Books, record: Row, policy: Policy, now: datetime) -> None:
    from gate.writing import write_folder

    def lines(rows: Sequence[Row]) -> bytes:
        return "".join([json.dumps(row, sort_keys=True, separators=(",", ":")) + "\n" for row in rows]).encode()

    table = io.StringIO()
    rows = finops.focus(books)
    writer = csv.DictWriter(table, list(rows[0]) if rows else ["BillingAccountId"], lineterminator="\n")
    writer.writeheader()
    writer.writerows([{name: csv_cell(value) for name, value in row.items()} for row in rows])
    source = f"/{policy.config['project']}/finops"
    write_folder(
        folder,
        {
            "finops_memo.json": json.dumps(record, indent=2, sort_keys=True).encode() + b"\n",
            "cost_row.ndjson": lines(finops.cost_rows(books)),
            "month_closed.ndjson": lines(finops.closed_events(books, source, now, policy.version)),
            "focus.csv": table.getvalue().encode(),
            "focus.parquet": _parquet(rows),
        },
    )


_TYPES = {
    **dict.fromkeys(("ContractedUnitPrice", "EffectiveCost", "BilledCost"), "DECIMAL(38, 6)"),
    **dict.fromkeys(("BillingPeriodStart", "BillingPeriodEnd", "ChargePeriodStart", "ChargePeriodEnd"), "TIMESTAMPTZ"),
    "PricingQuantity": "DECIMAL(38, 0)",
}


def _parquet(rows: Sequence[Mapping[str, str]]) -> bytes:
    """The same columns with their types: money as decimals, times as moments."""
    import tempfile

    import duckdb

    names = list(rows[0]) if rows else ["BillingAccountId"]
    columns = ", ".join(
        f'CAST(unnest($"{name}"::VARCHAR[]) AS {_TYPES.get(name, "VARCHAR")}) AS "{name}"' for name in names
    )
    with tempfile.TemporaryDirectory() as folder, duckdb.connect(":memory:", config={"threads": "1"}) as engine:
        path = Path(folder) / "focus.parquet"
        engine.execute("SET TimeZone = 'UTC'")
        engine.execute(f"CREATE TABLE focus AS SELECT {columns}", {name: [row[name] for row in rows] for name in names})
        engine.sql("FROM focus").write_parquet(str(path))
        return path.read_bytes()


def _text(now: Books, before: Books, tenant: str, optimizations: Sequence[str]) -> Iterator[str]:
    own, previous = now.of_tenant(tenant), before.of_tenant(tenant)
    money = now.currency
    yield f"FinOps memo of {line(tenant)} for {now.month.name}"
    yield ""
    yield f"  cost      {decimal(own.micros)} {money}, {_change(own.micros, previous.micros)} {before.month.name}"
    yield f"  of all    {decimal(now.micros)} {money} for {len(now.by('tenant'))} tenants"
    yield from _table(
        f"What changed most, against {before.month.name}", ("pack", money, "change"),
        [(name, decimal(micros), f"{'+' if change >= 0 else ''}{decimal(change)}")
         for name, micros, change in finops.drivers(own, previous)[: finops.TOP]],
    )  # fmt: skip
    yield from _table(
        "Without a pack", ("pack", "saves", "leaves"),
        [(name, decimal(micros), decimal(left)) for name, micros, left in finops.sensitivity(own)],
    )  # fmt: skip
    yield from _table(
        "Cost by tenant, pack and SLA tier", ("tenant", "pack", "SLA tier", money),
        [(*key, decimal(micros)) for key, micros in sorted(now.by("tenant", "feature", "sla_tier").items())],
    )  # fmt: skip
    yield from _table(
        "Unit costs", ("meter", "price list", f"{money} a unit"),
        sorted({(cost.meter, cost.price_version, decimal(cost.price_micros)) for cost in now.costs}),
    )  # fmt: skip
    yield from _table(
        "Pricing inputs: what a price has to cover",
        ("pack", "SLA tier", "tenants", "cost a tenant", "attestations a tenant"),
        [(pack, tier, str(tenants), decimal(micros), str(attested))
         for pack, tier, tenants, micros, attested in finops.pricing_inputs(now)],
    )  # fmt: skip
    yield from _table(
        "SKU prices", ("SKU", f"{money} a unit", "tenants", "sold", "revenue"),
        [(sku, _minor(price), str(tenants), str(quantity), _minor(revenue))
         for sku, price, tenants, quantity, revenue in finops.price_table(now)],
    )  # fmt: skip
    yield from _table(
        "Margin by SKU", ("SKU", "revenue", "cost", "margin"),
        [(sku, _minor(revenue), _minor(cost), _minor(margin)) for sku, revenue, cost, margin in finops.margins(now)],
    )  # fmt: skip
    yield ""
    yield "Planned" if optimizations else "Nothing is planned; a memo that is published names at least one optimization"
    for text in optimizations:
        yield f"  - {line(text)}"


def _change(now: int, before: int) -> str:
    if not before:
        return "with nothing to compare in"
    tenths = (abs(now - before) * 1000 + before // 2) // before
    return f"{'+' if now >= before else '-'}{tenths // 10}.{tenths % 10} % against"


def _minor(amount: int) -> str:
    return f"{'-' if amount < 0 else ''}{abs(amount) // 100}.{abs(amount) % 100:02d}"


def _table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """A table of text; what stands in it is escaped. The last columns are numbers and stand to the right."""
    if not rows:
        return
    cells = [list(head), *([line(cell, 60) for cell in row] for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
    numeric = [
        all(row[i][:1] in "+-0123456789" and row[i][-1:].isdigit() for row in cells[1:]) for i in range(len(head))
    ]
    yield ""
    yield title
    for row in cells:
        parts = [cell.rjust(w) if right else cell.ljust(w) for cell, w, right in zip(row, widths, numeric, strict=True)]
        yield f"  {'  '.join(parts)}".rstrip()
