-- the table that goes is none of FROM
-- violation TENSQL003
DELETE boats FROM sailors s WHERE s.harbour_id = @h

-- the table that goes is none of FROM, two FROMs
-- violation TENSQL003
DELETE FROM boats FROM sailors s WHERE s.harbour_id = @h

-- two FROMs, by the alias
-- proven
DELETE FROM b FROM dbo.boats AS b WHERE b.harbour_id = @h

-- two FROMs, by the name of the only use
-- proven
DELETE FROM dbo.boats FROM dbo.boats AS b WHERE b.harbour_id = @h

-- an update by the name of the only use
-- proven
UPDATE dbo.boats SET name = 'x' FROM dbo.boats AS b WHERE b.harbour_id = @h

-- an update of a table that is used twice
-- violation TENSQL002
UPDATE boats SET name = 'x' FROM boats b JOIN boats c ON c.owner_id = b.owner_id WHERE b.harbour_id = @h AND c.harbour_id = @h

-- the alias with a schema is another table
-- opaque TENSQL000
DELETE dbo.b FROM boats b WHERE b.harbour_id = @h

-- asked of everybody before the own is written
-- violation TENSQL010
IF NOT EXISTS (SELECT 1 FROM boats WHERE name = @n) INSERT INTO boats (id, harbour_id, name) VALUES (@i, @h, @n)

-- asked of a variable
-- violation TENSQL003
IF @x = 1 DELETE FROM boats WHERE id = @i

-- a case is no else
-- proven
IF @x = 1 SELECT CASE WHEN id = 1 THEN 2 ELSE 3 END FROM boats WHERE harbour_id = @h

-- blocks are not followed
-- opaque
IF @x = 1 BEGIN DELETE FROM boats WHERE harbour_id = @h END

-- a variable that a row has set
-- violation ; violation
SELECT @h = harbour_id FROM boats WHERE id = @i; SELECT * FROM sailors WHERE harbour_id = @h

-- a variable that a query has set where it is declared
-- violation ; violation
DECLARE @h uniqueidentifier = (SELECT TOP 1 id FROM harbours); SELECT * FROM sailors WHERE harbour_id = @h

-- a variable that is the caller's
-- proven ; proven
DECLARE @h uniqueidentifier = @p; SELECT * FROM sailors WHERE harbour_id = @h

-- a variable that is a constant
-- proven ; weak TENSQL007
DECLARE @h int = 5; SELECT * FROM sailors WHERE harbour_id = @H

-- the server's variables are not the caller's
-- violation TENSQL001
SELECT * FROM boats WHERE harbour_id = @@SPID

-- added to a column
-- proven
UPDATE boats SET length += @n, kind -= 1 WHERE harbour_id = @h

-- added to the tenant
-- violation TENSQL009
UPDATE boats SET harbour_id += 1 WHERE harbour_id = @h

-- added to a column by id
-- violation TENSQL002
UPDATE boats SET length *= 2 WHERE id = @i

-- no semicolon after SET NOCOUNT
-- proven ; violation TENSQL001
SET NOCOUNT ON SELECT * FROM berths WHERE id = @id

-- no semicolon after SET NOCOUNT, within the tenant
-- proven ; proven
SET NOCOUNT ON SELECT * FROM berths WHERE harbour_id = @h

-- no semicolon before IF
-- proven ; violation TENSQL003
SET NOCOUNT ON IF EXISTS (SELECT 1 FROM berths WHERE harbour_id = @h) DELETE FROM berths

-- no semicolon after PRINT
-- proven ; violation TENSQL003
PRINT 'gone' DELETE FROM berths

-- no semicolon in a transaction
-- proven ; proven ; violation TENSQL003 ; proven
BEGIN TRAN UPDATE berths SET depth = 1 WHERE harbour_id = @h DELETE FROM berths WHERE id = @i COMMIT

-- no semicolon before the new key is asked for
-- proven ; proven
INSERT INTO berths (harbour_id, number) VALUES (@h, @n) SELECT SCOPE_IDENTITY()

-- no semicolon between a temporary table and its use
-- proven ; proven ; proven
SELECT * INTO #mine FROM berths WHERE harbour_id = @h UPDATE b SET depth = m.depth FROM berths b JOIN #mine m ON m.id = b.id DROP TABLE #mine

-- no semicolon after a variable that is a constant
-- proven ; weak TENSQL007
DECLARE @h int = 1 SELECT * FROM berths WHERE harbour_id = @h

-- no semicolon, and a batch that ends with GO
-- proven ; violation TENSQL003
CREATE TABLE #t (id int)
GO
DELETE FROM berths
GO

-- no semicolon after a procedure
-- opaque ; violation TENSQL003
EXEC refresh_all @a DELETE FROM berths

-- what a foreign key does is no statement
-- proven
ALTER TABLE notes ADD CONSTRAINT fk FOREIGN KEY (x) REFERENCES berths (id) ON DELETE CASCADE

-- the columns of everybody's table and none of its rows
-- proven
SELECT TOP (0) * INTO #berths FROM [dbo].[berths]

-- ids in a variable
-- proven ; proven ; proven
DECLARE @ids TABLE (Id int) INSERT INTO @ids SELECT id FROM boats WHERE harbour_id = @h DELETE l FROM logbooks l JOIN @ids i ON i.Id = l.boat_id

-- ids in a variable, and one more
-- proven ; proven ; proven ; violation TENSQL003
DECLARE @ids TABLE (Id int) INSERT INTO @ids SELECT id FROM boats WHERE harbour_id = @h INSERT INTO @ids VALUES (@x) DELETE l FROM logbooks l JOIN @ids i ON i.Id = l.boat_id

-- another column of a temporary table
-- proven ; proven ; violation TENSQL003
CREATE TABLE #ids (a int, b int) INSERT INTO #ids (b, a) SELECT id, length FROM boats WHERE harbour_id = @h DELETE l FROM logbooks l JOIN #ids i ON i.a = l.boat_id

-- ids in a temporary table that a procedure sees
-- proven ; opaque ; proven ; violation TENSQL003
CREATE TABLE #ids (a int) EXEC fill INSERT INTO #ids SELECT id FROM boats WHERE harbour_id = @h DELETE l FROM logbooks l JOIN #ids i ON i.a = l.boat_id

-- ids that an update gave out
-- proven ; proven ; proven ; violation TENSQL003
DECLARE @ids TABLE (Id int) INSERT INTO @ids SELECT id FROM boats WHERE harbour_id = @h UPDATE berths SET depth = 1 OUTPUT inserted.id INTO @ids WHERE harbour_id = @h DELETE l FROM logbooks l JOIN @ids i ON i.Id = l.boat_id
