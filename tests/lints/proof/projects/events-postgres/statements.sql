-- append with the expected version
-- proven
WITH head AS (UPDATE streams SET version = version + 1 WHERE org = $1 AND stream_id = $2 AND version = $3 RETURNING org, stream_id, version) INSERT INTO events (org, stream_id, version, body) SELECT h.org, h.stream_id, h.version, $4 FROM head h RETURNING position

-- append without the tenant in the head
-- violation TENSQL002
WITH head AS (UPDATE streams SET version = version + 1 WHERE stream_id = $1 AND version = $2 RETURNING org, stream_id, version) INSERT INTO events (org, stream_id, version, body) SELECT h.org, h.stream_id, h.version, $3 FROM head h RETURNING position

-- read forward by position over all
-- violation TENSQL001
SELECT position, body FROM events WHERE position > $1 ORDER BY position LIMIT 500

-- read forward by position
-- proven
SELECT position, body FROM events WHERE org = $1 AND position > $2 ORDER BY position LIMIT 500

-- one partition is not one tenant
-- violation TENSQL001
SELECT body FROM events_p0 WHERE stream_id = $1

-- one partition by its tenant
-- proven
SELECT body FROM events_p0 WHERE org = $1 AND stream_id = $2

-- a stream in a row comparison
-- proven
SELECT body FROM events WHERE (org, stream_id) = ($1, $2) AND version BETWEEN $3 AND $4

-- a stream in a row list by subquery
-- proven
SELECT body FROM events WHERE (org, stream_id) IN (SELECT org, stream_id FROM streams WHERE org = $1 AND kind = $2)

-- a stream list by subquery without the tenant
-- violation TENSQL001
SELECT body FROM events WHERE (org, stream_id) IN (SELECT org, stream_id FROM streams WHERE kind = $1)

-- any of the tenant's own list
-- proven
SELECT * FROM streams WHERE org = ANY($1::text[])

-- any of a list with the tenant beside
-- proven
SELECT * FROM streams WHERE org = $1 AND stream_id = ANY($2::uuid[])

-- all of a list
-- violation
SELECT * FROM streams WHERE org <> ALL($1)

-- between the tenant and itself
-- proven
SELECT * FROM streams WHERE org BETWEEN $1 AND $1

-- between two tenants
-- violation
SELECT * FROM streams WHERE org BETWEEN $1 AND $2

-- same by not distinct
-- proven
SELECT * FROM subscriptions WHERE org IS NOT DISTINCT FROM $1

-- distinct
-- violation
SELECT * FROM subscriptions WHERE org IS DISTINCT FROM $1

-- a cast of the column (it cuts names off, and two may begin alike; first labelled proven)
-- violation
SELECT * FROM subscriptions WHERE org::varchar(40) = $1::varchar(40)

-- the tenant in lower case
-- violation
SELECT * FROM subscriptions WHERE lower(org) = lower($1)

-- coalesce that gives the column back
-- violation TENSQL005
SELECT * FROM subscriptions WHERE org = COALESCE($1, org)

-- coalesce of two parameters
-- proven
SELECT * FROM subscriptions WHERE org = COALESCE($1, $2)

-- a case that may be anybody
-- violation
SELECT * FROM subscriptions WHERE CASE WHEN $1 IS NULL THEN true ELSE org = $1 END

-- a case that is the tenant's in all its ways
-- proven
SELECT * FROM subscriptions WHERE CASE WHEN $2 THEN org = $1 AND name = 'a' ELSE org = $1 END

-- De Morgan
-- proven
SELECT * FROM subscriptions WHERE NOT (org <> $1 OR name <> $2)

-- De Morgan the wrong way
-- violation
SELECT * FROM subscriptions WHERE NOT (org <> $1 AND name <> $2)

-- not in of one value
-- proven
SELECT * FROM subscriptions WHERE NOT (org NOT IN ($1))

-- upsert by the tenant's key with returning
-- proven
INSERT INTO subscriptions (org, name, checkpoint) VALUES ($1, $2, $3) ON CONFLICT (org, name) DO UPDATE SET checkpoint = GREATEST(subscriptions.checkpoint, EXCLUDED.checkpoint) RETURNING id, checkpoint

-- upsert by an id that is anybody's
-- violation TENSQL008
INSERT INTO subscriptions (id, org, name) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET name = EXCLUDED.name RETURNING *

-- upsert by an id, only the own row changed
-- proven
INSERT INTO subscriptions (id, org, name) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET name = EXCLUDED.name WHERE subscriptions.org = EXCLUDED.org

-- a snapshot put by its key
-- proven
INSERT INTO snapshots AS s (org, stream_id, version, state) VALUES ($1, $2, $3, $4) ON CONFLICT (org, stream_id) DO UPDATE SET (version, state) = (EXCLUDED.version, EXCLUDED.state) WHERE s.version < EXCLUDED.version

-- the outbox drained for all
-- violation
WITH due AS (SELECT id FROM outbox WHERE sent_at IS NULL ORDER BY id FOR UPDATE SKIP LOCKED LIMIT 100) UPDATE outbox o SET sent_at = now() FROM due WHERE due.id = o.id RETURNING o.position

-- the outbox drained for the tenant
-- proven
WITH due AS (SELECT id FROM outbox WHERE org = $1 AND sent_at IS NULL ORDER BY id FOR UPDATE SKIP LOCKED LIMIT 100) UPDATE outbox o SET sent_at = now() FROM due WHERE due.id = o.id RETURNING o.position

-- deleted rows moved by their returning
-- proven
WITH gone AS (DELETE FROM outbox WHERE org = $1 AND sent_at IS NOT NULL RETURNING *) INSERT INTO snapshots (org, stream_id, version) SELECT org, $2, position FROM gone

-- replay joined to its snapshot
-- proven
SELECT e.version, e.body FROM events e LEFT JOIN snapshots s USING (org, stream_id) WHERE org = $1 AND stream_id = $2 AND e.version > COALESCE(s.version, 0) ORDER BY e.version

-- replay joined to the snapshot by stream alone
-- violation TENSQL010
SELECT e.version, e.body, s.state FROM events e LEFT JOIN snapshots s ON s.stream_id = e.stream_id WHERE e.org = $1

-- the newest of each stream
-- proven
SELECT DISTINCT ON (stream_id) stream_id, body FROM events WHERE org = $1 ORDER BY stream_id, version DESC

-- a limit before the tenant
-- violation TENSQL012
SELECT * FROM (SELECT * FROM events ORDER BY position DESC LIMIT 1000) recent WHERE recent.org = $1

-- normalised by pg_stat_statements
-- proven
SELECT body FROM events WHERE org = $1 AND stream_id = $2 AND at > now() - $3::interval LIMIT $4 /*application:store*/

-- a walk of causes, tied at each step
-- proven
WITH RECURSIVE walk AS (SELECT e.org, e.stream_id, e.body ->> 'cause' AS cause FROM events e WHERE e.org = $1 AND e.stream_id = $2 UNION ALL SELECT e.org, e.stream_id, e.body ->> 'cause' FROM events e JOIN walk w ON e.org = w.org AND e.stream_id::text = w.cause) SELECT * FROM walk

-- a walk of causes across tenants
-- violation
WITH RECURSIVE walk AS (SELECT e.org, e.stream_id, e.body ->> 'cause' AS cause FROM events e WHERE e.org = $1 AND e.stream_id = $2 UNION ALL SELECT e.org, e.stream_id, e.body ->> 'cause' FROM events e JOIN walk w ON e.stream_id::text = w.cause) SELECT * FROM walk

-- a walk that ends in a deletion
-- proven
WITH RECURSIVE walk AS (SELECT s.org, s.stream_id, s.version FROM streams s WHERE s.org = $1 AND s.stream_id = $2 UNION SELECT s.org, s.stream_id, s.version FROM streams s JOIN walk w ON s.org = w.org AND s.version = w.version + 1) DELETE FROM snapshots x USING walk w WHERE x.org = w.org AND x.stream_id = w.stream_id

-- a cross join of the tenant with all
-- violation
SELECT s.stream_id FROM streams s, orgs o WHERE s.org = $1 AND o.plan = 'free'

-- copy of a query of a literal tenant
-- weak TENSQL007
COPY (SELECT * FROM streams WHERE org = 'acme') TO STDOUT

-- copy of a table
-- violation TENSQL014
COPY events TO '/tmp/e.csv' CSV

-- copy into a table
-- violation TENSQL014
COPY streams (org, stream_id, kind) FROM STDIN

-- a declared cursor over the tenant
-- proven
DECLARE feed CURSOR WITH HOLD FOR SELECT * FROM events WHERE org = $1

-- a declared cursor over all
-- violation TENSQL001
DECLARE feed NO SCROLL CURSOR FOR SELECT * FROM events ORDER BY position

-- explained and run
-- violation TENSQL003
EXPLAIN (ANALYZE, BUFFERS) DELETE FROM outbox WHERE sent_at IS NOT NULL

-- dynamic text in a block
-- opaque
DO $$ BEGIN EXECUTE 'DELETE FROM ' || quote_ident('outbox') || ' WHERE id = 1'; END $$

-- a statement in a block
-- violation
DO $$ BEGIN DELETE FROM outbox WHERE sent_at < now() - interval '7 days'; END $$

-- prepared with the tenant
-- proven
PREPARE fetch (text, uuid) AS SELECT body FROM events WHERE org = $1 AND stream_id = $2
