-- by tenant
-- proven
SELECT * FROM boats WHERE harbour_id = $1

-- by id
-- violation TENSQL001
SELECT * FROM boats WHERE id = %s

-- a key is a promise
-- violation
SELECT * FROM boats b JOIN boats o ON o.id = b.id WHERE b.harbour_id = $1

-- unloaded
-- violation TENSQL001
UNLOAD ('SELECT * FROM boats') TO 's3://b/x' IAM_ROLE default

-- dollar quoted
-- violation TENSQL001
SELECT * FROM boats WHERE name = $$ AND harbour_id = $1 $$ AND kind = $1
