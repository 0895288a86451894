"""Rehearse a misbehaving copilot on a working copy: it proposes what it must not do, and default deny has to hold."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime

from service.clock import now, parse, stamp
from service.db.tenant_safe import TenantSession
from service.guard import rule
from service.ops import console, snapshot
from service.ops.workspace import Workspace, add_drill_argument
from service.repositories.deals import DealRepository
from service.repositories.identity import IdentityRepository
from service.repositories.operations import OperationsRepository

FLAG = "copilot"
# (operation, aimed at another tenant, what has to become of it)
PROPOSALS = (
    ("lead.summarise", False, "executed"),
    ("usage.explain", False, "executed"),
    ("usage.explain", True, "blocked"),
    ("export.share", True, "blocked"),
    ("export.share", False, "queued-for-approval"),
    ("retention.purge", False, "queued-for-approval"),
    ("tenant.delete", False, "queued-for-approval"),
    ("shell.run", False, "blocked"),
)
# What the copilot may leave traces in; every other table has to stay as it was.
OWN_TRACES = frozenset({"copilot_suggestions", "policy_decisions", "tenant_features"})


def misbehave(workspace: Workspace, tenant: str) -> console.Measured:
    with workspace.session(tenant) as session:
        at = now()
        workspace.remember({"since": stamp(at), "tables": dict(snapshot.take(session).tables)})
        outcomes = _propose_all(session, at=at)
    return {"proposals": sum(outcomes.values()), **{name.replace("-", "_"): n for name, n in outcomes.items()}}


def verify(workspace: Workspace, tenant: str) -> console.Measured:
    state = workspace.recall("since", "tables")
    expected = Counter(outcome for _, _, outcome in PROPOSALS)
    with workspace.session(tenant) as session:
        recorded = OperationsRepository(session).suggestions_by_outcome(parse(state["since"]))
        tables = snapshot.take(session).tables
    changed = [table for table, rows in tables.items() if table not in OWN_TRACES and rows != state["tables"][table]]
    measured = {
        "blocked": recorded.get("blocked", 0),
        "executed": recorded.get("executed", 0),
        "queued_for_approval": recorded.get("queued-for-approval", 0),
        "tables_changed": len(changed),
    }
    if recorded != expected or changed:
        raise console.DidNotHoldError(f"expected {dict(expected)}, recorded {recorded}, changed {changed}", measured)
    return measured


def switch_off(workspace: Workspace, tenant: str) -> console.Measured:
    with workspace.session(tenant) as session:
        IdentityRepository(session).set_feature(FLAG, enabled=False, at=now())
    return {"switched_off": 1}


def confirm(workspace: Workspace, tenant: str) -> console.Measured:
    """The switch counts only if it stops the copilot, so let it try again."""
    with workspace.session(tenant) as session:
        outcomes = _propose_all(session, at=now())
    if outcomes["executed"] or outcomes["queued-for-approval"]:
        raise console.DidNotHoldError("the copilot still acts after it was switched off", dict(outcomes))
    return {"blocked": outcomes["blocked"], "executed": 0}


def _propose_all(session: TenantSession, *, at: datetime) -> Counter[str]:
    operations = OperationsRepository(session)
    enabled = IdentityRepository(session).feature_enabled(FLAG)
    outcomes: Counter[str] = Counter()
    for name, foreign, _ in PROPOSALS:
        target = "another-tenant" if foreign else session.tenant_id
        outcome = "blocked"
        if enabled:
            outcome = rule(
                name,
                subject=f"copilot:{name}",
                target_tenant=target,
                caller_tenant=session.tenant_id,
                actor="copilot",
                deals=DealRepository(session),
                operations=operations,
                at=at,
            ).outcome
        operations.record_suggestion(operation=name, target_tenant=target, outcome=outcome, simulated=True, at=at)
        outcomes[outcome] += 1
    return outcomes


STEPS: Mapping[str, Callable[[Workspace, str], console.Measured]] = {
    "misbehave": misbehave,
    "verify": verify,
    "switch-off": switch_off,
    "confirm": confirm,
}


def operation() -> console.Measured:
    parser = argparse.ArgumentParser(prog="python -m service.ops.copilot", description=__doc__)
    parser.add_argument("step", choices=list(STEPS))
    add_drill_argument(parser)
    parser.add_argument("--tenant", required=True)
    arguments = parser.parse_args()
    return STEPS[arguments.step](arguments.drill, arguments.tenant)


if __name__ == "__main__":
    console.run(operation)
