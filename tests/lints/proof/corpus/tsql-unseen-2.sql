-- delete top through an alias
-- proven
DELETE TOP (5) b FROM boats b WHERE b.harbour_id = @h

-- insert without INTO
-- proven
INSERT boats (id, harbour_id, name) VALUES (@id, @h, @name)

-- insert without INTO and tenant
-- violation TENSQL004
INSERT boats (id, name) VALUES (@id, @name)

-- assigned to a variable, by id
-- violation TENSQL001
SELECT @name = name FROM boats WHERE id = @id

-- assigned to a variable, scoped
-- proven
SELECT @name = name FROM boats WHERE id = @id AND harbour_id = @h

-- for xml
-- proven
SELECT name AS [text()] FROM boats WHERE harbour_id = @h FOR XML PATH('')

-- all for administrators
-- violation TENSQL005
SELECT * FROM boats WHERE harbour_id = @h OR @isAdmin = 1

-- bulk insert
-- violation TENSQL014
BULK INSERT boats FROM 'boats.csv' WITH (FIELDTERMINATOR = ',')

-- another server
-- opaque
SELECT * FROM OPENQUERY(other, 'SELECT * FROM boats')

-- table valued function
-- opaque
SELECT * FROM dbo.fn_boats(@h)

-- update with a hint
-- proven
UPDATE boats WITH (ROWLOCK) SET name = @n WHERE harbour_id = @h AND id = @id

-- update with a hint, by id
-- violation TENSQL002
UPDATE boats WITH (ROWLOCK) SET name = @n WHERE id = @id

-- session options
-- proven
SET NOCOUNT ON

-- table variable from all
-- violation TENSQL001
INSERT INTO @ids SELECT id FROM boats WHERE kind = @k

-- pivot
-- violation
SELECT * FROM (SELECT kind, length FROM boats) s PIVOT (SUM(length) FOR kind IN ([a], [b])) p

-- not exists beside the tenant, other tenants' inside
-- violation TENSQL010
SELECT b.id FROM boats b WHERE b.harbour_id = @h AND NOT EXISTS (SELECT 1 FROM boats c WHERE c.name = b.name AND c.id <> b.id)

-- iif around the tenant
-- violation
SELECT * FROM boats WHERE IIF(@h IS NULL, 1, IIF(harbour_id = @h, 1, 0)) = 1

-- union in a common table expression
-- violation
WITH u AS (SELECT id FROM boats WHERE harbour_id = @h UNION ALL SELECT id FROM boats WHERE kind = 'x') SELECT * FROM u

-- a text by the name of its parameter
-- violation
EXEC sp_executesql @stmt = N'SELECT * FROM boats'

-- a text that goes on
-- opaque
EXEC sp_executesql N'SELECT * FROM boats WHERE harbour_id = @h' + @more, N'@h int', @h = 1

-- a common table named like a stored one
-- violation
WITH boats AS (SELECT * FROM boats WHERE harbour_id = @h UNION ALL SELECT * FROM boats) SELECT * FROM boats
