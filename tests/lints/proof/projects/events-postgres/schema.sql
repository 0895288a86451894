CREATE TABLE orgs (slug text PRIMARY KEY, plan text);
CREATE TABLE streams (
  org text NOT NULL REFERENCES orgs (slug),
  stream_id uuid NOT NULL,
  kind text NOT NULL,
  version bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (org, stream_id)
);
CREATE TABLE events (
  org text NOT NULL REFERENCES orgs (slug),
  stream_id uuid NOT NULL,
  version bigint NOT NULL,
  position bigint GENERATED ALWAYS AS IDENTITY,
  at timestamptz NOT NULL DEFAULT now(),
  body jsonb NOT NULL,
  PRIMARY KEY (org, stream_id, version),
  FOREIGN KEY (org, stream_id) REFERENCES streams (org, stream_id)
) PARTITION BY HASH (org);
CREATE TABLE events_p0 PARTITION OF events FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE events_p1 PARTITION OF events FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE TABLE snapshots (
  org text NOT NULL REFERENCES orgs (slug),
  stream_id uuid NOT NULL,
  version bigint NOT NULL,
  state jsonb,
  PRIMARY KEY (org, stream_id)
);
CREATE TABLE subscriptions (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  org text NOT NULL REFERENCES orgs (slug),
  name text NOT NULL,
  checkpoint bigint NOT NULL DEFAULT 0,
  UNIQUE (org, name)
);
CREATE TABLE outbox (
  id bigserial PRIMARY KEY,
  org text NOT NULL REFERENCES orgs (slug),
  position bigint NOT NULL,
  sent_at timestamptz
);
