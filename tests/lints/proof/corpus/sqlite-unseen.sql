-- insert or replace
-- violation TENSQL008
INSERT OR REPLACE INTO boats (id, harbour_id, name) VALUES (?, ?, ?)

-- insert or ignore
-- proven
INSERT OR IGNORE INTO boats (id, harbour_id, name) VALUES (?1, ?2, ?3)

-- upsert on tenant and number
-- proven
INSERT INTO berths (id, harbour_id, number) VALUES (?, ?, ?) ON CONFLICT (harbour_id, number) DO UPDATE SET depth = excluded.depth

-- upsert on the id
-- violation TENSQL008
INSERT INTO berths (id, harbour_id, number) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET depth = excluded.depth

-- double equals
-- proven
SELECT * FROM boats WHERE harbour_id == :harbour

-- is as equality
-- proven
SELECT * FROM boats WHERE harbour_id IS ?

-- is as equality, nullable
-- weak TENSQL018
SELECT * FROM notices WHERE harbour_id IS ?

-- is not
-- violation TENSQL001
SELECT * FROM boats WHERE harbour_id IS NOT ?

-- glob
-- violation TENSQL001
SELECT * FROM boats WHERE harbour_id GLOB ?

-- brackets and case
-- proven
SELECT [Name] FROM [Boats] WHERE [HARBOUR_ID] = ?

-- row id of a scoped pick
-- proven
UPDATE repairs SET status = 'running' WHERE rowid = (SELECT rowid FROM repairs WHERE status = 'queued' AND harbour_id = ? LIMIT 1)

-- row id alone
-- violation TENSQL002
UPDATE repairs SET status = 'running' WHERE rowid = ?

-- update from
-- proven
UPDATE repairs SET status = b.kind FROM boats b WHERE b.id = repairs.boat_id AND b.harbour_id = repairs.harbour_id AND b.harbour_id = ?

-- update or replace
-- violation
UPDATE OR REPLACE boats SET registration = ? WHERE id = ?

-- indexed by
-- proven
SELECT * FROM boats INDEXED BY boats_harbour WHERE harbour_id = ?

-- json each of the caller's ids beside the tenant
-- proven
SELECT b.* FROM boats b, json_each(?) j WHERE b.id = j.value AND b.harbour_id = ?

-- json each of the caller's tenants
-- proven
SELECT * FROM boats WHERE harbour_id IN (SELECT value FROM json_each(?))

-- delete with returning
-- violation TENSQL003
DELETE FROM boats WHERE id = ? RETURNING harbour_id

-- compound select with order
-- violation
SELECT name FROM boats WHERE harbour_id = ? UNION SELECT name FROM boats WHERE kind = ? ORDER BY 1

-- iif
-- violation
SELECT * FROM boats WHERE iif(harbour_id = ?, 1, 1)

-- attach
-- proven
ATTACH DATABASE 'other.db' AS other

-- table of an attached file
-- violation TENSQL001
SELECT * FROM main.boats WHERE id = ?

-- a number as a boolean
-- violation
SELECT * FROM boats WHERE harbour_id = ? OR 1
