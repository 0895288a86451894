-- no lock
-- proven
SELECT TOP (10) * FROM boats WITH (NOLOCK) WHERE harbour_id = @h

-- nothing but TOP
-- violation TENSQL001
SELECT TOP 10 * FROM boats WHERE id = @id

-- limited before the filter
-- violation TENSQL012
SELECT * FROM (SELECT TOP 10 * FROM boats ORDER BY length) x WHERE x.harbour_id = @h

-- optional tenant by ISNULL
-- violation TENSQL005
SELECT * FROM boats WHERE harbour_id = ISNULL(@h, harbour_id)

-- optional tenant by OR
-- violation TENSQL005
SELECT * FROM boats WHERE (@h IS NULL OR harbour_id = @h)

-- applied per row and tied
-- proven
SELECT b.*, r.cost FROM boats b CROSS APPLY (SELECT TOP 1 * FROM repairs r WHERE r.boat_id = b.id AND r.harbour_id = b.harbour_id ORDER BY r.cost DESC) r WHERE b.harbour_id = @h

-- applied per row and open
-- violation TENSQL010
SELECT b.*, r.cost FROM boats b CROSS APPLY (SELECT TOP 1 * FROM repairs r ORDER BY r.cost DESC) r WHERE b.harbour_id = @h

-- applied for nothing
-- violation
SELECT b.* FROM boats b OUTER APPLY (SELECT 1 AS one WHERE b.harbour_id = @h) x

-- update through an alias
-- proven
UPDATE b SET name = @n FROM boats b JOIN repairs r ON r.boat_id = b.id AND r.harbour_id = b.harbour_id WHERE r.harbour_id = @h

-- update through an alias, the source is scoped only
-- violation TENSQL002
UPDATE b SET name = @n FROM boats b CROSS JOIN repairs r WHERE r.harbour_id = @h

-- update with output
-- proven
UPDATE boats SET name = @n OUTPUT inserted.id, deleted.name WHERE harbour_id = @h AND id = @id

-- delete with output
-- violation TENSQL003
DELETE FROM boats OUTPUT deleted.harbour_id WHERE id = @id

-- insert with output
-- proven
INSERT INTO boats (harbour_id, name) OUTPUT inserted.id VALUES (@h, @n)

-- merge with a target by id
-- violation
MERGE boats AS t USING (SELECT @id AS id, @h AS harbour_id, @n AS name) AS s ON t.id = s.id WHEN MATCHED THEN UPDATE SET name = s.name WHEN NOT MATCHED THEN INSERT (id, harbour_id, name) VALUES (s.id, s.harbour_id, s.name);

-- merge with a target by tenant and id
-- proven
MERGE boats AS t USING (SELECT @id AS id, @h AS harbour_id, @n AS name) AS s ON t.id = s.id AND t.harbour_id = s.harbour_id WHEN MATCHED THEN UPDATE SET name = s.name WHEN NOT MATCHED THEN INSERT (id, harbour_id, name) VALUES (s.id, s.harbour_id, s.name);

-- brackets
-- proven
SELECT [b].[name] FROM [dbo].[boats] AS [b] WHERE [b].[harbour_id] = @h

-- page
-- proven
SELECT * FROM boats WHERE harbour_id = @h ORDER BY id OFFSET @o ROWS FETCH NEXT @n ROWS ONLY

-- session context
-- proven
SELECT * FROM boats WHERE harbour_id = CAST(SESSION_CONTEXT(N'app.harbour_id') AS uniqueidentifier)

-- assigned to a variable
-- violation TENSQL001
SELECT @n = name FROM boats WHERE id = @id

-- dynamic text that is all there
-- violation TENSQL001
EXEC sp_executesql N'SELECT * FROM boats'

-- recompiled
-- proven
SELECT * FROM boats WHERE harbour_id = @h OPTION (RECOMPILE)

-- declared, then read
-- proven ; violation TENSQL001
DECLARE @n int = 5; SELECT * FROM boats WHERE length = @n

-- common table expression that is deleted from
-- violation TENSQL003
WITH old AS (SELECT * FROM boats WHERE archived_at IS NOT NULL) DELETE FROM old

-- common table expression of the caller that is deleted from
-- proven
WITH old AS (SELECT * FROM boats WHERE archived_at IS NOT NULL AND harbour_id = @h) DELETE FROM old

-- delete without FROM
-- violation TENSQL003
DELETE boats WHERE id = @id

-- delete without FROM, scoped
-- proven
DELETE boats WHERE id = @id AND harbour_id = @h

-- delete through an alias
-- proven
DELETE b FROM boats AS b WHERE b.harbour_id = @h

-- delete of some, with a sub-select that has FROM
-- violation TENSQL003
DELETE boats WHERE id IN (SELECT boat_id FROM repairs WHERE harbour_id <> @h)

-- delete with TOP
-- violation TENSQL003
DELETE TOP (10) FROM boats WHERE archived_at < @t

-- cast of the column to a text of thirty characters
-- violation
SELECT * FROM boats WHERE CAST(harbour_id AS VARCHAR) = @h
