-- exists in the caller's array
-- proven
SELECT * FROM boats b WHERE EXISTS (SELECT 1 FROM UNNEST(@hs) AS h WHERE h = b.harbour_id)

-- cross join with the caller's array
-- proven
SELECT b.name FROM boats b CROSS JOIN UNNEST(@hs) AS h WHERE b.harbour_id = h

-- cross join with the caller's array, not compared
-- violation
SELECT b.name FROM boats b CROSS JOIN UNNEST(@hs) AS h

-- insert without INTO
-- proven
INSERT boats (id, harbour_id, name) VALUES (@id, @h, @name)

-- update from
-- weak TENSQL011
UPDATE boats b SET kind = s.role FROM sailors s WHERE s.id = b.owner_id AND s.harbour_id = @h

-- export of all
-- violation
EXPORT DATA OPTIONS (uri = 'gs://b/*.csv', format = 'CSV') AS SELECT * FROM boats

-- sampled
-- proven
SELECT * FROM boats TABLESAMPLE SYSTEM (10 PERCENT) WHERE harbour_id = @h

-- truncate
-- violation TENSQL014
TRUNCATE TABLE boats

-- safe cast of the column
-- violation
SELECT * FROM boats WHERE SAFE_CAST(harbour_id AS INT64) = @h

-- the table is a parameter
-- opaque
SELECT * FROM @t WHERE id = @id

-- pipe that filters after a limit
-- opaque
FROM boats |> LIMIT 10 |> WHERE harbour_id = @h

-- pipe that cuts after the filter
-- proven
FROM boats |> WHERE harbour_id = @h |> LIMIT 10

-- a script whose variable is the caller's
-- proven proven
DECLARE h STRING DEFAULT @harbour; SELECT id FROM boats WHERE harbour_id = h

-- a script whose variable is read from a table
-- proven violation violation
DECLARE h STRING DEFAULT @harbour; SET h = (SELECT max(id) FROM harbours); SELECT id FROM boats WHERE harbour_id = h

-- a script whose variable is a literal
-- proven weak TENSQL007
DECLARE h STRING DEFAULT 'x'; SELECT id FROM boats WHERE harbour_id = h

-- a script whose variable is set later
-- proven proven proven
DECLARE h STRING; SET h = @harbour; DELETE FROM boats WHERE harbour_id = h

-- a script whose variable has a column's name
-- proven violation
DECLARE name STRING DEFAULT @harbour; SELECT id FROM boats WHERE harbour_id = name

-- a script whose variable nobody set
-- proven violation
DECLARE h STRING; SELECT id FROM boats WHERE harbour_id = h
