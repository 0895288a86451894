-- qualify within the tenant
-- proven
SELECT * FROM `p.app.boats` WHERE harbour_id = @h QUALIFY ROW_NUMBER() OVER (PARTITION BY kind ORDER BY length) = 1

-- qualify over all, filtered outside
-- violation TENSQL012
SELECT * FROM (SELECT * FROM boats WHERE TRUE QUALIFY ROW_NUMBER() OVER (PARTITION BY kind ORDER BY length) = 1) WHERE harbour_id = @h

-- in unnest
-- proven
SELECT * FROM boats WHERE harbour_id IN UNNEST(@hs)

-- in a query of unnest
-- proven
SELECT * FROM boats WHERE harbour_id IN (SELECT h FROM UNNEST(@hs) AS h)

-- struct of tenant and id
-- proven
SELECT * FROM boats WHERE (harbour_id, id) IN ((@h, @id))

-- except in the list
-- proven
SELECT * EXCEPT (registration) FROM boats WHERE harbour_id = @h

-- all columns but the tenant, filtered outside
-- violation
SELECT * FROM (SELECT * EXCEPT (harbour_id), id AS harbour_id FROM boats) WHERE harbour_id = @h

-- time travel
-- proven
SELECT * FROM boats FOR SYSTEM_TIME AS OF TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR) WHERE harbour_id = @h

-- wildcard table
-- opaque TENSQL000
SELECT * FROM `p.app.boats_*` WHERE id = @id

-- delete of all
-- violation TENSQL003
DELETE FROM boats WHERE TRUE

-- merge on tenant and id
-- proven
MERGE boats t USING (SELECT @id AS id, @h AS harbour_id, @name AS name) s ON t.id = s.id AND t.harbour_id = s.harbour_id WHEN MATCHED THEN UPDATE SET name = s.name WHEN NOT MATCHED THEN INSERT (id, harbour_id, name) VALUES (id, harbour_id, name)

-- merge on nothing
-- violation TENSQL003
MERGE boats t USING (SELECT 1) ON FALSE WHEN NOT MATCHED BY SOURCE THEN DELETE

-- keys are not enforced
-- weak TENSQL011
SELECT r.cost FROM repairs r JOIN boats b ON b.id = r.boat_id WHERE b.harbour_id = @h

-- execute immediate
-- proven
EXECUTE IMMEDIATE 'SELECT * FROM boats WHERE harbour_id = @h' USING @h AS h

-- array of a correlated query
-- proven
SELECT b.name, ARRAY(SELECT AS STRUCT r.cost FROM repairs r WHERE r.boat_id = b.id AND r.harbour_id = b.harbour_id) AS repairs FROM boats b WHERE b.harbour_id = @h

-- array of an uncorrelated query
-- violation TENSQL010
SELECT b.name, ARRAY(SELECT r.cost FROM repairs r WHERE r.status = b.kind) AS repairs FROM boats b WHERE b.harbour_id = @h

-- pipe syntax
-- proven
FROM boats |> WHERE harbour_id = @h |> SELECT name
