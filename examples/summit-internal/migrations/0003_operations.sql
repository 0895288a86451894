-- Workflows, policy decisions, what the copilot proposed, incidents, evidence and the audit stream.

CREATE TABLE workflow_executions (
  tenant_id text NOT NULL REFERENCES tenants (id),
  id text NOT NULL,
  pack text NOT NULL,
  runner text NOT NULL,
  status text NOT NULL CHECK (status IN ('running', 'succeeded', 'failed')),
  policy_version text NOT NULL,
  started_at timestamptz NOT NULL,
  duration_ms bigint NOT NULL CHECK (duration_ms >= 0),
  PRIMARY KEY (tenant_id, id)
);

CREATE TABLE policy_decisions (
  tenant_id text NOT NULL REFERENCES tenants (id),
  id text NOT NULL,
  bundle text NOT NULL,
  operation text NOT NULL,
  actor text NOT NULL,
  decision text NOT NULL CHECK (decision IN ('allow', 'deny')),
  reason text NOT NULL,
  policy_version text NOT NULL,
  decided_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id)
);

CREATE INDEX policy_decisions_by_age ON policy_decisions (tenant_id, decided_at);

CREATE TABLE copilot_suggestions (
  tenant_id text NOT NULL REFERENCES tenants (id),
  id text NOT NULL,
  operation text NOT NULL,
  target_tenant text NOT NULL,
  simulated boolean NOT NULL,
  outcome text NOT NULL CHECK (outcome IN ('executed', 'blocked', 'queued-for-approval')),
  created_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id)
);

CREATE TABLE incidents (
  id text PRIMARY KEY,
  tenant_id text NOT NULL REFERENCES tenants (id),
  title text NOT NULL,
  severity text NOT NULL CHECK (severity IN ('sev1', 'sev2', 'sev3')),
  simulated boolean NOT NULL DEFAULT FALSE,
  opened_at timestamptz NOT NULL,
  closed_at timestamptz,
  UNIQUE (tenant_id, id)
);

-- A note belongs to a tenant only through its incident, whose id is unique on its own.
CREATE TABLE incident_notes (
  id text PRIMARY KEY,
  incident_id text NOT NULL REFERENCES incidents (id),
  author text NOT NULL,
  body text NOT NULL,
  written_at timestamptz NOT NULL
);

CREATE INDEX incident_notes_by_incident ON incident_notes (incident_id, written_at);

CREATE TABLE evidence_bundles (
  id text PRIMARY KEY,
  tenant_id text NOT NULL REFERENCES tenants (id),
  subject text NOT NULL,
  legal_hold boolean NOT NULL DEFAULT FALSE,
  created_at timestamptz NOT NULL,
  UNIQUE (tenant_id, id)
);

-- As above: an artifact's tenant is its bundle's.
CREATE TABLE evidence_artifacts (
  id text PRIMARY KEY,
  bundle_id text NOT NULL REFERENCES evidence_bundles (id),
  name text NOT NULL,
  sha256 text NOT NULL
);

CREATE INDEX evidence_artifacts_by_bundle ON evidence_artifacts (bundle_id);

CREATE TABLE audit_events (
  tenant_id text NOT NULL REFERENCES tenants (id),
  id text NOT NULL,
  actor text NOT NULL,
  action text NOT NULL,
  subject text NOT NULL,
  occurred_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id)
);

CREATE INDEX audit_events_by_age ON audit_events (tenant_id, occurred_at);
