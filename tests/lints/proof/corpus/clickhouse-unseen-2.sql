-- a partition is dropped
-- violation TENSQL014
ALTER TABLE boats DROP PARTITION '202601'

-- tuple in a list
-- proven
SELECT * FROM boats WHERE (harbour_id, id) IN (({h:UUID}, {i:UUID}))

-- union distinct
-- violation
SELECT name FROM boats WHERE harbour_id = {h:UUID} UNION DISTINCT SELECT name FROM boats

-- a query as a value
-- violation TENSQL010
WITH (SELECT max(length) FROM boats) AS longest SELECT name FROM boats WHERE harbour_id = {h:UUID} AND length = longest

-- insert of a format
-- opaque
INSERT INTO boats FORMAT JSONEachRow

-- limit with ties
-- proven
SELECT * FROM boats WHERE harbour_id = {h:UUID} ORDER BY length LIMIT 3 WITH TIES

-- in another table by name
-- opaque
SELECT * FROM boats WHERE harbour_id IN sailors

-- not in the tenants
-- violation
SELECT * FROM boats WHERE harbour_id NOT IN ({h:UUID})

-- equality in a function
-- proven
SELECT * FROM boats WHERE equals(harbour_id, {h:UUID})

-- and in a function
-- proven
SELECT * FROM boats WHERE and(harbour_id = {h:UUID}, kind = 'x')

-- or in a function
-- violation
SELECT * FROM boats WHERE or(harbour_id = {h:UUID}, kind = 'x')
