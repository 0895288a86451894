-- a table replaced by the tenant's rows
-- violation TENSQL014
CREATE OR REPLACE TABLE boats AS SELECT * FROM boats WHERE harbour_id = @h

-- a table of one's own replaced
-- proven
CREATE OR REPLACE TABLE mine AS SELECT * FROM boats WHERE harbour_id = @h

-- a transaction
-- proven ; proven ; proven
BEGIN TRANSACTION; UPDATE boats SET name = 'x' WHERE harbour_id = @h; COMMIT TRANSACTION
