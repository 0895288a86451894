-- by tenant
-- proven
SELECT * FROM boats WHERE harbour_id = $harbour

-- FROM first
-- violation TENSQL001
FROM boats WHERE id = ?

-- FROM first, by tenant
-- proven
FROM boats SELECT name WHERE harbour_id = ?

-- all columns but one
-- proven
SELECT * EXCLUDE (kind) FROM boats WHERE harbour_id = ?

-- insert or replace by id
-- violation TENSQL008
INSERT OR REPLACE INTO boats (id, harbour_id, name) VALUES (?, ?, ?)
