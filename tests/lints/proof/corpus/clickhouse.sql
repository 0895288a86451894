-- by tenant
-- proven
SELECT * FROM boats WHERE harbour_id = {harbour:UUID}

-- by id
-- violation TENSQL001
SELECT * FROM boats WHERE id = {id:UUID}

-- prewhere
-- proven
SELECT * FROM boats PREWHERE harbour_id = {harbour:UUID} WHERE kind = 'x'

-- final
-- proven
SELECT * FROM boats FINAL WHERE harbour_id = {harbour:UUID}

-- alias hides the column
-- violation
SELECT id, {harbour:UUID} AS harbour_id FROM boats WHERE harbour_id = {harbour:UUID}

-- alias of the column itself
-- proven
SELECT id, harbour_id AS h FROM boats WHERE h = {harbour:UUID}

-- limit by another column, filter outside
-- violation TENSQL012
SELECT * FROM (SELECT * FROM boats ORDER BY length LIMIT 1 BY kind) WHERE harbour_id = {harbour:UUID}

-- limit by the tenant, filter outside
-- proven
SELECT * FROM (SELECT * FROM boats ORDER BY length LIMIT 1 BY harbour_id) WHERE harbour_id = {harbour:UUID}

-- any join, tied
-- proven
SELECT * FROM boats b ANY LEFT JOIN repairs r ON r.harbour_id = b.harbour_id AND r.boat_id = b.id WHERE b.harbour_id = {harbour:UUID}

-- left join, open
-- violation TENSQL010
SELECT * FROM boats b LEFT JOIN sailors s ON s.name = b.name WHERE b.harbour_id = {harbour:UUID}

-- global in, open
-- violation TENSQL010
SELECT * FROM boats WHERE harbour_id = {harbour:UUID} AND owner_id GLOBAL IN (SELECT id FROM sailors)

-- insert
-- proven
INSERT INTO boats (id, harbour_id, name) VALUES ({id:UUID}, {harbour:UUID}, {name:String})

-- lightweight delete by id
-- violation TENSQL003
DELETE FROM boats WHERE id = {id:UUID}

-- settings clause
-- proven
SELECT count() FROM boats WHERE harbour_id = {harbour:UUID} SETTINGS max_threads = 1

-- mutation
-- violation TENSQL002
ALTER TABLE boats UPDATE kind = 'x' WHERE id = 1

-- with totals, filter outside
-- violation
SELECT * FROM (SELECT kind, count() FROM boats GROUP BY kind WITH TOTALS) WHERE kind = 'x'

-- named placeholder
-- proven
SELECT * FROM boats WHERE harbour_id = %(harbour)s
