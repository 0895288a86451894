-- brackets
-- proven
SELECT [Name] FROM [dbo].[Pupils] WITH (NOLOCK) WHERE [DistrictId] = @district AND [PupilId] = @id

-- brackets in other case, and three parts of a name
-- proven
select top (10) p.name from School.dbo.PUPILS as p where p.districtid = @P0 order by p.born desc option (recompile)

-- no tenant
-- violation TENSQL001
SELECT [Name] FROM [dbo].[Pupils] WHERE [PupilId] = @id

-- cross apply of the marks
-- proven
SELECT p.[Name], m.[Value] FROM [Pupils] p CROSS APPLY (SELECT TOP 3 x.[Value] FROM [Marks] x WHERE x.[PupilId] = p.[PupilId] ORDER BY x.[At] DESC) m WHERE p.[DistrictId] = @d

-- outer apply of anybody's buses
-- violation TENSQL010
SELECT s.[Name], b.[Plate] FROM [Schools] s OUTER APPLY (SELECT TOP 1 * FROM [Buses] x WHERE x.[Seats] > 40) b WHERE s.[DistrictId] = @d

-- delete from an alias with a join
-- proven
DELETE m FROM [Marks] AS m INNER JOIN [Pupils] AS p ON p.[PupilId] = m.[PupilId] WHERE p.[DistrictId] = @d AND m.[Value] IS NULL

-- update of an alias with a join by name
-- violation TENSQL002
UPDATE b SET b.[Seats] = 0 FROM [Buses] b JOIN [Schools] s ON s.[Name] = b.[Plate] WHERE s.[DistrictId] = @d

-- update top without tenant
-- violation TENSQL002
UPDATE TOP (100) [Buses] SET [Seats] = 1 WHERE [Seats] = 0

-- output into what was
-- proven
UPDATE [Buses] SET [Seats] = @s OUTPUT deleted.[Seats], inserted.[Seats] WHERE [BusId] = @id AND [DistrictId] = @d

-- merge with the source deleted where it lacks
-- violation
MERGE [Buses] WITH (HOLDLOCK) AS t USING (SELECT @d AS D, @p AS P, @s AS S) AS s ON t.[DistrictId] = s.D AND t.[Plate] = s.P WHEN MATCHED THEN UPDATE SET [Seats] = s.S WHEN NOT MATCHED BY TARGET THEN INSERT ([DistrictId], [Plate], [Seats]) VALUES (s.D, s.P, s.S) WHEN NOT MATCHED BY SOURCE THEN DELETE;

-- merge with the source deleted where it lacks, of the tenant
-- proven
MERGE [Buses] WITH (HOLDLOCK) AS t USING (SELECT @d AS D, @p AS P, @s AS S) AS s ON t.[DistrictId] = s.D AND t.[Plate] = s.P WHEN MATCHED THEN UPDATE SET [Seats] = s.S WHEN NOT MATCHED BY TARGET THEN INSERT ([DistrictId], [Plate], [Seats]) VALUES (s.D, s.P, s.S) WHEN NOT MATCHED BY SOURCE AND t.[DistrictId] = @d THEN DELETE;

-- pages by offset
-- proven
SELECT [Name], COUNT(*) OVER () AS n FROM [Roll] WHERE [DistrictId] = @d ORDER BY [Name] OFFSET @skip ROWS FETCH NEXT @take ROWS ONLY

-- isnull that gives the column
-- violation TENSQL005
SELECT [Name] FROM [Schools] WHERE [DistrictId] = ISNULL(@d, [DistrictId])

-- iif that gives the column
-- violation
SELECT [Name] FROM [Schools] WHERE [DistrictId] = IIF(@all = 1, [DistrictId], @d)

-- a list split from text
-- proven
SELECT [Name] FROM [Schools] WHERE [DistrictId] = @d AND [SchoolId] IN (SELECT value FROM STRING_SPLIT(@ids, ','))

-- json as rows
-- proven
INSERT INTO [Buses] ([DistrictId], [Plate], [Seats]) SELECT @d, j.Plate, j.Seats FROM OPENJSON(@json) WITH (Plate NVARCHAR(20) '$.plate', Seats INT '$.seats') AS j

-- for json
-- proven
SELECT [Name], (SELECT m.[Value] FROM [Marks] m WHERE m.[PupilId] = p.[PupilId] FOR JSON PATH) AS marks FROM [Pupils] p WHERE p.[DistrictId] = @d FOR JSON PATH, ROOT('pupils')

-- dynamic text executed
-- opaque
EXEC sp_executesql @sql, N'@d INT', @d = @d

-- text executed that can be read
-- violation
EXEC sp_executesql N'SELECT * FROM dbo.Pupils WHERE PupilId = @id', N'@id BIGINT', @id = 4

-- text executed that can be read, with the tenant
-- proven
EXEC sp_executesql N'SELECT * FROM dbo.Pupils WHERE DistrictId = @d', N'@d INT', @d = @d

-- a procedure
-- opaque
EXEC dbo.CloseYear @year = 2026

-- a pivot of the tenant
-- proven
SELECT * FROM (SELECT p.[SchoolId], p.[Name] FROM [Pupils] p WHERE p.[DistrictId] = @d) s PIVOT (COUNT([Name]) FOR [SchoolId] IN ([1], [2])) AS x

-- a pivot before the tenant
-- violation
SELECT * FROM (SELECT p.[DistrictId], p.[SchoolId], p.[Name] FROM [Pupils] p) s PIVOT (COUNT([Name]) FOR [SchoolId] IN ([1], [2])) AS x

-- session context as the tenant
-- proven
SELECT [Name] FROM [Schools] WHERE [DistrictId] = CAST(SESSION_CONTEXT(N'DistrictId') AS INT)

-- except with an open arm
-- violation
SELECT [Name] FROM [Schools] WHERE [DistrictId] = @d EXCEPT SELECT [Name] FROM [Pupils]

-- a table variable
-- proven proven proven
DECLARE @t TABLE (Id INT); INSERT INTO @t SELECT [SchoolId] FROM [Schools] WHERE [DistrictId] = @d; SELECT * FROM @t

-- bulk insert
-- violation TENSQL014
BULK INSERT [dbo].[Buses] FROM 'C:\b.csv' WITH (FORMAT = 'CSV')

-- into a temporary table from all
-- violation TENSQL001
SELECT [Name] INTO #names FROM [Pupils] WHERE [Born] < '2010-01-01'

-- marks given to anybody's pupil
-- violation TENSQL019
INSERT INTO [Marks] ([PupilId], [Value]) VALUES (@p, @v)

-- recursive common table
-- proven
WITH s AS (SELECT [SchoolId], [DistrictId], 0 AS lvl FROM [Schools] WHERE [DistrictId] = @d UNION ALL SELECT c.[SchoolId], c.[DistrictId], s.lvl + 1 FROM [Schools] c INNER JOIN s ON c.[DistrictId] = s.[DistrictId] AND c.[SchoolId] = s.[SchoolId] + 1) SELECT * FROM s OPTION (MAXRECURSION 10)
