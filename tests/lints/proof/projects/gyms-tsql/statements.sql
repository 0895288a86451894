-- the last visits of each member
-- proven
SELECT m.Id, v.At FROM Members m CROSS APPLY (SELECT TOP (3) x.At FROM Visits x WHERE x.MemberId = m.Id ORDER BY x.At DESC) v WHERE m.ChainId = @c

-- the last visits of everybody
-- violation
SELECT m.Id, v.At FROM Members m OUTER APPLY (SELECT TOP 1 x.At FROM Visits x WHERE x.MemberId = m.Id) v

-- a pivot of the tenant's rows
-- proven
SELECT * FROM (SELECT ChainId, PlanCode, MemberId FROM Subscriptions WHERE ChainId = @c) s PIVOT (COUNT(MemberId) FOR PlanCode IN ([A], [B])) p

-- a pivot in which the tenant stays
-- proven
SELECT * FROM (SELECT ChainId, PlanCode, MemberId FROM Subscriptions) s PIVOT (COUNT(MemberId) FOR PlanCode IN ([A], [B])) p WHERE p.ChainId = @c

-- a pivot of everybody's rows
-- violation
SELECT * FROM (SELECT PlanCode, MemberId FROM Subscriptions) s PIVOT (COUNT(MemberId) FOR PlanCode IN ([A], [B])) p

-- merge by the key
-- proven
MERGE Plans WITH (HOLDLOCK) AS t USING (VALUES (@c, @code, @price)) AS s (ChainId, Code, Price) ON t.ChainId = s.ChainId AND t.Code = s.Code WHEN MATCHED THEN UPDATE SET Price = s.Price WHEN NOT MATCHED BY TARGET THEN INSERT (ChainId, Code, Price) VALUES (s.ChainId, s.Code, s.Price);

-- merge that deletes what is not in the source
-- violation TENSQL003
MERGE Plans AS t USING (VALUES (@c, @code, @price)) AS s (ChainId, Code, Price) ON t.ChainId = s.ChainId AND t.Code = s.Code WHEN MATCHED THEN UPDATE SET Price = s.Price WHEN NOT MATCHED BY SOURCE THEN DELETE;

-- merge that deletes the tenant's rows that are not in the source
-- proven
MERGE Plans AS t USING (VALUES (@c, @code, @price)) AS s (ChainId, Code, Price) ON t.ChainId = s.ChainId AND t.Code = s.Code WHEN MATCHED THEN UPDATE SET Price = s.Price WHEN NOT MATCHED BY SOURCE AND t.ChainId = @c THEN DELETE;

-- an update by another table's tenant, with what was there
-- weak TENSQL011
UPDATE m SET m.Email = @e OUTPUT inserted.Id, deleted.Email FROM Members m INNER JOIN Gyms g ON g.Id = m.GymId WHERE g.ChainId = @c

-- a temporary table of everybody's rows
-- violation
SELECT * INTO #late FROM Visits WHERE At > @d

-- ids in a temporary table
-- proven ; proven ; proven
CREATE TABLE #ids (Id int); INSERT INTO #ids SELECT Id FROM Members WHERE ChainId = @c; DELETE v FROM Visits v JOIN #ids i ON i.Id = v.MemberId

-- as it was
-- proven
SELECT * FROM Members FOR SYSTEM_TIME AS OF @t WHERE ChainId = @c

-- all it ever was, by id
-- violation TENSQL001
SELECT * FROM Members FOR SYSTEM_TIME ALL WHERE Id = @i

-- the first and those beside
-- proven
SELECT TOP (5) WITH TIES * FROM Members WHERE ChainId = @c ORDER BY Email

-- a few are deleted
-- proven
DELETE TOP (100) FROM Subscriptions WHERE ChainId = @c

-- a list of ids within the tenant
-- proven
SELECT m.* FROM Members m JOIN STRING_SPLIT(@ids, ',') s ON s.value = m.Id WHERE m.ChainId = @c

-- a document of ids
-- violation TENSQL001
SELECT m.* FROM Members m JOIN OPENJSON(@j) WITH (Id int '$.id') j ON j.Id = m.Id

-- a visit of the tenant's member
-- proven
INSERT INTO Visits (MemberId, At) OUTPUT inserted.Id SELECT Id, SYSUTCDATETIME() FROM Members WHERE Id = @i AND ChainId = @c

-- rows that are there twice, in the tenant
-- proven
WITH d AS (SELECT *, ROW_NUMBER() OVER (PARTITION BY Email ORDER BY Id) AS n FROM Members WHERE ChainId = @c) DELETE FROM d WHERE n > 1

-- rows that are there twice, of everybody
-- violation
WITH d AS (SELECT *, ROW_NUMBER() OVER (PARTITION BY ChainId, Email ORDER BY Id) AS n FROM Members) DELETE FROM d WHERE n > 1

-- a composite key to the plan
-- proven
SELECT s.Id, p.Price FROM Subscriptions s JOIN Plans p ON p.ChainId = s.ChainId AND p.Code = s.PlanCode WHERE s.ChainId = @c

-- a text that is run within the tenant
-- proven
EXEC sp_executesql N'SELECT * FROM Members WHERE ChainId = @c', N'@c int', @c = @chain

-- a text that is run by id
-- violation TENSQL001
EXEC sp_executesql N'SELECT * FROM Members WHERE Id = @i', N'@i int', @i = @id

-- if it is not there
-- proven
IF NOT EXISTS (SELECT 1 FROM Plans WHERE ChainId = @c AND Code = @k) INSERT INTO Plans (ChainId, Code, Price) VALUES (@c, @k, @p)

-- a tenant that may be left out
-- violation TENSQL005
SELECT m.* FROM Members m WHERE m.ChainId = ISNULL(@c, m.ChainId)

-- totals of the tenant
-- proven
SELECT ChainId, GymId, COUNT(*) FROM Members WHERE ChainId = @c GROUP BY ROLLUP (ChainId, GymId)
