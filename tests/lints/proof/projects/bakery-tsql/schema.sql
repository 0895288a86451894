CREATE TABLE [dbo].[Companies] ([CompanyId] INT IDENTITY PRIMARY KEY, [Name] NVARCHAR(80), [Slug] NVARCHAR(40) NOT NULL UNIQUE);
GO
CREATE TABLE [dbo].[Shops] ([ShopId] INT IDENTITY PRIMARY KEY, [CompanyId] INT NOT NULL REFERENCES [dbo].[Companies] ([CompanyId]), [Town] NVARCHAR(60));
GO
CREATE TABLE [dbo].[Recipes] ([RecipeId] INT IDENTITY PRIMARY KEY, [CompanyId] INT NOT NULL REFERENCES [dbo].[Companies] ([CompanyId]), [Title] NVARCHAR(60), [Minutes] INT);
GO
CREATE TABLE [dbo].[Batches] ([BatchId] BIGINT IDENTITY PRIMARY KEY, [CompanyId] INT NOT NULL REFERENCES [dbo].[Companies] ([CompanyId]), [ShopId] INT NOT NULL REFERENCES [dbo].[Shops] ([ShopId]), [RecipeId] INT NOT NULL REFERENCES [dbo].[Recipes] ([RecipeId]), [Loaves] INT, [BakedAt] DATETIME2);
GO
CREATE TABLE [dbo].[BatchSteps] ([BatchId] BIGINT NOT NULL REFERENCES [dbo].[Batches] ([BatchId]), [Step] INT NOT NULL, [Note] NVARCHAR(200), PRIMARY KEY ([BatchId], [Step]));
GO
CREATE TABLE [dbo].[Allergens] ([Code] CHAR(3) PRIMARY KEY, [Label] NVARCHAR(40));
GO
CREATE VIEW [dbo].[BigBatches] AS SELECT [BatchId], [CompanyId], [Loaves] FROM [dbo].[Batches] WHERE [Loaves] > 100;
GO
CREATE PROCEDURE [dbo].[Batch_List] @CompanyId INT, @From DATETIME2 = NULL AS
BEGIN
    SET NOCOUNT ON;
    SELECT b.BatchId, r.Title FROM dbo.Batches b INNER JOIN dbo.Recipes r ON r.RecipeId = b.RecipeId AND r.CompanyId = b.CompanyId
    WHERE b.CompanyId = @CompanyId AND (@From IS NULL OR b.BakedAt >= @From)
    ORDER BY b.BatchId DESC OFFSET 0 ROWS FETCH NEXT 50 ROWS ONLY
END
GO
CREATE PROCEDURE [dbo].[Batch_Delete] @BatchId BIGINT AS
SET NOCOUNT ON;
DELETE FROM dbo.BatchSteps WHERE BatchId = @BatchId;
DELETE FROM dbo.Batches WHERE BatchId = @BatchId;
GO
CREATE OR ALTER PROC [dbo].[Batch_Save] @CompanyId INT, @BatchId BIGINT OUTPUT, @ShopId INT, @RecipeId INT, @Loaves INT AS
BEGIN
    IF EXISTS (SELECT 1 FROM dbo.Batches WHERE BatchId = @BatchId AND CompanyId = @CompanyId)
        UPDATE dbo.Batches SET Loaves = @Loaves WHERE BatchId = @BatchId AND CompanyId = @CompanyId
    ELSE
    BEGIN
        INSERT INTO dbo.Batches (CompanyId, ShopId, RecipeId, Loaves) VALUES (@CompanyId, @ShopId, @RecipeId, @Loaves)
        SET @BatchId = SCOPE_IDENTITY()
    END
END
GO
