-- cut off after a cut by the tenant
-- violation TENSQL012
SELECT * FROM (SELECT id, harbour_id FROM boats LIMIT 1 BY harbour_id LIMIT 10) WHERE harbour_id = ?

-- cut by a column, then cut off
-- proven
SELECT id FROM boats WHERE harbour_id = {h:UUID} ORDER BY id LIMIT 1 OFFSET 2 BY name LIMIT 10

-- a row in a row
-- proven
SELECT id FROM boats WHERE (harbour_id, name) IN ({h:UUID}, {n:String})

-- a row in two rows, one anybody's
-- violation
SELECT id FROM boats WHERE (harbour_id, name) IN (({h:UUID}, {n:String}), (harbour_id, 'x'))

-- the elements of an array under the tenant's name
-- violation TENSQL001
SELECT * FROM boats ARRAY JOIN [harbour_id, id] AS harbour_id WHERE harbour_id = {h:UUID}

-- the elements of an array beside the tenant
-- proven
SELECT name, t FROM boats ARRAY JOIN splitByChar(',', name) AS t WHERE harbour_id = {h:UUID} AND t = 'x'

-- rows that are alike go
-- violation TENSQL003
OPTIMIZE TABLE boats DEDUPLICATE BY name
