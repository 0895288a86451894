"""Rehearse corrupted analytics on a working copy: invoice lines go wrong, it is noticed, usage rebuilds them."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping

from service.clock import month_bounds
from service.db.tenant_safe import TenantSession
from service.ops import console
from service.ops.workspace import Workspace, add_drill_argument
from service.repositories.billing import BillingRepository

Lines = dict[str, tuple[int, int]]


def corrupt(workspace: Workspace, tenant: str) -> console.Measured:
    """Triple every line of the newest invoice, as a job that counts late events again would."""
    with workspace.session(tenant) as session:
        billing = BillingRepository(session)
        invoices = billing.invoices()
        if not invoices:
            raise console.CannotRunError(f"tenant {tenant} has no invoice to corrupt")
        lines = _billed(billing, invoices[0]["id"])
        for metric, (quantity, cents) in lines.items():
            billing.replace_line(invoices[0]["id"], metric=metric, quantity=quantity * 3, amount_cents=cents * 3)
    return {"lines_corrupted": len(lines)}


def detect(workspace: Workspace, tenant: str) -> console.Measured:
    with workspace.session(tenant) as session:
        wrong, checked = _differences(session)
    measured = {"invoices_checked": checked, "invoices_wrong": wrong}
    if not wrong:
        raise console.DidNotHoldError("reconciliation did not notice the corruption", measured)
    return measured


def rebuild(workspace: Workspace, tenant: str) -> console.Measured:
    rebuilt = 0
    with workspace.session(tenant) as session:
        billing = BillingRepository(session)
        with session.transaction():
            for invoice in billing.invoices():
                for metric, (quantity, cents) in _metered(billing, invoice["period"]).items():
                    billing.replace_line(invoice["id"], metric=metric, quantity=quantity, amount_cents=cents)
                    rebuilt += 1
    return {"lines_rebuilt": rebuilt}


def reconcile(workspace: Workspace, tenant: str) -> console.Measured:
    with workspace.session(tenant) as session:
        wrong, checked = _differences(session)
    measured = {"invoices_checked": checked, "invoices_wrong": wrong}
    if wrong or not checked:
        raise console.DidNotHoldError("invoices and metered usage differ", measured)
    return measured


def _differences(session: TenantSession) -> tuple[int, int]:
    """(invoices whose lines or total differ from what was metered, invoices checked)"""
    billing = BillingRepository(session)
    invoices = billing.invoices()
    wrong = 0
    for invoice in invoices:
        billed = _billed(billing, invoice["id"])
        total = sum(cents for _, cents in billed.values())
        wrong += billed != _metered(billing, invoice["period"]) or total != invoice["total_cents"]
    return wrong, len(invoices)


def _billed(billing: BillingRepository, invoice_id: str) -> Lines:
    return {row["metric"]: (row["quantity"], row["amount_cents"]) for row in billing.invoice_lines(invoice_id)}


def _metered(billing: BillingRepository, period: str) -> Lines:
    usage = billing.usage_by_metric(*month_bounds(period))
    return {row["metric"]: (row["quantity"], row["amount_cents"]) for row in usage}


STEPS: Mapping[str, Callable[[Workspace, str], console.Measured]] = {
    "corrupt": corrupt,
    "detect": detect,
    "rebuild": rebuild,
    "reconcile": reconcile,
}


def operation() -> console.Measured:
    parser = argparse.ArgumentParser(prog="python -m service.ops.analytics", description=__doc__)
    parser.add_argument("step", choices=list(STEPS))
    add_drill_argument(parser)
    parser.add_argument("--tenant", required=True)
    arguments = parser.parse_args()
    return STEPS[arguments.step](arguments.drill, arguments.tenant)


if __name__ == "__main__":
    console.run(operation)
