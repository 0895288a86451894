CREATE TABLE tenants (id text PRIMARY KEY, name text);
CREATE TABLE rooms (id uuid PRIMARY KEY, tenant_id text NOT NULL REFERENCES tenants (id), name text NOT NULL, seats int, UNIQUE (tenant_id, id));
CREATE TABLE bookings (id uuid PRIMARY KEY, tenant_id text NOT NULL REFERENCES tenants (id), room_id uuid NOT NULL, during tstzrange NOT NULL, booked_by uuid, details jsonb, deleted_at timestamptz, FOREIGN KEY (tenant_id, room_id) REFERENCES rooms (tenant_id, id), EXCLUDE USING gist (room_id WITH =, during WITH &&));
CREATE TABLE guests (id uuid PRIMARY KEY, booking_id uuid NOT NULL REFERENCES bookings (id), email citext);
CREATE TABLE outbox (id bigserial PRIMARY KEY, tenant_id text NOT NULL, topic text, payload jsonb, sent_at timestamptz);
CREATE TABLE holidays (day date PRIMARY KEY);
CREATE FUNCTION bookings_of(t text) RETURNS SETOF bookings LANGUAGE sql STABLE AS $$ SELECT * FROM bookings WHERE tenant_id = t $$;
