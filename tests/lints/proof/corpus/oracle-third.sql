-- a query that is written gives its tenant away
-- violation TENSQL009
UPDATE (SELECT name, harbour_id FROM boats WHERE harbour_id = :h) v SET v.harbour_id = :g

-- a query that is written, cut off
-- violation TENSQL002
UPDATE (SELECT name FROM boats WHERE ROWNUM < 5) SET name = 'x'

-- a query in JSON_OBJECT
-- proven
SELECT JSON_OBJECT('a' VALUE CASE WHEN name = 'b' THEN 2 END, 'b' VALUE (SELECT max(name) FROM boats WHERE harbour_id = :h)) FROM boats WHERE harbour_id = :h

-- a text that a package runs
-- opaque TENSQL013
SELECT b.id, DBMS_XMLGEN.GETXMLTYPE('SELECT * FROM boats') FROM boats b WHERE b.harbour_id = :h

-- a collection that the caller binds
-- proven
SELECT * FROM boats WHERE harbour_id IN (SELECT column_value FROM TABLE(CAST(:ids AS ids_t)))

-- a collection of ids
-- violation TENSQL001
SELECT * FROM boats WHERE id IN (SELECT column_value FROM TABLE(:ids))

-- what a function returns
-- opaque TENSQL013
SELECT * FROM TABLE(reports.everything(:x))
