-- Tenants, the people and keys that act for them, and the reference data every tenant shares.
-- Times are RFC 3339 in UTC with milliseconds; money is integer cents.

CREATE TABLE plans (
  id text PRIMARY KEY,
  title text NOT NULL,
  seat_limit integer NOT NULL CHECK (seat_limit > 0)
);

CREATE TABLE feature_flags (
  id text PRIMARY KEY,
  description text NOT NULL,
  default_on boolean NOT NULL DEFAULT FALSE
);

CREATE TABLE tenants (
  id text PRIMARY KEY,
  name text NOT NULL,
  plan_id text NOT NULL REFERENCES plans (id),
  region text NOT NULL,
  sla_tier text NOT NULL,
  created_at timestamptz NOT NULL
);

CREATE TABLE users (
  tenant_id text NOT NULL REFERENCES tenants (id),
  id text NOT NULL,
  email text NOT NULL,
  status text NOT NULL CHECK (status IN ('active', 'suspended', 'removed')),
  created_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, email)
);

CREATE TABLE memberships (
  tenant_id text NOT NULL REFERENCES tenants (id),
  user_id text NOT NULL,
  role text NOT NULL CHECK (role IN ('viewer', 'operator', 'approver', 'tenant-admin')),
  granted_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, user_id, role),
  FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
);

CREATE TABLE api_keys (
  tenant_id text NOT NULL REFERENCES tenants (id),
  id text NOT NULL,
  label text NOT NULL,
  key_hash text NOT NULL,
  created_at timestamptz NOT NULL,
  revoked_at timestamptz,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, key_hash)
);

CREATE TABLE tenant_features (
  tenant_id text NOT NULL REFERENCES tenants (id),
  flag_id text NOT NULL REFERENCES feature_flags (id),
  enabled boolean NOT NULL,
  changed_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, flag_id)
);
