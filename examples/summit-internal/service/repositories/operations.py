"""Incidents, evidence bundles, policy decisions, receipts, integrations and the audit stream of one tenant."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from service.clock import stamp
from service.db.tenant_safe import TenantSession
from service.identifiers import new_id


class OperationsRepository:
    def __init__(self, session: TenantSession) -> None:
        self._session = session

    def open_incident(self, *, title: str, severity: str, simulated: bool, at: datetime) -> str:
        incident_id = new_id("inc")
        self._session.run(
            """
            INSERT INTO incidents (id, tenant_id, title, severity, simulated, opened_at)
            VALUES (:id, :tenant_id, :title, :severity, :simulated, :opened_at)
            """,
            id=incident_id,
            title=title,
            severity=severity,
            simulated=simulated,
            opened_at=stamp(at),
        )
        return incident_id

    def close_incident(self, incident_id: str, *, at: datetime) -> bool:
        changed = self._session.run(
            """
            UPDATE incidents SET closed_at = :closed_at
             WHERE tenant_id = :tenant_id AND id = :incident_id AND closed_at IS NULL
            """,
            incident_id=incident_id,
            closed_at=stamp(at),
        )
        return changed == 1

    def incident(self, incident_id: str) -> sqlite3.Row | None:
        return self._session.one(
            """
            SELECT id, title, severity, simulated, opened_at, closed_at
              FROM incidents
             WHERE tenant_id = :tenant_id AND id = :incident_id
            """,
            incident_id=incident_id,
        )

    def recent_incidents(self, *, limit: int) -> list[sqlite3.Row]:
        return self._session.all(
            """
            SELECT id, title, severity, simulated, opened_at, closed_at
              FROM incidents
             WHERE tenant_id = :tenant_id
             ORDER BY opened_at DESC, id
             LIMIT :limit
            """,
            limit=limit,
        )

    def incident_notes(self, incident_id: str) -> list[sqlite3.Row]:
        """Notes have no tenant column; they are reached only through the tenant's own incident."""
        return self._session.all(
            """
            SELECT n.id, n.author, n.body, n.written_at
              FROM incident_notes AS n
              JOIN incidents AS i ON i.id = n.incident_id
             WHERE i.tenant_id = :tenant_id AND i.id = :incident_id
             ORDER BY n.written_at, n.id
            """,
            incident_id=incident_id,
        )

    def add_incident_note(self, incident_id: str, *, author: str, body: str, at: datetime) -> bool:
        """False if the tenant has no such incident."""
        added = self._session.run(
            """
            INSERT INTO incident_notes (id, incident_id, author, body, written_at)
            SELECT :id, i.id, :author, :body, :written_at
              FROM incidents AS i
             WHERE i.tenant_id = :tenant_id AND i.id = :incident_id
            """,
            id=new_id("note"),
            incident_id=incident_id,
            author=author,
            body=body,
            written_at=stamp(at),
        )
        return added == 1

    def evidence_artifacts(self, bundle_id: str) -> list[sqlite3.Row]:
        return self._session.all(
            """
            SELECT a.name, a.sha256
              FROM evidence_artifacts AS a
              JOIN evidence_bundles AS b ON b.id = a.bundle_id
             WHERE b.tenant_id = :tenant_id AND b.id = :bundle_id
             ORDER BY a.name
            """,
            bundle_id=bundle_id,
        )

    def record_decision(
        self, *, bundle: str, operation: str, actor: str, decision: str, reason: str, policy_version: str, at: datetime
    ) -> str:
        decision_id = new_id("dec")
        self._session.run(
            """
            INSERT INTO policy_decisions (tenant_id, id, bundle, operation, actor, decision, reason, policy_version,
                                          decided_at)
            VALUES (:tenant_id, :id, :bundle, :operation, :actor, :decision, :reason, :policy_version, :decided_at)
            """,
            id=decision_id,
            bundle=bundle,
            operation=operation,
            actor=actor,
            decision=decision,
            reason=reason,
            policy_version=policy_version,
            decided_at=stamp(at),
        )
        return decision_id

    def record_suggestion(
        self, *, operation: str, target_tenant: str, outcome: str, simulated: bool, at: datetime
    ) -> None:
        self._session.run(
            """
            INSERT INTO copilot_suggestions (tenant_id, id, operation, target_tenant, simulated, outcome, created_at)
            VALUES (:tenant_id, :id, :operation, :target_tenant, :simulated, :outcome, :created_at)
            """,
            id=new_id("sug"),
            operation=operation,
            target_tenant=target_tenant,
            simulated=simulated,
            outcome=outcome,
            created_at=stamp(at),
        )

    def suggestions_by_outcome(self, since: datetime) -> dict[str, int]:
        rows = self._session.all(
            """
            SELECT outcome, count(*) AS suggestions
              FROM copilot_suggestions
             WHERE tenant_id = :tenant_id AND created_at >= :since
             GROUP BY outcome
            """,
            since=stamp(since),
        )
        return {row["outcome"]: row["suggestions"] for row in rows}

    def record_receipt(
        self, *, action_type: str, action_id: str, actor: str, policy_version: str, request_sha256: str, at: datetime
    ) -> str:
        receipt_id = new_id("rcpt")
        self._session.run(
            """
            INSERT INTO receipts (tenant_id, id, action_type, action_id, actor, policy_version, result, request_sha256,
                                  occurred_at)
            VALUES (:tenant_id, :id, :action_type, :action_id, :actor, :policy_version, 'succeeded', :request_sha256,
                    :occurred_at)
            """,
            id=receipt_id,
            action_type=action_type,
            action_id=action_id,
            actor=actor,
            policy_version=policy_version,
            request_sha256=request_sha256,
            occurred_at=stamp(at),
        )
        return receipt_id

    def integrations(self) -> list[sqlite3.Row]:
        return self._session.all(
            """
            SELECT i.provider, i.direction, i.status, i.last_check_at, s.scope
              FROM integrations AS i
              LEFT JOIN integration_scopes AS s ON s.tenant_id = i.tenant_id AND s.integration_id = i.id
             WHERE i.tenant_id = :tenant_id
             ORDER BY i.provider, s.scope
            """
        )

    def audit(self, *, actor: str, action: str, subject: str, at: datetime) -> str:
        event_id = new_id("aud")
        self._session.run(
            """
            INSERT INTO audit_events (tenant_id, id, actor, action, subject, occurred_at)
            VALUES (:tenant_id, :id, :actor, :action, :subject, :occurred_at)
            """,
            id=event_id,
            actor=actor,
            action=action,
            subject=subject,
            occurred_at=stamp(at),
        )
        return event_id

    def audit_event(self, event_id: str) -> sqlite3.Row | None:
        return self._session.one(
            """
            SELECT id, actor, action, subject, occurred_at
              FROM audit_events
             WHERE tenant_id = :tenant_id AND id = :event_id
            """,
            event_id=event_id,
        )

    def audit_stream(self, *, limit: int) -> list[sqlite3.Row]:
        return self._session.all(
            """
            SELECT id, actor, action, subject, occurred_at
              FROM audit_events
             WHERE tenant_id = :tenant_id
             ORDER BY occurred_at DESC, id
             LIMIT :limit
            """,
            limit=limit,
        )
