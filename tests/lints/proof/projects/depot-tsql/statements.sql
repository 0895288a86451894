-- EF Core with a query filter
-- proven
SELECT [w].[Id], [w].[Code], [w].[TenantId] FROM [Warehouses] AS [w] WHERE [w].[TenantId] = @__ef_filter__TenantId_0 AND [w].[IsDeleted] = CAST(0 AS bit) ORDER BY [w].[Code] OFFSET @__p_1 ROWS FETCH NEXT @__p_2 ROWS ONLY

-- EF Core FirstOrDefault by id
-- violation TENSQL001
SELECT TOP(1) [w].[Id], [w].[Code] FROM [Warehouses] AS [w] WHERE [w].[Id] = @__id_0

-- EF Core Include
-- weak TENSQL011
SELECT [w].[Id], [s].[Id], [s].[Sku] FROM [Warehouses] AS [w] LEFT JOIN [Stock] AS [s] ON [w].[Id] = [s].[WarehouseId] WHERE [w].[TenantId] = @__ef_filter__TenantId_0 ORDER BY [w].[Id]

-- EF Core Include with both filters
-- proven
SELECT [t].[Id], [s0].[Id], [s0].[Sku] FROM (SELECT TOP(@__p_1) [w].[Id] FROM [Warehouses] AS [w] WHERE [w].[TenantId] = @__t_0) AS [t] LEFT JOIN (SELECT [s].[Id], [s].[Sku], [s].[WarehouseId] FROM [Stock] AS [s] WHERE [s].[TenantId] = @__t_0) AS [s0] ON [t].[Id] = [s0].[WarehouseId] ORDER BY [t].[Id]

-- EF Core Contains by OPENJSON
-- violation
SELECT [s].[Sku] FROM [Stock] AS [s] WHERE [s].[Id] IN (SELECT [v].[value] FROM OPENJSON(@__ids_0) WITH ([value] bigint '$') AS [v])

-- EF Core Contains by OPENJSON in the tenant
-- proven
SELECT [s].[Sku] FROM [Stock] AS [s] WHERE [s].[TenantId] = @__t_0 AND [s].[Id] IN (SELECT [v].[value] FROM OPENJSON(@__ids_1) WITH ([value] bigint '$') AS [v])

-- EF Core Any
-- proven
SELECT CASE WHEN EXISTS (SELECT 1 FROM [Warehouses] AS [w] WHERE [w].[TenantId] = @t AND [w].[Code] = @code) THEN CAST(1 AS bit) ELSE CAST(0 AS bit) END

-- EF Core Any of anybody
-- violation TENSQL001
SELECT CASE WHEN EXISTS (SELECT 1 FROM [Warehouses] AS [w] WHERE [w].[Code] = @code) THEN CAST(1 AS bit) ELSE CAST(0 AS bit) END

-- EF Core save of an entity
-- proven ; violation TENSQL002
SET NOCOUNT ON; UPDATE [Stock] SET [Qty] = @p0 OUTPUT INSERTED.[RowVersion] WHERE [Id] = @p1 AND [RowVersion] = @p2;

-- EF Core ExecuteUpdate
-- proven
UPDATE [s] SET [s].[Qty] = [s].[Qty] + 1.0 FROM [Stock] AS [s] WHERE [s].[TenantId] = @t AND [s].[Sku] = @sku

-- EF Core ExecuteDelete over a navigation
-- proven
DELETE FROM [m] FROM [ops].[Movements] AS [m] INNER JOIN [Stock] AS [s] ON [m].[StockId] = [s].[Id] WHERE [s].[TenantId] = @t AND [m].[At] < @before

-- EF Core batch of inserts by MERGE
-- proven
MERGE [Warehouses] USING (VALUES (@p0, @p1, 0), (@p2, @p3, 1)) AS i ([TenantId], [Code], _Position) ON 1=0 WHEN NOT MATCHED THEN INSERT ([TenantId], [Code]) VALUES (i.[TenantId], i.[Code]) OUTPUT INSERTED.[Id], i._Position;

-- merge of values by code
-- violation
MERGE [dbo].[Warehouses] WITH (HOLDLOCK) AS t USING (VALUES (@TenantId, @Code)) AS s ([TenantId], [Code]) ON t.[Code] = s.[Code] WHEN MATCHED THEN UPDATE SET [IsDeleted] = 0 WHEN NOT MATCHED THEN INSERT ([TenantId], [Code]) VALUES (s.[TenantId], s.[Code]);

-- merge of values by tenant and code
-- proven
MERGE [dbo].[Warehouses] WITH (HOLDLOCK) AS t USING (VALUES (@TenantId, @Code)) AS s ([TenantId], [Code]) ON t.[TenantId] = s.[TenantId] AND t.[Code] = s.[Code] WHEN MATCHED THEN UPDATE SET [IsDeleted] = 0 WHEN NOT MATCHED THEN INSERT ([TenantId], [Code]) VALUES (s.[TenantId], s.[Code]);

-- a running total by tenant
-- proven
SELECT [Sku], SUM([Qty]) OVER (PARTITION BY [WarehouseId] ORDER BY [Id] ROWS UNBOUNDED PRECEDING) FROM [Stock] WHERE [TenantId] = @t OPTION (RECOMPILE, MAXDOP 1)

-- a pivot of the own
-- proven
SELECT * FROM (SELECT [Sku], [WarehouseId], [Qty] FROM [Stock] WHERE [TenantId] = @t) AS src PIVOT (SUM([Qty]) FOR [WarehouseId] IN ([1], [2])) AS p

-- a pivot of everybody
-- violation
SELECT * FROM (SELECT [Sku], [WarehouseId], [Qty] FROM [Stock]) AS src PIVOT (SUM([Qty]) FOR [WarehouseId] IN ([1], [2])) AS p

-- an apply with a string split
-- proven
SELECT s.[Sku] FROM [dbo].[Stock] AS s CROSS APPLY STRING_SPLIT(@skus, ',') AS x WHERE s.[TenantId] = @t AND s.[Sku] = x.value

-- sp_executesql of a literal
-- proven
EXEC sp_executesql N'SELECT [Sku] FROM [dbo].[Stock] WHERE [TenantId] = @t', N'@t uniqueidentifier', @t = @TenantId

-- sp_executesql of a literal without the tenant
-- violation
EXEC sp_executesql N'SELECT [Sku] FROM [dbo].[Stock] WHERE [Sku] = @s', N'@s varchar(40)', @s

-- sp_executesql of a variable
-- opaque
EXEC sp_executesql @sql, N'@t uniqueidentifier', @TenantId

-- an unknown procedure
-- opaque
EXEC [ops].[ArchiveMovements] @TenantId = @t

-- a view
-- proven
SELECT [Code] FROM [dbo].[LiveWarehouses] WHERE [TenantId] = @t AND [Code] LIKE N'A%'

-- another database's copy
-- violation
SELECT [Code] FROM [Archive].[dbo].[Warehouses] WHERE [Code] = @c

-- units
-- proven
SELECT [Label] FROM [ref].[Units] WHERE [Code] = 'KGM'

-- for json
-- proven
SELECT w.[Code], (SELECT s.[Sku], s.[Qty] FROM [Stock] s WHERE s.[WarehouseId] = w.[Id] AND s.[TenantId] = w.[TenantId] FOR JSON PATH) AS [stock] FROM [Warehouses] w WHERE w.[TenantId] = @t FOR JSON PATH, ROOT('warehouses')

-- if exists then update, else insert (one statement; first labelled as two)
-- proven
IF EXISTS (SELECT 1 FROM Warehouses WITH (UPDLOCK) WHERE TenantId = @t AND Code = @c) UPDATE Warehouses SET IsDeleted = 0 WHERE TenantId = @t AND Code = @c ELSE INSERT INTO Warehouses (TenantId, Code) VALUES (@t, @c)

-- isnull switches the tenant off
-- violation TENSQL005
SELECT [Code] FROM [Warehouses] WHERE [TenantId] = ISNULL(@t, [TenantId])
