-- Connections to other companies' systems. Secrets are references into the secret store, never values.

CREATE TABLE integrations (
  tenant_id text NOT NULL REFERENCES tenants (id),
  id text NOT NULL,
  provider text NOT NULL,
  direction text NOT NULL CHECK (direction IN ('ingress', 'egress', 'control-plane')),
  status text NOT NULL CHECK (status IN ('active', 'sandbox', 'disabled')),
  secret_ref text NOT NULL,
  last_check_at timestamptz,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, provider)
);

CREATE TABLE integration_scopes (
  tenant_id text NOT NULL REFERENCES tenants (id),
  integration_id text NOT NULL,
  scope text NOT NULL,
  granted_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, integration_id, scope),
  FOREIGN KEY (tenant_id, integration_id) REFERENCES integrations (tenant_id, id)
);
