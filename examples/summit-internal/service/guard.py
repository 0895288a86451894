"""Default deny for destructive operations: every request gets a decision, and every decision is recorded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from service.repositories.deals import DealRepository
from service.repositories.operations import OperationsRepository
from service.settings import POLICY_VERSION

READS = frozenset({"lead.summarise", "usage.explain", "quote.draft"})
DUAL_CONTROL = frozenset({"retention.purge", "key.revoke", "export.share", "policy.edit", "tenant.delete"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """`outcome` is what happens to the request: executed, blocked, or queued-for-approval."""

    outcome: str
    reason: str


def rule(
    operation: str,
    *,
    subject: str,
    target_tenant: str,
    caller_tenant: str,
    actor: str,
    deals: DealRepository,
    operations: OperationsRepository,
    at: datetime,
) -> Ruling:
    """Decide and record. An operation nobody listed is denied, and so is anything aimed at another tenant."""
    if target_tenant != caller_tenant:
        ruling = Ruling(outcome="blocked", reason="aimed at another tenant")
    elif operation in READS:
        ruling = Ruling(outcome="executed", reason="read inside the tenant")
    elif operation not in DUAL_CONTROL:
        ruling = Ruling(outcome="blocked", reason="not a known operation")
    elif deals.approved(operation, subject):
        ruling = Ruling(outcome="executed", reason="approved by a second person")
    else:
        ruling = Ruling(outcome="queued-for-approval", reason="needs a second person's approval")
    operations.record_decision(
        bundle="high-risk-ops",
        operation=operation,
        actor=actor,
        decision="allow" if ruling.outcome == "executed" else "deny",
        reason=ruling.reason,
        policy_version=POLICY_VERSION,
        at=at,
    )
    return ruling
