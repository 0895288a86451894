-- ties of the own
-- proven
SELECT TOP (10) WITH TIES Number FROM dbo.Invoices WITH (NOLOCK, INDEX(UQ_Invoices)) WHERE CompanyId = @CompanyId ORDER BY Total

-- a hundred percent of all, filtered later
-- proven
SELECT x.Number FROM (SELECT TOP 100 PERCENT * FROM Invoices ORDER BY Total) x WHERE x.CompanyId = @c

-- the dearest invoice of each customer applied
-- proven
SELECT c.Email, x.Total FROM Customers c CROSS APPLY (SELECT TOP 1 Total FROM Invoices i WHERE i.CustomerId = c.CustomerId AND i.CompanyId = c.CompanyId ORDER BY Total DESC) x WHERE c.CompanyId = @c

-- the dearest invoice of everybody applied
-- violation TENSQL010
SELECT c.Email, x.Total FROM Customers c OUTER APPLY (SELECT TOP 1 Total FROM Invoices i ORDER BY Total DESC) x WHERE c.CompanyId = @c

-- output into a table variable
-- proven
UPDATE i SET i.Total = 0 OUTPUT deleted.Total, inserted.InvoiceId INTO @changed FROM dbo.Invoices AS i WHERE i.CompanyId = @c

-- deleted by id with its output
-- violation TENSQL003
DELETE TOP (5) FROM Invoices OUTPUT deleted.* WHERE InvoiceId = @id

-- deleted by the customer's company
-- weak TENSQL011
DELETE i OUTPUT deleted.Number FROM Invoices i INNER JOIN Customers c ON c.CustomerId = i.CustomerId WHERE c.CompanyId = @c

-- merge that holds the lock
-- proven
MERGE INTO Customers WITH (HOLDLOCK) AS t USING (SELECT @c AS CompanyId, @email AS Email) AS s ON t.CompanyId = s.CompanyId AND t.Email = s.Email WHEN MATCHED THEN UPDATE SET Email = s.Email WHEN NOT MATCHED BY TARGET THEN INSERT (CompanyId, Email) VALUES (s.CompanyId, s.Email) OUTPUT $action, inserted.CustomerId;

-- merge that deletes what the source lacks
-- violation TENSQL003
MERGE Customers AS t USING (SELECT @c AS CompanyId, @email AS Email) AS s ON t.CompanyId = s.CompanyId AND t.Email = s.Email WHEN NOT MATCHED BY SOURCE THEN DELETE;

-- merge that deletes the own that the source lacks
-- proven
MERGE Customers AS t USING (SELECT @c AS CompanyId, @email AS Email) AS s ON t.CompanyId = s.CompanyId AND t.Email = s.Email WHEN NOT MATCHED BY SOURCE AND t.CompanyId = @c THEN DELETE;

-- zero switches the company off
-- violation TENSQL005
SELECT Number FROM Invoices WHERE CompanyId = COALESCE(NULLIF(@c, 0), CompanyId)

-- the next number of the own
-- proven
INSERT INTO Invoices (CompanyId, Number) OUTPUT inserted.InvoiceId SELECT CompanyId, MAX(Number) + 1 FROM Invoices WHERE CompanyId = @c GROUP BY CompanyId

-- a temporary table of the own
-- proven ; proven
SELECT * INTO #mine FROM Invoices WHERE CompanyId = @c; SELECT Total FROM #mine

-- a temporary table of everybody's, filtered when read
-- violation ; proven
SELECT * INTO #work FROM Invoices; SELECT Total FROM #work WHERE CompanyId = @c

-- a cube without its totals
-- proven
SELECT CompanyId, SUM(Total) FROM Invoices GROUP BY CUBE (CompanyId) HAVING GROUPING(CompanyId) = 0 AND CompanyId = @c

-- duplicates of the own deleted through an expression
-- proven
WITH d AS (SELECT *, ROW_NUMBER() OVER (PARTITION BY Total ORDER BY InvoiceId) AS rn FROM Invoices WHERE CompanyId = @c) DELETE FROM d WHERE rn > 1

-- duplicates of everybody deleted through an expression
-- violation TENSQL003
WITH d AS (SELECT *, ROW_NUMBER() OVER (PARTITION BY Number ORDER BY InvoiceId) AS rn FROM Invoices) DELETE FROM d WHERE rn > 1

-- as of a time
-- proven
SELECT Number FROM Invoices FOR SYSTEM_TIME AS OF @t WHERE CompanyId = @c

-- keys of a JSON text
-- violation
SELECT i.Number FROM OPENJSON(@j) WITH (Id int '$.id') j JOIN Invoices i ON i.InvoiceId = j.Id

-- keys of a JSON text beside the company
-- proven
SELECT i.Number FROM OPENJSON(@j) WITH (Id int '$.id') j JOIN Invoices i ON i.InvoiceId = j.Id AND i.CompanyId = @c

-- the session's company
-- proven
SELECT STRING_AGG(Email, ';') WITHIN GROUP (ORDER BY Email) FROM Customers WHERE CompanyId = CAST(SESSION_CONTEXT(N'CompanyId') AS int)

-- lines by an old join
-- proven
SELECT l.Sku FROM InvoiceLines l, Invoices i, Customers c WHERE l.InvoiceId = i.InvoiceId AND i.CustomerId = c.CustomerId AND c.CompanyId = @c AND i.CompanyId = c.CompanyId

-- an existence of an intersection of values
-- proven
SELECT i.Number FROM Invoices i WHERE i.CompanyId = @c AND EXISTS (SELECT i.Total INTERSECT SELECT NULL)

-- or no company given
-- violation
UPDATE Invoices SET Total = 0 WHERE CompanyId = @c OR @c IS NULL
