-- Dapper by member
-- violation TENSQL001
SELECT Points FROM dbo.Members WHERE MemberId = @MemberId

-- Dapper by member and brand
-- proven
SELECT Points FROM dbo.Members WHERE MemberId = @MemberId AND BrandId = @BrandId

-- ledger through the member
-- proven
SELECT TOP (50) l.Delta FROM dbo.Ledger l INNER JOIN dbo.Members m ON m.MemberId = l.MemberId WHERE m.BrandId = @BrandId ORDER BY l.At DESC

-- balance by apply
-- proven
SELECT m.Email, b.Balance FROM Members m OUTER APPLY (SELECT SUM(l.Delta) AS Balance FROM Ledger l WHERE l.MemberId = m.MemberId) b WHERE m.BrandId = @b

-- delete from a join, two FROMs
-- proven
DELETE FROM l FROM Ledger AS l INNER JOIN Members AS m ON l.MemberId = m.MemberId WHERE m.BrandId = @b AND l.At < @before

-- delete of the members while only the ledger is asked
-- violation
DELETE FROM Members FROM Ledger AS l WHERE l.MemberId = @m

-- the brand looked up by the member
-- proven ; violation ; violation
DECLARE @b INT; SELECT @b = BrandId FROM Members WHERE MemberId = @m; SELECT Email FROM Members WHERE BrandId = @b

-- an entry for a member
-- violation TENSQL019
INSERT INTO dbo.Ledger (MemberId, Delta, At) VALUES (@m, @d, SYSUTCDATETIME())

-- an entry for an own member
-- proven
INSERT INTO dbo.Ledger (MemberId, Delta, At) SELECT m.MemberId, @d, SYSUTCDATETIME() FROM dbo.Members m WHERE m.MemberId = @m AND m.BrandId = @b

-- update or insert
-- proven
IF EXISTS (SELECT 1 FROM Members WHERE BrandId = @b AND Email = @e) UPDATE Members SET Points += @p WHERE BrandId = @b AND Email = @e ELSE INSERT Members (BrandId, Email, Points) VALUES (@b, @e, @p)
