-- top and nolock
-- proven
SELECT TOP (10) b.[name] FROM [dbo].[boats] AS b WITH (NOLOCK) WHERE b.[harbour_id] = @HarbourId ORDER BY b.[name]

-- top of all, then the tenant's
-- violation TENSQL012
SELECT x.name FROM (SELECT TOP 10 * FROM boats ORDER BY length) x WHERE x.harbour_id = @h

-- offset and fetch
-- proven
SELECT * FROM boats WHERE harbour_id = @h ORDER BY id OFFSET @skip ROWS FETCH NEXT @take ROWS ONLY

-- cross apply of a correlated query
-- proven
SELECT b.name, r.cost FROM boats b CROSS APPLY (SELECT TOP 1 cost FROM repairs r WHERE r.boat_id = b.id AND r.harbour_id = b.harbour_id ORDER BY cost) r WHERE b.harbour_id = @h

-- outer apply without the tenant
-- violation TENSQL010
SELECT b.name, r.cost FROM boats b OUTER APPLY (SELECT TOP 1 cost FROM repairs r WHERE r.status = b.kind) r WHERE b.harbour_id = @h

-- update through an alias
-- proven
UPDATE b SET b.name = @name FROM boats b INNER JOIN sailors s ON s.id = b.owner_id AND s.harbour_id = b.harbour_id WHERE s.harbour_id = @h

-- update through an alias, other table scoped
-- violation TENSQL002
UPDATE b SET b.name = @name FROM boats b CROSS JOIN sailors s WHERE s.harbour_id = @h AND b.id = @id

-- update with output
-- proven
UPDATE TOP (1) repairs SET status = 'running' OUTPUT inserted.id, deleted.status WHERE status = 'queued' AND harbour_id = @h

-- delete with output by id
-- violation TENSQL003
DELETE FROM boats OUTPUT deleted.harbour_id WHERE id = @id

-- delete through an alias
-- proven
DELETE p FROM photos AS p JOIN boats AS b ON b.id = p.boat_id WHERE b.harbour_id = @h AND p.id = @id

-- merge with holdlock
-- proven
MERGE boats WITH (HOLDLOCK) AS t USING (SELECT @id AS id, @h AS harbour_id, @name AS name) AS s ON t.id = s.id AND t.harbour_id = s.harbour_id WHEN MATCHED THEN UPDATE SET t.name = s.name WHEN NOT MATCHED THEN INSERT (id, harbour_id, name) VALUES (s.id, s.harbour_id, s.name);

-- merge that deletes what the source lacks
-- violation TENSQL003
MERGE boats AS t USING (SELECT @id AS id, @h AS harbour_id) AS s ON t.id = s.id AND t.harbour_id = s.harbour_id WHEN NOT MATCHED BY SOURCE THEN DELETE;

-- merge that deletes what the source lacks of the tenant's
-- proven
MERGE boats AS t USING (SELECT @id AS id, @h AS harbour_id) AS s ON t.id = s.id AND t.harbour_id = s.harbour_id WHEN NOT MATCHED BY SOURCE AND t.harbour_id = @h THEN DELETE;

-- session context that is declared
-- proven
SELECT * FROM boats WHERE harbour_id = CAST(SESSION_CONTEXT(N'app.harbour_id') AS uniqueidentifier)

-- try convert of the column
-- proven
SELECT * FROM boats WHERE harbour_id = TRY_CONVERT(uniqueidentifier, @h)

-- isnull against the column
-- violation TENSQL005
SELECT * FROM boats WHERE harbour_id = ISNULL(@h, harbour_id)

-- optional parameter
-- violation TENSQL005
SELECT * FROM boats WHERE (@h IS NULL OR harbour_id = @h) AND id = @id OPTION (RECOMPILE)

-- openjson of ids beside the tenant
-- proven
SELECT b.* FROM boats b WHERE b.harbour_id = @h AND b.id IN (SELECT value FROM OPENJSON(@ids))

-- into a temporary table
-- violation TENSQL001
SELECT id, name INTO #picked FROM boats WHERE kind = @kind

-- dynamic text that is all there
-- proven
EXEC sp_executesql N'SELECT * FROM boats WHERE harbour_id = @h', N'@h uniqueidentifier', @h = @h

-- ordered update through a common table expression
-- proven
WITH next AS (SELECT TOP (1) * FROM repairs WITH (ROWLOCK, READPAST) WHERE harbour_id = @h AND status = 'queued' ORDER BY cost) UPDATE next SET status = 'running'

-- ordered update through a common table expression of all
-- violation TENSQL002
WITH next AS (SELECT TOP (1) * FROM repairs WHERE status = 'queued' ORDER BY cost) UPDATE next SET status = 'running' WHERE status = @s

-- output into another tenant's table
-- opaque
INSERT INTO boats (id, harbour_id, name) OUTPUT inserted.id INTO audit_rows VALUES (@id, @h, @name)

-- for json
-- proven
SELECT b.name, (SELECT r.cost FROM repairs r WHERE r.boat_id = b.id AND r.harbour_id = @h FOR JSON PATH) AS repairs FROM boats b WHERE b.harbour_id = @h FOR JSON PATH

-- not equal to nobody
-- violation TENSQL001
SELECT * FROM boats WHERE harbour_id != @nobody

-- temporal table
-- proven
SELECT * FROM boats FOR SYSTEM_TIME AS OF @at WHERE harbour_id = @h

-- declare, then read
-- proven proven
DECLARE @n int = (SELECT count(*) FROM boats WHERE harbour_id = @h); SELECT * FROM boats WHERE harbour_id = @h AND length > @n
