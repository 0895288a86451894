-- is as equality
-- proven
SELECT id FROM tickets WHERE ws_id IS ?1 AND state = 'open'

-- is not
-- violation
SELECT id FROM tickets WHERE ws_id IS NOT ?1

-- double equals
-- proven
SELECT * FROM tickets WHERE ws_id == :ws AND id = :id

-- glob of the tenant
-- violation
SELECT * FROM tickets WHERE ws_id GLOB ?

-- full text joined to the tenant
-- proven
SELECT t.id FROM tickets_fts f JOIN tickets t ON t.id = f.rowid WHERE tickets_fts MATCH ? AND t.ws_id = ?

-- full text alone (an index of tenants' rows; first labelled opaque)
-- violation
SELECT rowid FROM tickets_fts WHERE tickets_fts MATCH ?

-- rowid is anybody's
-- violation TENSQL001
SELECT subject FROM tickets WHERE rowid = ?

-- upsert by the key
-- proven
INSERT INTO prefs (ws_id, key, value) VALUES (?, ?, ?) ON CONFLICT (ws_id, key) DO UPDATE SET value = excluded.value

-- insert or replace by an id
-- violation TENSQL008
INSERT OR REPLACE INTO tickets (id, ws_id, subject) VALUES (?, ?, ?)

-- insert or ignore
-- proven
INSERT OR IGNORE INTO agents (ws_id, mail) VALUES (?, ?)

-- update from
-- proven
UPDATE tickets SET agent_id = a.id FROM agents AS a WHERE a.ws_id = tickets.ws_id AND a.mail = ? AND tickets.ws_id = ?

-- update or ignore without the tenant
-- violation TENSQL002
UPDATE OR IGNORE tickets SET state = 'done' WHERE due < ?

-- json each of a list of ids
-- proven
SELECT subject FROM tickets WHERE ws_id = ? AND id IN (SELECT value FROM json_each(?))

-- json table joined
-- proven
SELECT t.subject, j.value FROM tickets t, json_each(t.meta, '$.tags') j WHERE t.ws_id = @ws

-- the view by tenant
-- proven
SELECT * FROM inbox WHERE ws_id = $ws ORDER BY due LIMIT 20 OFFSET 40

-- the view by agent's mail
-- violation
SELECT * FROM inbox WHERE mail = ?

-- messages by their ticket
-- proven
SELECT m.body FROM messages m WHERE m.ticket_id IN (SELECT id FROM tickets WHERE ws_id = ? AND id = ?)

-- a window with a named frame
-- proven
SELECT id, row_number() OVER w FROM tickets WHERE ws_id = ? WINDOW w AS (PARTITION BY agent_id ORDER BY due)

-- values as a table, rows compared
-- proven
SELECT * FROM prefs WHERE (ws_id, key) IN (VALUES (?, 'a'), (?, 'b'))

-- delete with returning and limit
-- proven
DELETE FROM messages WHERE ticket_id IN (SELECT id FROM tickets WHERE ws_id = ?) RETURNING id

-- the tenant as a quoted string
-- violation
SELECT id FROM tickets WHERE "ws_id" = "ws_id"

-- the tenant as a string that is no column
-- violation
SELECT id FROM tickets WHERE 'ws_id' = ?

-- an unknown number of values
-- proven
SELECT id FROM tickets WHERE ws_id = ? AND id IN (?, ?, ?, ?) AND NOT (state = 'spam')

-- counts of all in a scalar subquery
-- violation
SELECT id, (SELECT count(*) FROM tickets) AS n FROM tickets WHERE ws_id = ?

-- a pragma
-- proven
PRAGMA table_info(tickets)

-- attached database (no row is read; first labelled opaque)
-- proven
ATTACH DATABASE ? AS other
