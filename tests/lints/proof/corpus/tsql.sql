-- by tenant
-- proven
SELECT * FROM [dbo].[boats] WHERE [harbour_id] = @harbour

-- by id
-- violation TENSQL001
SELECT TOP (1) * FROM boats WHERE id = @id

-- update with an alias
-- proven
UPDATE b SET kind = 'x' FROM boats b JOIN harbours h ON h.id = b.harbour_id WHERE h.id = @harbour

-- update with an alias, open
-- violation TENSQL002
UPDATE b SET kind = 'x' FROM boats b JOIN sailors s ON s.name = b.name WHERE s.harbour_id = @harbour

-- delete with an alias
-- proven
DELETE r FROM repairs r JOIN boats b ON b.id = r.boat_id AND b.harbour_id = r.harbour_id WHERE b.harbour_id = @harbour

-- delete with an alias, open
-- violation TENSQL003
DELETE b FROM boats b JOIN sailors s ON s.name = b.name WHERE s.harbour_id = @harbour

-- output clause
-- proven
INSERT INTO boats (id, harbour_id, name) OUTPUT inserted.id VALUES (@id, @harbour, @name)

-- top inside, filter outside
-- violation TENSQL012
SELECT * FROM (SELECT TOP 10 * FROM boats ORDER BY length) b WHERE b.harbour_id = @harbour

-- cross apply, tied
-- proven
SELECT * FROM boats b CROSS APPLY (SELECT TOP 1 * FROM repairs r WHERE r.boat_id = b.id AND r.harbour_id = b.harbour_id) x WHERE b.harbour_id = @harbour

-- outer apply, open
-- violation TENSQL010
SELECT * FROM boats b OUTER APPLY (SELECT TOP 1 * FROM sailors s WHERE s.name = b.name) x WHERE b.harbour_id = @harbour

-- merge, everything else deleted
-- violation TENSQL003
MERGE INTO boats AS t USING (SELECT @id AS id, @harbour AS h) AS s ON t.id = s.id AND t.harbour_id = s.h WHEN NOT MATCHED BY SOURCE THEN DELETE;

-- dynamic, and all there
-- violation TENSQL001
EXEC sp_executesql N'SELECT * FROM boats'

-- procedure
-- opaque TENSQL013
EXEC archive_boats @harbour

-- if block (the one statement it decides of is read; first labelled opaque)
-- violation TENSQL001
IF @x = 1 SELECT * FROM boats

-- ISNULL with the column
-- violation TENSQL005
SELECT * FROM boats WHERE harbour_id = ISNULL(@harbour, harbour_id)

-- optional tenant
-- violation TENSQL005
SELECT * FROM boats WHERE (@harbour IS NULL OR harbour_id = @harbour)

-- hint
-- proven
SELECT * FROM boats WITH (NOLOCK) WHERE harbour_id = @harbour

-- names match whatever their case
-- proven
SELECT * FROM Boats WHERE Harbour_Id = @harbour

-- offset and fetch inside, filter outside
-- violation TENSQL012
SELECT * FROM (SELECT * FROM boats ORDER BY id OFFSET 5 ROWS FETCH NEXT 5 ROWS ONLY) b WHERE b.harbour_id = @harbour
