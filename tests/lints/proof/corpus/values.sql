-- cast on the parameter
-- proven
SELECT * FROM boats WHERE harbour_id = $1::uuid

-- CAST on the parameter
-- proven
SELECT * FROM boats WHERE harbour_id = CAST($1 AS uuid)

-- cast of the column to text
-- proven
SELECT * FROM boats WHERE harbour_id::text = $1

-- cast of the column that truncates
-- violation TENSQL001
SELECT * FROM boats WHERE harbour_id::varchar(3) = $1

-- lower of the column
-- violation TENSQL001
SELECT * FROM boats WHERE lower(harbour_id::text) = lower($1)

-- prefix of the column
-- violation TENSQL001
SELECT * FROM boats WHERE left(harbour_id::text, 4) = $1

-- hash of the column
-- violation TENSQL001
SELECT * FROM boats WHERE md5(harbour_id::text) = $1

-- function of the parameter
-- proven
SELECT * FROM boats WHERE harbour_id = lower($1)::uuid

-- NULLIF of the parameter
-- proven
SELECT * FROM boats WHERE harbour_id = NULLIF($1, '')::uuid

-- NULLIF of the column
-- proven
SELECT * FROM boats WHERE NULLIF(harbour_id, $2) = $1

-- COALESCE of two parameters
-- proven
SELECT * FROM boats WHERE harbour_id = COALESCE($1, $2)

-- COALESCE with the column
-- violation TENSQL005
SELECT * FROM boats WHERE harbour_id = COALESCE($1, harbour_id)

-- COALESCE with the column behind a cast
-- violation TENSQL005
SELECT * FROM boats WHERE harbour_id = COALESCE(NULLIF($1, '')::uuid, harbour_id)

-- COALESCE with a default tenant
-- weak TENSQL007
SELECT * FROM boats WHERE harbour_id = COALESCE($1, '00000000-0000-0000-0000-00000000000a')

-- CASE that returns the column
-- violation TENSQL005
SELECT * FROM boats WHERE harbour_id = CASE WHEN $1 IS NULL THEN harbour_id ELSE $1 END

-- CASE of two parameters
-- proven
SELECT * FROM boats WHERE harbour_id = CASE WHEN $1 THEN $2 ELSE $3 END

-- literal
-- weak TENSQL007
SELECT * FROM boats WHERE harbour_id = '00000000-0000-0000-0000-00000000000a'

-- literal list
-- weak TENSQL007
SELECT * FROM boats WHERE harbour_id IN ('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-00000000000b')

-- parameter and literal in a list
-- weak TENSQL007
SELECT * FROM boats WHERE harbour_id IN ($1, '00000000-0000-0000-0000-00000000000b')

-- list of one parameter
-- proven
SELECT * FROM boats WHERE harbour_id IN ($1)

-- list of parameters
-- proven
SELECT * FROM boats WHERE harbour_id IN ($1, $2)

-- ANY of a parameter
-- proven
SELECT * FROM boats WHERE harbour_id = ANY($1)

-- ANY of a cast parameter
-- proven
SELECT * FROM boats WHERE harbour_id = ANY($1::uuid[])

-- ANY of an array of parameters
-- proven
SELECT * FROM boats WHERE harbour_id = ANY(ARRAY[$1, $2]::uuid[])

-- ANY of an array that holds the column
-- violation TENSQL005
SELECT * FROM boats WHERE harbour_id = ANY(ARRAY[$1, harbour_id])

-- not ANY
-- violation TENSQL001
SELECT * FROM boats WHERE NOT harbour_id = ANY($1)

-- different from ALL
-- violation TENSQL001
SELECT * FROM boats WHERE harbour_id <> ALL($1)

-- parameter in a list with the column
-- violation TENSQL005
SELECT * FROM boats WHERE $1 IN (harbour_id, 'all')

-- declared setting
-- proven
SELECT * FROM boats WHERE harbour_id = current_setting('app.harbour_id')::uuid

-- declared setting, missing is fine
-- proven
SELECT * FROM boats WHERE harbour_id = current_setting('app.harbour_id', true)::uuid

-- declared setting behind NULLIF
-- proven
SELECT * FROM boats WHERE harbour_id = NULLIF(current_setting('app.harbour_id', true), '')::uuid

-- declared setting in a scalar sub-select
-- proven
SELECT * FROM boats WHERE harbour_id = (SELECT current_setting('app.harbour_id', true)::uuid)

-- setting that can be missing
-- violation TENSQL005
SELECT * FROM boats WHERE current_setting('app.harbour_id', true) IS NULL OR harbour_id = current_setting('app.harbour_id', true)::uuid

-- undeclared setting
-- weak TENSQL022
SELECT * FROM boats WHERE harbour_id = current_setting('app.region')::uuid

-- JWT claim
-- proven
SELECT * FROM boats WHERE harbour_id = (auth.jwt() ->> 'harbour_id')::uuid

-- function named after the tenant
-- proven
SELECT * FROM boats WHERE harbour_id = current_harbour_id()

-- function that invents a value
-- violation TENSQL001
SELECT * FROM boats WHERE harbour_id = gen_random_uuid()

-- IS NOT DISTINCT FROM on a NOT NULL tenant
-- proven
SELECT * FROM boats WHERE harbour_id IS NOT DISTINCT FROM $1

-- IS NOT DISTINCT FROM on a nullable tenant
-- weak TENSQL018
SELECT * FROM notices WHERE harbour_id IS NOT DISTINCT FROM $1

-- IS DISTINCT FROM
-- violation TENSQL001
SELECT * FROM boats WHERE harbour_id IS DISTINCT FROM $1

-- not IS DISTINCT FROM
-- proven
SELECT * FROM boats WHERE NOT harbour_id IS DISTINCT FROM $1

-- IS TRUE
-- proven
SELECT * FROM boats WHERE (harbour_id = $1) IS TRUE

-- IS NOT FALSE
-- violation TENSQL005
SELECT * FROM boats WHERE (harbour_id = $1) IS NOT FALSE

-- inequality IS NOT TRUE
-- violation TENSQL005
SELECT * FROM boats WHERE (harbour_id <> $1) IS NOT TRUE

-- equals true
-- proven
SELECT * FROM boats WHERE (harbour_id = $1) = true

-- IS NOT NULL of the comparison
-- violation TENSQL001
SELECT * FROM boats WHERE (harbour_id = $1) IS NOT NULL

-- COALESCE of the comparison with false
-- proven
SELECT * FROM boats WHERE COALESCE(harbour_id = $1, false)

-- COALESCE of the comparison with true
-- violation
SELECT * FROM boats WHERE COALESCE(harbour_id = $1, true)

-- CASE as a condition, filtering
-- proven
SELECT * FROM boats WHERE CASE WHEN kind = 'x' THEN harbour_id = $1 ELSE false END

-- CASE as a condition, open
-- violation
SELECT * FROM boats WHERE CASE WHEN $2 THEN harbour_id = $1 ELSE true END

-- COALESCE of the column, rows without tenant too
-- weak TENSQL018
SELECT * FROM notices WHERE COALESCE(harbour_id, $1) = $1

-- COALESCE of a NOT NULL column
-- proven
SELECT * FROM boats WHERE COALESCE(harbour_id, $1) = $1

-- collation that keeps values apart
-- proven
SELECT * FROM boats WHERE harbour_id::text COLLATE "C" = $1

-- arithmetic of the parameter
-- proven
SELECT * FROM boats WHERE harbour_id = ($1 || '')::uuid

-- concatenation with the column
-- violation TENSQL001
SELECT * FROM boats WHERE harbour_id::text || '' = $1

-- element of the caller's array
-- proven
SELECT b.* FROM boats b JOIN unnest($1::uuid[]) AS t(h) ON t.h = b.harbour_id

-- element of a literal array
-- weak TENSQL007
SELECT b.* FROM boats b JOIN unnest('{a,b}'::uuid[]) AS t(h) ON t.h = b.harbour_id

-- values list of parameters
-- proven
SELECT b.* FROM boats b JOIN (VALUES ($1::uuid), ($2::uuid)) AS t(h) ON t.h = b.harbour_id

-- numbers as truth
-- proven
SELECT * FROM boats WHERE harbour_id = $1 AND 1 = 1

-- equality under a scalar max
-- violation TENSQL001
SELECT * FROM boats WHERE GREATEST(harbour_id, $1) = $1

-- JSON of the row
-- violation TENSQL001
SELECT * FROM boats b WHERE to_jsonb(b) ->> 'harbour_id' = $1

-- two parameters that a composite foreign key makes equal
-- proven
SELECT * FROM boats b JOIN repairs r ON r.boat_id = b.id WHERE b.harbour_id = $1 AND r.harbour_id = $2

-- two parameters for two relations
-- weak TENSQL020
SELECT * FROM boats b JOIN sailors s ON s.name = b.name WHERE b.harbour_id = $1 AND s.harbour_id = $2

-- two positional placeholders for two relations
-- proven
SELECT * FROM boats b JOIN repairs r ON r.boat_id = b.id WHERE b.harbour_id = ? AND r.harbour_id = ?

-- two bound holes for two relations
-- proven
SELECT * FROM boats b JOIN repairs r ON r.boat_id = b.id WHERE b.harbour_id = :h0 AND r.harbour_id = :h1

-- a constant instead of a tenant that is never missing
-- proven
SELECT name FROM boats WHERE COALESCE(harbour_id, '00000000-0000-0000-0000-00000000000a') = $1

-- a constant instead of a tenant that may be missing
-- weak TENSQL018
SELECT body FROM notices WHERE COALESCE(harbour_id, '00000000-0000-0000-0000-00000000000a') = $1

-- a constant instead of the caller
-- weak TENSQL007
SELECT name FROM boats WHERE harbour_id = COALESCE($1, '00000000-0000-0000-0000-00000000000a')

-- the row's tenant instead of the caller
-- violation TENSQL005
SELECT name FROM boats WHERE COALESCE($1, harbour_id) = harbour_id
