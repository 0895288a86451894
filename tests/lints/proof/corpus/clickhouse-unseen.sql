-- prewhere
-- proven
SELECT count() FROM boats PREWHERE harbour_id = {h:UUID} WHERE kind = 'x'

-- final
-- proven
SELECT * FROM boats FINAL WHERE harbour_id = {h:UUID} SETTINGS max_threads = 1

-- limit by tenant, filtered outside
-- proven
SELECT * FROM (SELECT * FROM boats ORDER BY length LIMIT 3 BY harbour_id) WHERE harbour_id = {h:UUID}

-- limit by kind, filtered outside
-- violation TENSQL012
SELECT * FROM (SELECT * FROM boats ORDER BY length LIMIT 3 BY kind) WHERE harbour_id = {h:UUID}

-- global in
-- violation
SELECT * FROM repairs WHERE boat_id GLOBAL IN (SELECT id FROM boats WHERE kind = 'x')

-- any left join without the tenant
-- violation TENSQL010
SELECT b.name, s.email FROM boats b ANY LEFT JOIN sailors s ON s.name = b.name WHERE b.harbour_id = {h:UUID}

-- array join
-- proven
SELECT b.name, part FROM boats b ARRAY JOIN splitByChar(',', b.kind) AS part WHERE b.harbour_id = {h:UUID}

-- has the tenant in a list
-- proven
SELECT * FROM boats WHERE has({hs:Array(UUID)}, harbour_id)

-- mutation of one tenant
-- proven
ALTER TABLE boats UPDATE name = 'x' WHERE harbour_id = {h:UUID} AND id = {id:UUID}

-- mutation by id
-- violation TENSQL003
ALTER TABLE boats DELETE WHERE id = {id:UUID}

-- lightweight delete
-- violation TENSQL003
DELETE FROM boats WHERE id = {id:UUID}

-- table of another server
-- opaque
SELECT * FROM remote('other:9000', app.boats) WHERE harbour_id = {h:UUID}

-- with a value
-- proven
WITH toUUID({h:String}) AS h SELECT name FROM boats WHERE harbour_id = h

-- alias that takes the column's place
-- violation
SELECT id AS harbour_id, name FROM boats WHERE harbour_id = {h:UUID}

-- column names keep their case
-- violation
SELECT * FROM boats WHERE HARBOUR_ID = {h:UUID}

-- insert of a query without the tenant's column
-- violation TENSQL004
INSERT INTO boats (id, name) SELECT id, name FROM boats WHERE harbour_id = {h:UUID}

-- aggregate with a condition only
-- violation TENSQL001
SELECT kind, countIf(harbour_id = {h:UUID}) FROM boats GROUP BY kind
