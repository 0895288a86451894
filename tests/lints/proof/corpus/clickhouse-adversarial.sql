-- HAVING sees the alias of an aggregate
-- violation
SELECT kind, any(harbour_id) AS harbour_id FROM boats GROUP BY kind HAVING harbour_id = {h:UUID}

-- in an array parameter
-- proven
SELECT * FROM boats WHERE harbour_id IN {hs:Array(UUID)}

-- in an array parameter, parenthesised
-- proven
SELECT * FROM boats WHERE harbour_id IN ({hs:Array(UUID)})

-- scalar alias in WITH
-- violation
WITH {h:UUID} AS harbour_id SELECT * FROM boats WHERE harbour_id = {h:UUID}

-- keys are not unique here
-- violation
SELECT * FROM boats a JOIN boats b ON a.id = b.id WHERE a.harbour_id = {h:UUID}

-- table function
-- opaque
SELECT * FROM remote('other', 'db', 'boats') WHERE harbour_id = {h:UUID}

-- array join
-- proven
SELECT * FROM boats ARRAY JOIN [1, 2] AS n WHERE harbour_id = {h:UUID}

-- distinct on another column
-- violation TENSQL012
SELECT * FROM (SELECT DISTINCT ON (kind) * FROM boats) WHERE harbour_id = {h:UUID}

-- insert from an open query
-- violation
INSERT INTO boats (id, harbour_id, name) SELECT id, harbour_id, name FROM boats

-- asof join, open
-- violation
SELECT * FROM boats b ASOF JOIN sailors s ON s.name = b.name AND s.id <= b.id WHERE b.harbour_id = {h:UUID}

-- the caller's array has the tenant
-- proven
SELECT * FROM boats WHERE has({hs:Array(UUID)}, harbour_id)

-- an array of the row has the caller's value
-- violation
SELECT * FROM boats WHERE has([harbour_id, owner_id], {h:UUID})
