-- by tenant
-- proven
SELECT * FROM boats WHERE harbour_id = ?

-- by tenant, numbered
-- proven
SELECT * FROM boats WHERE harbour_id = ?1 AND id = ?2

-- by tenant, named
-- proven
SELECT * FROM boats WHERE harbour_id = :h AND id = $id

-- at-sign
-- proven
SELECT * FROM boats WHERE harbour_id = @h

-- IS a parameter on a nullable tenant
-- weak TENSQL018
SELECT * FROM notices WHERE harbour_id IS ?

-- IS a parameter on a NOT NULL tenant
-- proven
SELECT * FROM boats WHERE harbour_id IS ?

-- insert or replace with the id
-- violation TENSQL008
INSERT OR REPLACE INTO berths (id, harbour_id, number) VALUES (?, ?, ?)

-- insert or replace by keys with the tenant
-- proven
INSERT OR REPLACE INTO berths (harbour_id, number) VALUES (?, ?)

-- insert or ignore
-- proven
INSERT OR IGNORE INTO berths (id, harbour_id, number) VALUES (?, ?, ?)

-- replace
-- violation TENSQL008
REPLACE INTO berths (id, harbour_id, number) VALUES (?, ?, ?)

-- upsert on a key with the tenant
-- proven
INSERT INTO berths (id, harbour_id, number) VALUES (?, ?, ?) ON CONFLICT (harbour_id, number) DO UPDATE SET depth = excluded.depth

-- upsert on the id
-- violation TENSQL008
INSERT INTO berths (id, harbour_id, number) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET depth = excluded.depth

-- by id
-- violation TENSQL001
SELECT * FROM boats WHERE id = ?

-- delete by id
-- violation TENSQL003
DELETE FROM boats WHERE id = ?

-- update from
-- proven
UPDATE repairs SET cost = 0 FROM boats b WHERE b.id = repairs.boat_id AND b.harbour_id = repairs.harbour_id AND b.harbour_id = ?

-- optional tenant
-- violation TENSQL005
SELECT * FROM boats WHERE (? IS NULL OR harbour_id = ?)

-- case-insensitive collation
-- violation TENSQL001
SELECT * FROM boats WHERE harbour_id = ? COLLATE NOCASE

-- schema table
-- proven
SELECT name FROM sqlite_master WHERE type = 'table'

-- names match whatever their case
-- proven
SELECT * FROM Boats WHERE HARBOUR_ID = ?

-- pragma
-- proven
PRAGMA foreign_keys = ON
