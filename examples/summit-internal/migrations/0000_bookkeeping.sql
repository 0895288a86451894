-- Which migrations this database has seen. Run before every other, each time.

CREATE TABLE IF NOT EXISTS schema_migrations (
  number text PRIMARY KEY,
  file_sha256 text NOT NULL,
  applied_at timestamptz NOT NULL
);
