-- An export link lapses on its own, and its content can be checked after the download.

ALTER TABLE exports ADD COLUMN expires_at timestamptz;
ALTER TABLE exports ADD COLUMN sha256 text NOT NULL DEFAULT '';

CREATE INDEX exports_by_age ON exports (tenant_id, created_at);
