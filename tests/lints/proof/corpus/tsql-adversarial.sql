-- delete through a CTE, scoped inside
-- proven
WITH x AS (SELECT * FROM boats WHERE harbour_id = @harbour) DELETE FROM x

-- update through a CTE, scoped outside
-- proven
WITH x AS (SELECT * FROM boats WHERE kind = 'x') UPDATE x SET kind = 'y' WHERE x.harbour_id = @harbour

-- delete through a CTE
-- violation TENSQL003
WITH x AS (SELECT * FROM boats WHERE kind = 'x') DELETE FROM x

-- option clause
-- proven
SELECT * FROM boats WHERE harbour_id = @harbour OPTION (RECOMPILE)

-- IIF with the column
-- violation TENSQL005
SELECT * FROM boats WHERE harbour_id = IIF(@harbour IS NULL, harbour_id, @harbour)

-- truncating cast
-- violation
SELECT * FROM boats WHERE CAST(harbour_id AS VARCHAR(4)) = @harbour

-- session context
-- weak
SELECT * FROM boats WHERE harbour_id = CAST(SESSION_CONTEXT(N'harbour') AS uniqueidentifier)

-- bracketed keyword alias
-- violation TENSQL001
SELECT [harbour_id] FROM [boats] AS [where] WHERE [where].[id] = @id

-- update with output
-- violation TENSQL002
UPDATE boats SET kind = 'x' OUTPUT deleted.harbour_id WHERE id = @id

-- temporary table of everybody
-- violation TENSQL001
SELECT * INTO #all FROM boats

-- dynamic top
-- proven
SELECT TOP (@n) * FROM boats WHERE harbour_id = @harbour ORDER BY name

-- IN a split parameter
-- proven
SELECT * FROM boats WHERE harbour_id IN (SELECT value FROM STRING_SPLIT(@harbours, ','))
