-- Data exports: the file a tenant may download, and the job that made it.

CREATE TABLE exports (
  tenant_id text NOT NULL REFERENCES tenants (id),
  id text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('leads', 'usage')),
  file_name text NOT NULL,
  content text NOT NULL,
  created_by text NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id)
);

CREATE TABLE export_jobs (
  tenant_id text NOT NULL REFERENCES tenants (id),
  id text NOT NULL,
  export_id text NOT NULL,
  status text NOT NULL CHECK (status IN ('queued', 'running', 'done', 'failed')),
  worker text,
  queued_at timestamptz NOT NULL,
  finished_at timestamptz,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, export_id) REFERENCES exports (tenant_id, id)
);

CREATE INDEX export_jobs_by_status ON export_jobs (tenant_id, status, queued_at);
