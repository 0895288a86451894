"""Leads and their routing receipts."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from service.clock import stamp
from service.db.tenant_safe import TenantSession
from service.identifiers import new_id


class LeadRepository:
    def __init__(self, session: TenantSession) -> None:
        self._session = session

    def find(self, lead_id: str) -> sqlite3.Row | None:
        return self._session.one(
            """
            SELECT l.id, l.source, l.company, l.segment, l.temperature, l.status, l.created_at,
                   r.assignee, r.policy_version, r.routed_at
              FROM leads AS l
              LEFT JOIN lead_routings AS r ON r.tenant_id = l.tenant_id AND r.lead_id = l.id
             WHERE l.tenant_id = :tenant_id AND l.id = :lead_id
            """,
            lead_id=lead_id,
        )

    def search(self, *, status: str | None, segment: str | None, limit: int) -> list[sqlite3.Row]:
        """The newest leads, optionally of one status and one segment."""
        return self._session.all(
            """
            SELECT id, source, company, segment, temperature, status, created_at
              FROM leads
             WHERE tenant_id = :tenant_id
               AND status = coalesce(:status, status)
               AND segment = coalesce(:segment, segment)
             ORDER BY created_at DESC, id
             LIMIT :limit
            """,
            status=status,
            segment=segment,
            limit=limit,
        )

    def add(self, *, source: str, company: str, segment: str, temperature: str, at: datetime) -> str:
        lead_id = new_id("lead")
        self._session.run(
            """
            INSERT INTO leads (tenant_id, id, source, company, segment, temperature, status, is_duplicate, created_at)
            VALUES (:tenant_id, :id, :source, :company, :segment, :temperature, 'new',
                    EXISTS (SELECT 1 FROM leads AS other
                             WHERE other.tenant_id = :tenant_id AND other.company = :company),
                    :created_at)
            """,
            id=lead_id,
            source=source,
            company=company,
            segment=segment,
            temperature=temperature,
            created_at=stamp(at),
        )
        return lead_id

    def route(self, lead_id: str, *, assignee: str, policy_version: str, at: datetime) -> bool:
        """Assign a new lead and write its receipt; False if there is no such new lead."""
        with self._session.transaction():
            changed = self._session.run(
                "UPDATE leads SET status = 'routed' WHERE tenant_id = :tenant_id AND id = :lead_id AND status = 'new'",
                lead_id=lead_id,
            )
            if not changed:
                return False
            self._session.run(
                """
                INSERT INTO lead_routings (tenant_id, id, lead_id, assignee, policy_version, routed_at)
                VALUES (:tenant_id, :id, :lead_id, :assignee, :policy_version, :routed_at)
                """,
                id=new_id("rout"),
                lead_id=lead_id,
                assignee=assignee,
                policy_version=policy_version,
                routed_at=stamp(at),
            )
        return True

    def export_rows(self) -> list[sqlite3.Row]:
        return self._session.all(
            """
            SELECT id, source, company, segment, temperature, status, created_at
              FROM leads
             WHERE tenant_id = :tenant_id AND NOT is_spam
             ORDER BY created_at, id
            """
        )
