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
