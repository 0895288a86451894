-- by tenant
-- proven
SELECT * FROM core.public.boats WHERE harbour_id = ?

-- by tenant in capitals
-- proven
SELECT * FROM CORE.PUBLIC.BOATS B WHERE B.HARBOUR_ID = %(h)s

-- by id
-- violation TENSQL001
SELECT * FROM boats WHERE id = :1

-- by session variable
-- proven
SELECT * FROM boats WHERE harbour_id = $harbour

-- qualified afterwards, within the tenant
-- proven
SELECT * FROM boats WHERE harbour_id = ? QUALIFY ROW_NUMBER() OVER (PARTITION BY name ORDER BY length) = 1

-- qualified before the tenant
-- violation TENSQL012
SELECT * FROM (SELECT * FROM boats QUALIFY ROW_NUMBER() OVER (PARTITION BY name ORDER BY length) = 1) x WHERE x.harbour_id = ?

-- optional by NVL
-- violation TENSQL005
SELECT * FROM boats WHERE harbour_id = NVL(?, harbour_id)

-- optional by COALESCE
-- violation TENSQL005
SELECT * FROM boats WHERE harbour_id = COALESCE(:h, harbour_id)

-- a path into a variant is no tenant
-- violation TENSQL001
SELECT * FROM boats WHERE kind:harbour_id::string = ?

-- dollar quoted
-- violation TENSQL001
SELECT * FROM boats WHERE name = $$ x' AND harbour_id = ? $$ AND kind = ?

-- an escaped quote
-- violation TENSQL001
SELECT * FROM boats WHERE name = 'it\'s AND harbour_id = ? AND ' AND kind = ?

-- flattened
-- proven
SELECT b.id, f.value FROM boats b, LATERAL FLATTEN(input => b.kind) f WHERE b.harbour_id = ?

-- case-insensitive pattern
-- violation TENSQL001
SELECT * FROM boats WHERE harbour_id ILIKE ?

-- null-safe
-- proven
SELECT * FROM boats WHERE EQUAL_NULL(harbour_id, ?)

-- update from, tied by a key nobody enforces
-- weak TENSQL011
UPDATE boats b SET name = s.name FROM sailors s WHERE s.id = b.owner_id AND s.harbour_id = ?

-- delete using
-- proven
DELETE FROM repairs r USING boats b WHERE r.boat_id = b.id AND r.harbour_id = b.harbour_id AND b.harbour_id = ?

-- several inserts at once
-- violation
INSERT ALL INTO boats (harbour_id, name) VALUES (h, n) SELECT harbour_id AS h, name AS n FROM sailors

-- a time in the past
-- proven
SELECT * FROM boats AT (TIMESTAMP => '2026-01-01'::timestamp) WHERE harbour_id = ?

-- a stage
-- violation TENSQL014
COPY INTO @out FROM boats

-- a direction put in before NULLS LAST
-- proven
SELECT id FROM boats WHERE harbour_id = ? ORDER BY name __hole_0__ NULLS LAST LIMIT 10
