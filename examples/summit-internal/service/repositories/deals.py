"""Quotes, the discounts on them, and the approvals a discount needs."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from service.clock import stamp
from service.db.tenant_safe import TenantSession
from service.identifiers import new_id


class DealRepository:
    def __init__(self, session: TenantSession) -> None:
        self._session = session

    def quote(self, quote_id: str) -> sqlite3.Row | None:
        """A quote with its deepest discount, if it has one."""
        return self._session.one(
            """
            WITH deepest AS (
              SELECT d.tenant_id, d.quote_id, max(d.basis_points) AS basis_points
                FROM discounts AS d
               WHERE d.tenant_id = :tenant_id
               GROUP BY d.tenant_id, d.quote_id
            )
            SELECT q.id, q.lead_id, q.list_cents, q.final_cents, q.status, q.created_at, x.basis_points
              FROM quotes AS q
              LEFT JOIN deepest AS x ON x.tenant_id = q.tenant_id AND x.quote_id = q.id
             WHERE q.tenant_id = :tenant_id AND q.id = :quote_id
            """,
            quote_id=quote_id,
        )

    def open_quotes(self, *, limit: int) -> list[sqlite3.Row]:
        return self._session.all(
            """
            SELECT q.id, q.lead_id, q.list_cents, q.final_cents, q.status, l.company
              FROM quotes AS q
              JOIN leads AS l ON l.tenant_id = q.tenant_id AND l.id = q.lead_id
             WHERE q.tenant_id = :tenant_id AND q.status IN ('draft', 'submitted')
             ORDER BY q.created_at DESC, q.id
             LIMIT :limit
            """,
            limit=limit,
        )

    def request_discount(
        self, quote_id: str, *, basis_points: int, reason: str, requested_by: str, at: datetime
    ) -> str | None:
        """Record a discount and the approval it waits for; None if the quote does not exist."""
        discount_id = new_id("disc")
        with self._session.transaction():
            added = self._session.run(
                """
                INSERT INTO discounts (tenant_id, id, quote_id, basis_points, reason, created_at)
                SELECT q.tenant_id, :id, q.id, :basis_points, :reason, :created_at
                  FROM quotes AS q
                 WHERE q.tenant_id = :tenant_id AND q.id = :quote_id
                """,
                id=discount_id,
                quote_id=quote_id,
                basis_points=basis_points,
                reason=reason,
                created_at=stamp(at),
            )
            if not added:
                return None
            self._session.run(
                """
                INSERT INTO approvals (tenant_id, id, subject_type, subject_id, requested_by, decision, requested_at)
                VALUES (:tenant_id, :id, 'discount', :subject_id, :requested_by, 'pending', :requested_at)
                """,
                id=new_id("appr"),
                subject_id=discount_id,
                requested_by=requested_by,
                requested_at=stamp(at),
            )
        return discount_id

    def approve(self, subject_id: str, *, approved_by: str, approver_role: str, rationale: str, at: datetime) -> bool:
        """Decide a pending approval; False if there is none, or if the approver asked for it themselves."""
        changed = self._session.run(
            """
            UPDATE approvals
               SET decision = 'approved', approved_by = :approved_by, approver_role = :approver_role,
                   rationale = :rationale, decided_at = :decided_at
             WHERE tenant_id = :tenant_id AND subject_id = :subject_id
               AND decision = 'pending' AND requested_by <> :approved_by
            """,
            subject_id=subject_id,
            approved_by=approved_by,
            approver_role=approver_role,
            rationale=rationale,
            decided_at=stamp(at),
        )
        return changed == 1

    def approved(self, subject_type: str, subject_id: str) -> bool:
        return (
            self._session.one(
                """
                SELECT 1
                  FROM approvals
                 WHERE tenant_id = :tenant_id AND subject_type = :subject_type AND subject_id = :subject_id
                   AND decision = 'approved'
                """,
                subject_type=subject_type,
                subject_id=subject_id,
            )
            is not None
        )
