-- How long each data class is kept, what each purge run removed, and the tombstones that prove it.

CREATE TABLE retention_policies (
  tenant_id text NOT NULL REFERENCES tenants (id),
  data_class text NOT NULL,
  retain_days integer NOT NULL CHECK (retain_days > 0),
  PRIMARY KEY (tenant_id, data_class)
);

CREATE TABLE purge_runs (
  tenant_id text NOT NULL REFERENCES tenants (id),
  id text NOT NULL,
  week text NOT NULL,
  purged_rows bigint NOT NULL CHECK (purged_rows >= 0),
  performed_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id)
);

CREATE TABLE tombstones (
  tenant_id text NOT NULL REFERENCES tenants (id),
  purge_run_id text NOT NULL,
  table_name text NOT NULL,
  row_id text NOT NULL,
  data_class text NOT NULL,
  purged_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, table_name, row_id),
  FOREIGN KEY (tenant_id, purge_run_id) REFERENCES purge_runs (tenant_id, id)
);

CREATE INDEX tombstones_by_run ON tombstones (tenant_id, purge_run_id);
