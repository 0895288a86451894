-- a tag that may be there
-- proven
INSERT INTO tags (household_id, name) VALUES (?, ?) ON CONFLICT DO NOTHING

-- a row in whose way another may be
-- violation TENSQL008
INSERT OR REPLACE INTO entries (id, household_id, body) VALUES (?, ?, ?)

-- a new row and its id
-- proven
INSERT INTO entries (household_id, body) VALUES (?, ?) RETURNING id

-- a list of ids within the tenant
-- proven
SELECT e.* FROM entries e, json_each(?1) j WHERE e.id = j.value AND e.household_id = ?2

-- a list of ids
-- violation TENSQL001
SELECT e.* FROM entries e, json_each(?1) j WHERE e.id = j.value

-- tags of the tenant's entries
-- proven
SELECT tag FROM entry_tags WHERE entry_id IN (SELECT id FROM entries WHERE household_id = ?)

-- tags by their whole key
-- violation TENSQL001
SELECT tag FROM entry_tags WHERE (entry_id, tag) IN (VALUES (?, ?))

-- an update from values
-- proven
UPDATE entries SET body = n.body FROM (SELECT ?1 AS id, ?2 AS body) n WHERE entries.id = n.id AND entries.household_id = ?3

-- photos of old entries
-- proven
DELETE FROM photos WHERE entry_id IN (SELECT e.id FROM entries e WHERE e.household_id = :h AND e.day < :d)

-- a few photos of anybody
-- violation TENSQL003
DELETE FROM photos WHERE rowid IN (SELECT rowid FROM photos ORDER BY id LIMIT 5)

-- without an index
-- proven
SELECT count(*) FROM entries NOT INDEXED WHERE household_id = ?

-- what was written before, in the tenant
-- proven
SELECT id, lag(body) OVER (PARTITION BY person_id ORDER BY id) FROM entries WHERE household_id = ?

-- windows that keep tenants apart
-- proven
SELECT * FROM (SELECT household_id, id, lag(id) OVER (PARTITION BY household_id ORDER BY id) AS p FROM entries) WHERE household_id = ?

-- windows over everybody
-- violation TENSQL012
SELECT * FROM (SELECT household_id, id, lag(id) OVER (ORDER BY id) AS p FROM entries) WHERE household_id = ?

-- the tenant in a row of values
-- proven
WITH x (h) AS (VALUES (?)) SELECT e.* FROM entries e JOIN x ON x.h = e.household_id

-- a tenant that may be null
-- violation TENSQL005
SELECT * FROM entries WHERE household_id = ?1 OR ?1 IS NULL

-- people with what they wrote
-- proven
SELECT p.name, e.body FROM people p LEFT JOIN entries e ON e.person_id = p.id AND e.household_id = p.household_id WHERE p.household_id = ?

-- people and entries, those of the people's tenant
-- proven
SELECT p.name, e.body FROM people p FULL JOIN entries e ON e.person_id = p.id AND e.household_id = p.household_id WHERE p.household_id = ?1

-- people and entries, of whichever side
-- proven
SELECT p.name, e.body FROM people p FULL JOIN entries e ON e.person_id = p.id AND e.household_id = p.household_id WHERE coalesce(p.household_id, e.household_id) = ?1
