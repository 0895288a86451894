"""API keys, users and what a tenant has switched on."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from service.clock import stamp
from service.db.tenant_safe import TenantSession
from service.identifiers import new_id


class IdentityRepository:
    def __init__(self, session: TenantSession) -> None:
        self._session = session

    def active_key(self, key_hash: str) -> sqlite3.Row | None:
        return self._session.one(
            """
            SELECT id, label
              FROM api_keys
             WHERE tenant_id = :tenant_id AND key_hash = :key_hash AND revoked_at IS NULL
            """,
            key_hash=key_hash,
        )

    def add_key(self, *, label: str, key_hash: str, at: datetime) -> str:
        key_id = new_id("key")
        self._session.run(
            """
            INSERT INTO api_keys (tenant_id, id, label, key_hash, created_at)
            VALUES (:tenant_id, :id, :label, :key_hash, :created_at)
            """,
            id=key_id,
            label=label,
            key_hash=key_hash,
            created_at=stamp(at),
        )
        return key_id

    def revoke_keys_except(self, key_id: str, *, at: datetime) -> int:
        """Revoke every other active key; the number revoked."""
        return self._session.run(
            """
            UPDATE api_keys SET revoked_at = :revoked_at
             WHERE tenant_id = :tenant_id AND id <> :id AND revoked_at IS NULL
            """,
            id=key_id,
            revoked_at=stamp(at),
        )

    def revoke_all_keys(self, *, at: datetime) -> int:
        return self._session.run(
            "UPDATE api_keys SET revoked_at = :revoked_at WHERE tenant_id = :tenant_id AND revoked_at IS NULL",
            revoked_at=stamp(at),
        )

    def users_with_role(self, role: str) -> list[sqlite3.Row]:
        return self._session.all(
            """
            SELECT u.id, u.email, m.role
              FROM memberships AS m
              JOIN users AS u ON u.tenant_id = m.tenant_id AND u.id = m.user_id
             WHERE m.tenant_id = :tenant_id AND m.role = :role AND u.status = 'active'
             ORDER BY u.email
            """,
            role=role,
        )

    def feature_enabled(self, flag_id: str) -> bool:
        """The tenant's own switch, else the flag's default; an unknown flag is off."""
        row = self._session.one(
            """
            SELECT coalesce(t.enabled, f.default_on) AS enabled
              FROM feature_flags AS f
              LEFT JOIN tenant_features AS t ON t.flag_id = f.id AND t.tenant_id = :tenant_id
             WHERE f.id = :flag_id
            """,
            flag_id=flag_id,
        )
        return bool(row and row["enabled"])

    def set_feature(self, flag_id: str, *, enabled: bool, at: datetime) -> None:
        self._session.run(
            """
            INSERT INTO tenant_features (tenant_id, flag_id, enabled, changed_at)
            VALUES (:tenant_id, :flag_id, :enabled, :changed_at)
            ON CONFLICT (tenant_id, flag_id)
            DO UPDATE SET enabled = excluded.enabled, changed_at = excluded.changed_at
            """,
            flag_id=flag_id,
            enabled=enabled,
            changed_at=stamp(at),
        )
