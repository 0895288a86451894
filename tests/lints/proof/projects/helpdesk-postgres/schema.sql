CREATE SCHEMA desk; CREATE SCHEMA archive;
CREATE TABLE desk.accounts (id smallint PRIMARY KEY, name text NOT NULL);
CREATE TABLE desk.agents (id bigserial PRIMARY KEY, account_id smallint NOT NULL, email text NOT NULL);
CREATE TABLE desk.tickets (id bigserial PRIMARY KEY, account_id smallint NOT NULL, assignee_id bigint, subject text NOT NULL, status integer NOT NULL DEFAULT 0, custom jsonb NOT NULL DEFAULT '{}', created_at timestamp(6) NOT NULL);
CREATE TABLE desk.comments (id bigserial PRIMARY KEY, account_id smallint NOT NULL, ticket_id bigint NOT NULL, body text, private boolean NOT NULL DEFAULT false);
CREATE TABLE desk.macros (id bigserial PRIMARY KEY, account_id smallint, title text NOT NULL);
CREATE TABLE archive.tickets (id bigint PRIMARY KEY, account_id smallint NOT NULL, subject text, closed_at timestamp);
CREATE TABLE desk.time_zones (name text PRIMARY KEY, utc_offset interval);
CREATE TABLE desk.ar_internal_metadata (key varchar PRIMARY KEY, value varchar);
