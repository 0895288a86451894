-- double equals
-- proven
SELECT * FROM boats WHERE harbour_id == ?

-- IS NOT a parameter
-- violation
SELECT * FROM boats WHERE harbour_id IS NOT ?

-- brackets and backticks
-- proven
SELECT [name], `kind` FROM [boats] WHERE [harbour_id] = ?

-- upsert without a target
-- violation TENSQL008
INSERT INTO berths (id, harbour_id, number) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET depth = 1

-- upsert that does nothing
-- proven
INSERT INTO berths (id, harbour_id, number) VALUES (?, ?, ?) ON CONFLICT DO NOTHING

-- IN a table by name
-- opaque
SELECT * FROM boats WHERE harbour_id = ? AND id IN repairs

-- limit in a sub-select
-- violation TENSQL012
SELECT * FROM (SELECT * FROM boats ORDER BY id LIMIT 5) WHERE harbour_id = ?

-- recursive counter
-- proven
WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n WHERE i < 5) SELECT * FROM boats, n WHERE harbour_id = ?

-- json_each of a parameter
-- proven
SELECT * FROM boats WHERE harbour_id = ? AND kind IN (SELECT value FROM json_each(?))

-- returning
-- violation TENSQL003
DELETE FROM boats WHERE id = ? RETURNING harbour_id

-- IN the elements of a JSON parameter
-- proven
SELECT * FROM boats WHERE harbour_id IN (SELECT value FROM json_each(?))

-- IN the elements of a JSON column
-- violation
SELECT * FROM boats WHERE harbour_id IN (SELECT j.value FROM sailors s, json_each(s.name) j)
