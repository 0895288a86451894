-- clone of a table
-- violation TENSQL014
CREATE TABLE copies CLONE boats

-- table by its name in a variable
-- opaque
SELECT * FROM IDENTIFIER(:t) WHERE id = :id

-- walk up a tree
-- violation
SELECT id FROM repairs START WITH id = ? CONNECT BY PRIOR id = parent_id

-- group by all
-- proven
SELECT kind, COUNT(*) FROM boats WHERE harbour_id = ? GROUP BY ALL

-- update from, by name
-- violation TENSQL002
UPDATE boats b SET kind = s.role FROM sailors s WHERE s.name = b.name AND s.harbour_id = ?

-- rows of a stage
-- opaque
SELECT t.$1 FROM @stage/boats.csv t

-- ilike any
-- violation
SELECT * FROM boats WHERE harbour_id ILIKE ANY (?, ?)

-- semi structured tenant
-- violation
SELECT * FROM boats WHERE kind:harbour_id::string = ?

-- tables swapped
-- violation TENSQL014
ALTER TABLE boats SWAP WITH sailors

-- qualify by a name that the list gives to something else
-- violation
SELECT length AS harbour_id, name FROM boats QUALIFY ROW_NUMBER() OVER (PARTITION BY harbour_id ORDER BY length) = 1 AND harbour_id = ?

-- marks of an outer join on the scoped side
-- violation
SELECT b.name, r.cost FROM boats b, repairs r WHERE b.harbour_id = r.harbour_id (+) AND r.harbour_id (+) = ?

-- marks of an outer join on the other side
-- proven
SELECT b.name, r.cost FROM boats b, repairs r WHERE b.id = r.boat_id (+) AND b.harbour_id = r.harbour_id (+) AND b.harbour_id = ?

-- rows of everybody matched
-- violation
SELECT * FROM boats MATCH_RECOGNIZE (PARTITION BY kind ORDER BY length MEASURES count(*) AS n PATTERN (a+) DEFINE a AS length > 1)

-- rows of everybody matched, then asked for the tenant
-- opaque
SELECT * FROM boats MATCH_RECOGNIZE (PARTITION BY kind ORDER BY length MEASURES first(harbour_id) AS h PATTERN (a+) DEFINE a AS length > 1) WHERE h = ?

-- a match whose definition reads everybody's rows
-- violation
SELECT * FROM (SELECT * FROM boats WHERE harbour_id = ?) MATCH_RECOGNIZE (PARTITION BY kind ORDER BY length MEASURES count(*) AS n PATTERN (a+) DEFINE a AS length > (SELECT max(cost) FROM repairs))
