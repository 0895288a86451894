-- IS is a null-safe equality
-- proven
SELECT * FROM boats WHERE harbour_id IS ?

-- two equals signs
-- proven
SELECT * FROM boats WHERE harbour_id == ?1 AND id == ?2

-- insert or replace by id
-- violation TENSQL008
INSERT OR REPLACE INTO boats (id, harbour_id, name) VALUES (?, ?, ?)

-- insert or ignore
-- proven
INSERT OR IGNORE INTO boats (id, harbour_id, name) VALUES (?, ?, ?)

-- named parameters
-- proven
SELECT * FROM boats WHERE harbour_id = :h AND id = @id AND name = $name

-- glob
-- violation TENSQL001
SELECT * FROM boats WHERE harbour_id GLOB ?

-- JSON list of the caller
-- proven
SELECT * FROM boats WHERE harbour_id IN (SELECT value FROM json_each(?))

-- upsert guarded
-- proven
INSERT INTO boats (id, harbour_id, name) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET name = excluded.name WHERE harbour_id = excluded.harbour_id

-- upsert by id
-- violation TENSQL008
INSERT INTO boats (id, harbour_id, name) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET name = excluded.name

-- rowid
-- violation TENSQL001
SELECT * FROM boats WHERE rowid = ?

-- optional by COALESCE
-- violation TENSQL005
SELECT * FROM boats WHERE harbour_id = COALESCE(?, harbour_id)

-- update from
-- violation TENSQL002
UPDATE boats SET name = r.status FROM repairs r WHERE r.id = ? AND r.harbour_id = ?

-- a quoted word that is the column
-- proven
SELECT * FROM "boats" WHERE "harbour_id" = ?

-- attached database
-- violation TENSQL001
SELECT * FROM main.boats WHERE name = ?

-- a cast that makes a number of the tenant's text
-- violation
SELECT * FROM boats WHERE CAST(harbour_id AS UUID) = CAST(? AS UUID)
