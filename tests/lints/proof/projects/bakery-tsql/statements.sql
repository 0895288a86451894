-- newest batches
-- proven
SELECT TOP (20) b.[BatchId], b.[Loaves] FROM [dbo].[Batches] AS b WITH (NOLOCK) WHERE b.[CompanyId] = @CompanyId ORDER BY b.[BakedAt] DESC

-- newest batches of everybody, then the company's
-- violation TENSQL012
SELECT * FROM (SELECT TOP 20 * FROM dbo.Batches ORDER BY BakedAt DESC) x WHERE x.CompanyId = @c

-- batches with their shops
-- weak TENSQL011
SELECT b.BatchId, s.Town FROM dbo.Batches b JOIN dbo.Shops s ON s.ShopId = b.ShopId WHERE b.CompanyId = @c

-- batches with their shops, both asked
-- proven
SELECT b.BatchId, s.Town FROM dbo.Batches b JOIN dbo.Shops s ON s.ShopId = b.ShopId AND s.CompanyId = @c WHERE b.CompanyId = @c

-- steps of a batch
-- violation
SELECT Step, Note FROM dbo.BatchSteps WHERE BatchId = @b ORDER BY Step

-- steps of a batch of the company's
-- proven
SELECT st.Step FROM dbo.BatchSteps st WHERE st.BatchId = @b AND st.BatchId IN (SELECT BatchId FROM dbo.Batches WHERE CompanyId = @c)

-- the view of large batches
-- proven
SELECT SUM(Loaves) FROM dbo.BigBatches WHERE CompanyId = @c

-- the view of large batches by number
-- violation
SELECT Loaves FROM dbo.BigBatches WHERE BatchId = @b

-- each shop's last batch
-- proven
SELECT s.Town, l.BakedAt FROM dbo.Shops s OUTER APPLY (SELECT TOP 1 b.BakedAt FROM dbo.Batches b WHERE b.ShopId = s.ShopId AND b.CompanyId = s.CompanyId ORDER BY b.BakedAt DESC) l WHERE s.CompanyId = @c

-- a merge of a list of values
-- proven
MERGE INTO dbo.Recipes AS t USING (VALUES (@id, @c, @title)) AS s (RecipeId, CompanyId, Title) ON t.RecipeId = s.RecipeId AND t.CompanyId = s.CompanyId WHEN MATCHED THEN UPDATE SET Title = s.Title WHEN NOT MATCHED THEN INSERT (CompanyId, Title) VALUES (s.CompanyId, s.Title);

-- a merge of a list of values by the number alone
-- violation
MERGE INTO dbo.Recipes AS t USING (VALUES (@id, @c, @title)) AS s (RecipeId, CompanyId, Title) ON t.RecipeId = s.RecipeId WHEN MATCHED THEN UPDATE SET Title = s.Title WHEN NOT MATCHED THEN INSERT (CompanyId, Title) VALUES (s.CompanyId, s.Title);

-- a merge that deletes the rest of the company's
-- proven
MERGE dbo.Shops AS t USING #incoming AS s ON t.ShopId = s.ShopId AND t.CompanyId = @c WHEN NOT MATCHED BY SOURCE AND t.CompanyId = @c THEN DELETE;

-- a merge that deletes the rest
-- violation TENSQL003
MERGE dbo.Shops AS t USING #incoming AS s ON t.ShopId = s.ShopId AND t.CompanyId = @c WHEN NOT MATCHED BY SOURCE THEN DELETE;

-- a procedure by its name alone
-- proven
EXECUTE Batch_List

-- a procedure and its company
-- proven
EXEC [dbo].[Batch_List] @CompanyId = @cid, @From = '2026-01-01'

-- a procedure and a company written in
-- weak TENSQL007
EXEC dbo.Batch_List 4

-- a procedure that deletes by number
-- violation TENSQL003
EXEC dbo.Batch_Delete @BatchId = @b

-- a procedure that looks first
-- proven
EXEC dbo.Batch_Save @CompanyId = @c, @BatchId = @b OUTPUT, @ShopId = @s, @RecipeId = @r, @Loaves = 3

-- a procedure of another database
-- opaque TENSQL013
EXEC reporting.dbo.Nightly @c

-- text that is run
-- opaque
EXEC sp_executesql @sql, N'@c INT', @c

-- text that is run, to be read
-- proven
EXEC sp_executesql N'SELECT Title FROM dbo.Recipes WHERE CompanyId = @c', N'@c INT', @c = @company

-- what goes is shown
-- proven
DELETE b OUTPUT deleted.BatchId FROM dbo.Batches b WHERE b.CompanyId = @c AND b.BakedAt < @before

-- batches counted into a variable
-- violation
SELECT @n = COUNT(*) FROM dbo.Batches WHERE ShopId = @s

-- companies by a list
-- weak TENSQL020
SELECT Name FROM dbo.Companies WHERE CompanyId IN @ids

-- a company by its slug
-- proven
SELECT CompanyId FROM dbo.Companies WHERE Slug = @slug
