-- the last reading of every meter
-- violation TENSQL001
SELECT * FROM READINGS QUALIFY ROW_NUMBER() OVER (PARTITION BY METER_ID ORDER BY TS DESC) = 1

-- the last reading of the tenant's meters
-- proven
SELECT * FROM READINGS WHERE UTILITY_ID = ? QUALIFY ROW_NUMBER() OVER (PARTITION BY METER_ID ORDER BY TS DESC) = 1

-- the tenant asked for after windows that keep tenants apart
-- proven
SELECT * FROM READINGS QUALIFY ROW_NUMBER() OVER (PARTITION BY UTILITY_ID, METER_ID ORDER BY TS DESC) = 1 AND UTILITY_ID = ?

-- elements of the payload
-- proven
SELECT r.METER_ID, f.value FROM READINGS r, LATERAL FLATTEN(input => r.PAYLOAD:items) f WHERE r.UTILITY_ID = ?

-- a sample
-- proven
SELECT * FROM METERS SAMPLE (10) WHERE UTILITY_ID = ?

-- as it was an hour ago
-- proven
SELECT * FROM METERS AT (OFFSET => -3600) WHERE UTILITY_ID = ?

-- as it was before, of everybody
-- violation TENSQL001
SELECT * FROM METERS BEFORE (STATEMENT => '01a2')

-- merge in three branches
-- proven
MERGE INTO TARIFFS t USING (SELECT ? AS U, ? AS C, ? AS R) s ON t.UTILITY_ID = s.U AND t.CODE = s.C WHEN MATCHED AND s.R IS NULL THEN DELETE WHEN MATCHED THEN UPDATE SET RATE = s.R WHEN NOT MATCHED THEN INSERT (UTILITY_ID, CODE, RATE) VALUES (s.U, s.C, s.R)

-- rows of a file
-- violation TENSQL014
COPY INTO READINGS FROM @incoming/readings.csv

-- rows into a file, of one tenant by name
-- weak TENSQL007
COPY INTO @outgoing/u1 FROM (SELECT * FROM READINGS WHERE UTILITY_ID = 'u1')

-- a table overwritten
-- violation
INSERT OVERWRITE INTO TARIFFS SELECT * FROM TARIFFS WHERE UTILITY_ID = ?

-- a temporary table of the tenant's rows
-- proven ; proven
CREATE TEMPORARY TABLE MINE AS SELECT * FROM READINGS WHERE UTILITY_ID = ?; SELECT SUM(KWH) FROM MINE

-- an update by another table's tenant
-- violation TENSQL002
UPDATE METERS m SET PARENT_METER_ID = NULL FROM READINGS r WHERE r.METER_ID = m.ID AND r.UTILITY_ID = ?

-- a delete with another table of the same tenant
-- proven
DELETE FROM METERS USING READINGS r WHERE r.METER_ID = METERS.ID AND METERS.UTILITY_ID = ? AND r.UTILITY_ID = METERS.UTILITY_ID

-- what was asked last
-- opaque
SELECT * FROM TABLE(RESULT_SCAN(LAST_QUERY_ID()))

-- all columns but one
-- proven
SELECT * EXCLUDE (PAYLOAD) FROM READINGS WHERE UTILITY_ID = ?

-- a table whose name is handed in
-- opaque
SELECT * FROM IDENTIFIER(?)

-- the rate that was valid then
-- proven
SELECT r.TS, t.RATE FROM READINGS r ASOF JOIN TARIFFS t MATCH_CONDITION (r.TS >= t.VALID_FROM) ON r.UTILITY_ID = t.UTILITY_ID WHERE r.UTILITY_ID = ?
