-- What each tenant used, may use, and owes.

CREATE TABLE price_items (
  metric text PRIMARY KEY,
  unit text NOT NULL,
  unit_price_cents bigint NOT NULL CHECK (unit_price_cents >= 0),
  price_list text NOT NULL
);

CREATE TABLE meter_events (
  tenant_id text NOT NULL REFERENCES tenants (id),
  id text NOT NULL,
  source text NOT NULL,
  metric text NOT NULL REFERENCES price_items (metric),
  quantity bigint NOT NULL CHECK (quantity >= 0),
  plan text NOT NULL,
  flow_type text NOT NULL,
  feature text NOT NULL,
  policy_version text NOT NULL,
  sla_tier text NOT NULL,
  occurred_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, source, id)
);

CREATE INDEX meter_events_by_age ON meter_events (tenant_id, occurred_at);

CREATE TABLE quotas (
  tenant_id text NOT NULL REFERENCES tenants (id),
  metric text NOT NULL,
  soft_limit bigint NOT NULL CHECK (soft_limit >= 0),
  hard_limit bigint NOT NULL,
  PRIMARY KEY (tenant_id, metric),
  CHECK (hard_limit >= soft_limit)
);

CREATE TABLE invoices (
  tenant_id text NOT NULL REFERENCES tenants (id),
  id text NOT NULL,
  period text NOT NULL,
  currency text NOT NULL,
  total_cents bigint NOT NULL CHECK (total_cents >= 0),
  issued_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, period)
);

CREATE TABLE invoice_lines (
  tenant_id text NOT NULL REFERENCES tenants (id),
  invoice_id text NOT NULL,
  metric text NOT NULL REFERENCES price_items (metric),
  quantity bigint NOT NULL CHECK (quantity >= 0),
  amount_cents bigint NOT NULL CHECK (amount_cents >= 0),
  PRIMARY KEY (tenant_id, invoice_id, metric),
  FOREIGN KEY (tenant_id, invoice_id) REFERENCES invoices (tenant_id, id)
);
