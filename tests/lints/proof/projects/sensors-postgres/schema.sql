CREATE TABLE organizations (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text NOT NULL, slug text NOT NULL UNIQUE);
CREATE TABLE projects (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), organization_id uuid NOT NULL REFERENCES organizations (id) ON DELETE CASCADE, name text NOT NULL, UNIQUE (organization_id, name));
CREATE TABLE environments (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), project_id uuid NOT NULL REFERENCES projects (id) ON DELETE CASCADE, kind text NOT NULL CHECK (kind IN ('dev', 'prod')), UNIQUE (project_id, kind));
CREATE TABLE devices (id bigserial PRIMARY KEY, environment_id uuid NOT NULL REFERENCES environments (id) ON DELETE CASCADE, serial text NOT NULL, location geography(Point, 4326), tags text[] NOT NULL DEFAULT '{}', attrs jsonb NOT NULL DEFAULT '{}', UNIQUE (environment_id, serial));
CREATE TABLE samples (device_id bigint NOT NULL REFERENCES devices (id) ON DELETE CASCADE, at timestamptz NOT NULL, value double precision, PRIMARY KEY (device_id, at)) PARTITION BY RANGE (at);
CREATE TABLE samples_now PARTITION OF samples DEFAULT;
CREATE TABLE alerts (id bigserial PRIMARY KEY, organization_id uuid NOT NULL REFERENCES organizations (id), device_id bigint REFERENCES devices (id), level smallint NOT NULL, open boolean NOT NULL DEFAULT true, claimed_by text, claimed_at timestamptz);
CREATE TABLE firmware (version text PRIMARY KEY, notes text);
DO $$ BEGIN
  IF NOT EXISTS (SELECT 1 FROM information_schema.columns WHERE table_name = 'alerts' AND column_name = 'note') THEN
    ALTER TABLE alerts ADD COLUMN note text;
  END IF;
END $$;
DO $$ BEGIN
  CREATE TABLE IF NOT EXISTS api_tokens (id bigserial PRIMARY KEY, organization_id uuid NOT NULL REFERENCES organizations (id), token_hash text NOT NULL, expires_at timestamptz);
EXCEPTION WHEN duplicate_table THEN NULL;
END $$;
ALTER TABLE alerts ENABLE ROW LEVEL SECURITY;
ALTER TABLE alerts FORCE ROW LEVEL SECURITY;
CREATE POLICY alerts_org ON alerts USING (organization_id = current_setting('app.organization_id')::uuid) WITH CHECK (organization_id = current_setting('app.organization_id')::uuid);
CREATE VIEW device_paths AS SELECT d.id AS device_id, d.serial, e.id AS environment_id, p.id AS project_id, p.organization_id FROM devices d JOIN environments e ON e.id = d.environment_id JOIN projects p ON p.id = e.project_id;
CREATE MATERIALIZED VIEW daily AS SELECT p.organization_id, s.device_id, date_trunc('day', s.at) AS day, avg(s.value) AS mean FROM samples s JOIN devices d ON d.id = s.device_id JOIN environments e ON e.id = d.environment_id JOIN projects p ON p.id = e.project_id GROUP BY 1, 2, 3;
