"""Metering, quotas and invoices. Quantities are integers and money is cents; prices come from the shared price list."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from service.clock import stamp
from service.db.tenant_safe import TenantSession
from service.identifiers import new_id
from service.settings import POLICY_VERSION


class BillingRepository:
    def __init__(self, session: TenantSession) -> None:
        self._session = session

    def meter(self, metric: str, *, quantity: int, flow_type: str, feature: str, at: datetime) -> None:
        """Record usage with the tags of the tenant's own plan and tier."""
        self._session.run(
            """
            INSERT INTO meter_events (tenant_id, id, source, metric, quantity, plan, flow_type, feature,
                                      policy_version, sla_tier, occurred_at)
            SELECT t.id, :id, 'service', :metric, :quantity, t.plan_id, :flow_type, :feature,
                   :policy_version, t.sla_tier, :occurred_at
              FROM tenants AS t
             WHERE t.id = :tenant_id
            """,
            id=new_id("mev"),
            metric=metric,
            quantity=quantity,
            flow_type=flow_type,
            feature=feature,
            policy_version=POLICY_VERSION,
            occurred_at=stamp(at),
        )

    def used_since(self, metric: str, since: datetime) -> int:
        return self._session.count(
            """
            SELECT coalesce(sum(quantity), 0)
              FROM meter_events
             WHERE tenant_id = :tenant_id AND metric = :metric AND occurred_at >= :since
            """,
            metric=metric,
            since=stamp(since),
        )

    def quotas(self) -> list[sqlite3.Row]:
        return self._session.all(
            "SELECT metric, soft_limit, hard_limit FROM quotas WHERE tenant_id = :tenant_id ORDER BY metric"
        )

    def usage_by_metric(self, start: str, end: str) -> list[sqlite3.Row]:
        """What was used from `start` up to but not including `end`, priced."""
        return self._session.all(
            """
            SELECT m.metric, p.unit, sum(m.quantity) AS quantity, sum(m.quantity) * p.unit_price_cents AS amount_cents
              FROM meter_events AS m
              JOIN price_items AS p ON p.metric = m.metric
             WHERE m.tenant_id = :tenant_id AND m.occurred_at >= :start AND m.occurred_at < :end
             GROUP BY m.metric, p.unit, p.unit_price_cents
             ORDER BY m.metric
            """,
            start=start,
            end=end,
        )

    def invoices(self) -> list[sqlite3.Row]:
        return self._session.all(
            """
            SELECT i.id, i.period, i.currency, i.total_cents, i.issued_at, count(l.metric) AS line_count
              FROM invoices AS i
              LEFT JOIN invoice_lines AS l ON l.tenant_id = i.tenant_id AND l.invoice_id = i.id
             WHERE i.tenant_id = :tenant_id
             GROUP BY i.id, i.period, i.currency, i.total_cents, i.issued_at
             ORDER BY i.period DESC
            """
        )

    def invoice_lines(self, invoice_id: str) -> list[sqlite3.Row]:
        return self._session.all(
            """
            SELECT metric, quantity, amount_cents
              FROM invoice_lines
             WHERE tenant_id = :tenant_id AND invoice_id = :invoice_id
             ORDER BY metric
            """,
            invoice_id=invoice_id,
        )

    def replace_line(self, invoice_id: str, *, metric: str, quantity: int, amount_cents: int) -> None:
        """Write a line again from what was metered."""
        self._session.run(
            """
            INSERT INTO invoice_lines (tenant_id, invoice_id, metric, quantity, amount_cents)
            VALUES (:tenant_id, :invoice_id, :metric, :quantity, :amount_cents)
            ON CONFLICT (tenant_id, invoice_id, metric)
            DO UPDATE SET quantity = excluded.quantity, amount_cents = excluded.amount_cents
            """,
            invoice_id=invoice_id,
            metric=metric,
            quantity=quantity,
            amount_cents=amount_cents,
        )
