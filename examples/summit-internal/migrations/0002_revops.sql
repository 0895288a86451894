-- Leads, how they were routed, and the deals that follow with their discounts, approvals and receipts.

CREATE TABLE leads (
  tenant_id text NOT NULL REFERENCES tenants (id),
  id text NOT NULL,
  source text NOT NULL CHECK (source IN ('website', 'intro', 'partner')),
  company text NOT NULL,
  segment text NOT NULL CHECK (segment IN ('enterprise', 'mid-market', 'smb')),
  temperature text NOT NULL CHECK (temperature IN ('hot', 'warm', 'cold')),
  status text NOT NULL CHECK (status IN ('new', 'routed', 'parked', 'dropped', 'converted')),
  is_spam boolean NOT NULL DEFAULT FALSE,
  is_duplicate boolean NOT NULL DEFAULT FALSE,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id)
);

CREATE INDEX leads_by_age ON leads (tenant_id, created_at);

CREATE TABLE lead_routings (
  tenant_id text NOT NULL REFERENCES tenants (id),
  id text NOT NULL,
  lead_id text NOT NULL,
  assignee text NOT NULL,
  policy_version text NOT NULL,
  routed_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, lead_id),
  FOREIGN KEY (tenant_id, lead_id) REFERENCES leads (tenant_id, id)
);

CREATE TABLE quotes (
  tenant_id text NOT NULL REFERENCES tenants (id),
  id text NOT NULL,
  lead_id text NOT NULL,
  list_cents bigint NOT NULL CHECK (list_cents >= 0),
  final_cents bigint NOT NULL CHECK (final_cents >= 0),
  status text NOT NULL CHECK (status IN ('draft', 'submitted', 'won', 'lost')),
  created_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, lead_id) REFERENCES leads (tenant_id, id)
);

CREATE TABLE discounts (
  tenant_id text NOT NULL REFERENCES tenants (id),
  id text NOT NULL,
  quote_id text NOT NULL,
  basis_points integer NOT NULL CHECK (basis_points BETWEEN 0 AND 10000),
  reason text NOT NULL CHECK (reason IN ('design-partner', 'competitive', 'uplift', 'volume')),
  created_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, quote_id) REFERENCES quotes (tenant_id, id)
);

CREATE TABLE approvals (
  tenant_id text NOT NULL REFERENCES tenants (id),
  id text NOT NULL,
  subject_type text NOT NULL,
  subject_id text NOT NULL,
  requested_by text NOT NULL,
  approved_by text,
  approver_role text,
  decision text NOT NULL CHECK (decision IN ('pending', 'approved', 'rejected')),
  rationale text NOT NULL DEFAULT '',
  requested_at timestamptz NOT NULL,
  decided_at timestamptz,
  PRIMARY KEY (tenant_id, id),
  CHECK (approved_by IS NULL OR approved_by <> requested_by)
);

CREATE INDEX approvals_by_subject ON approvals (tenant_id, subject_type, subject_id);

CREATE TABLE receipts (
  tenant_id text NOT NULL REFERENCES tenants (id),
  id text NOT NULL,
  action_type text NOT NULL,
  action_id text NOT NULL,
  actor text NOT NULL,
  policy_version text NOT NULL,
  result text NOT NULL CHECK (result IN ('succeeded', 'failed', 'rolled-back')),
  request_sha256 text NOT NULL,
  occurred_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
