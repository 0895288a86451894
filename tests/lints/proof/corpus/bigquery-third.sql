-- a table replaced by the tenant's rows
-- violation TENSQL014
CREATE OR REPLACE TABLE boats AS SELECT * FROM boats WHERE harbour_id = @h

-- a table of one's own replaced
-- proven
CREATE OR REPLACE TABLE mine AS SELECT * FROM boats WHERE harbour_id = @h

-- a transaction
-- proven ; proven ; proven
BEGIN TRANSACTION; UPDATE boats SET name = 'x' WHERE harbour_id = @h; COMMIT TRANSACTION

-- the tenant's rows replaced, all at once
-- proven
MERGE boats t USING (SELECT @h AS harbour_id, @i AS id) s ON FALSE WHEN NOT MATCHED BY SOURCE AND t.harbour_id = @h THEN DELETE WHEN NOT MATCHED THEN INSERT ROW

-- everybody's rows replaced, all at once
-- violation TENSQL003
MERGE boats t USING (SELECT @h AS harbour_id, @i AS id) s ON FALSE WHEN NOT MATCHED BY SOURCE THEN DELETE WHEN NOT MATCHED THEN INSERT ROW
