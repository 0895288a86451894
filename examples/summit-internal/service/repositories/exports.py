"""Data exports: making one, following its job, downloading the file."""

from __future__ import annotations

import hashlib
import sqlite3
from datetime import datetime, timedelta

from service.clock import stamp
from service.db.tenant_safe import TenantSession
from service.identifiers import new_id

LINK_LIFETIME = timedelta(days=7)


class ExportRepository:
    def __init__(self, session: TenantSession) -> None:
        self._session = session

    def add(self, *, kind: str, file_name: str, content: str, created_by: str, at: datetime) -> str:
        """Store a finished export and its job."""
        export_id = new_id("exp")
        with self._session.transaction():
            self._session.run(
                """
                INSERT INTO exports (tenant_id, id, kind, file_name, content, created_by, created_at, expires_at,
                                     sha256)
                VALUES (:tenant_id, :id, :kind, :file_name, :content, :created_by, :created_at, :expires_at, :sha256)
                """,
                id=export_id,
                kind=kind,
                file_name=file_name,
                content=content,
                created_by=created_by,
                created_at=stamp(at),
                expires_at=stamp(at + LINK_LIFETIME),
                sha256=hashlib.sha256(content.encode()).hexdigest(),
            )
            self._session.run(
                """
                INSERT INTO export_jobs (tenant_id, id, export_id, status, worker, queued_at, finished_at)
                VALUES (:tenant_id, :id, :export_id, 'done', 'api', :at, :at)
                """,
                id=new_id("job"),
                export_id=export_id,
                at=stamp(at),
            )
        return export_id

    def status(self, export_id: str) -> sqlite3.Row | None:
        return self._session.one(
            """
            SELECT e.id, e.kind, e.file_name, e.sha256, e.created_at, e.expires_at, j.status
              FROM exports AS e
              JOIN export_jobs AS j ON j.tenant_id = e.tenant_id AND j.export_id = e.id
             WHERE e.tenant_id = :tenant_id AND e.id = :export_id
            """,
            export_id=export_id,
        )

    def recent(self, *, limit: int) -> list[sqlite3.Row]:
        return self._session.all(
            """
            SELECT id, kind, file_name, created_at, expires_at
              FROM exports
             WHERE tenant_id = :tenant_id
             ORDER BY created_at DESC, id
             LIMIT :limit
            """,
            limit=limit,
        )

    def open_for_download(self, export_id: str, *, at: datetime) -> sqlite3.Row | None:
        """The file of an export whose link has not lapsed, with the daily limit that applies to the download."""
        return self._session.one(
            """
            SELECT e.id, e.tenant_id, e.kind, e.file_name, e.content, e.sha256,
                   (SELECT q.hard_limit FROM quotas AS q
                     WHERE q.tenant_id = :tenant_id AND q.metric = 'exports.downloaded') AS daily_limit
              FROM exports AS e
             WHERE e.id = :export_id AND e.expires_at > :now
            """,
            export_id=export_id,
            now=stamp(at),
        )
