-- entity framework's paging
-- proven
SELECT [s].[Id], [s].[Price] FROM [Shows] AS [s] WHERE [s].[TenantId] = @__ef_filter__tenant_0 AND [s].[StartsAt] > @__p_0 ORDER BY [s].[StartsAt] OFFSET @__p_1 ROWS FETCH NEXT @__p_2 ROWS ONLY

-- entity framework's filter switched off by a flag
-- violation
SELECT [s].[Id] FROM [Shows] AS [s] WHERE @__ef_filter__p_0 = CAST(1 AS bit) OR [s].[TenantId] = @__ef_filter__tenant_1

-- entity framework's include
-- proven
SELECT [s].[Id], [t].[Seat] FROM [Shows] AS [s] LEFT JOIN [Tickets] AS [t] ON [s].[Id] = [t].[ShowId] WHERE [s].[TenantId] = @__tenant_0 ORDER BY [s].[Id]

-- entity framework's exists
-- proven
SELECT CASE WHEN EXISTS (SELECT 1 FROM [Shows] AS [s] WHERE [s].[TenantId] = @__t_0 AND [s].[Id] = @__id_1) THEN CAST(1 AS bit) ELSE CAST(0 AS bit) END

-- entity framework's update returning
-- proven violation TENSQL002
SET NOCOUNT ON; UPDATE [Shows] SET [Price] = @p0 OUTPUT 1 WHERE [Id] = @p1

-- a variable assigned from the tenant's row
-- proven proven
DECLARE @h int; SELECT @h = HallId FROM Shows WHERE TenantId = @t AND Id = @s

-- an insert with the identity back
-- proven
INSERT INTO [Halls] ([TenantId], [Seats]) OUTPUT INSERTED.[Id] VALUES (@t, @n)

-- apply with top over all tickets
-- violation
SELECT s.Id, x.Buyer FROM Shows s CROSS APPLY (SELECT TOP 1 t.Buyer FROM Tickets t ORDER BY t.Id DESC) x WHERE s.TenantId = @t

-- string agg
-- proven
SELECT s.Id, STRING_AGG(t.Buyer, ',') WITHIN GROUP (ORDER BY t.Seat) FROM Shows s JOIN Tickets t ON t.ShowId = s.Id WHERE s.TenantId = @t GROUP BY s.Id

-- exists with intersect for null-safe comparison
-- proven
SELECT s.Id FROM Shows s WHERE EXISTS (SELECT s.TenantId INTERSECT SELECT @t)

-- choose
-- violation
SELECT s.Id FROM Shows s WHERE s.TenantId = CHOOSE(@i, @t, s.TenantId)

-- delete top in a loop
-- violation
DELETE TOP (500) FROM Tickets WHERE Buyer IS NULL

-- delete output into the archive table variable
-- proven
DELETE t OUTPUT deleted.Seat FROM Tickets t JOIN Shows s ON s.Id = t.ShowId WHERE s.TenantId = @t AND s.StartsAt < SYSUTCDATETIME()

-- a hall by the show's simple key
-- weak TENSQL011
SELECT h.Seats FROM Shows s JOIN Halls h ON h.Id = s.HallId WHERE s.TenantId = @t
