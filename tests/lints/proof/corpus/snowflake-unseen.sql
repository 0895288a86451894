-- qualify within the tenant
-- proven
SELECT * FROM boats QUALIFY ROW_NUMBER() OVER (PARTITION BY harbour_id, kind ORDER BY length) = 1 AND harbour_id = ?

-- qualify with the tenant over a window of all
-- violation
SELECT * FROM boats QUALIFY ROW_NUMBER() OVER (PARTITION BY kind ORDER BY length) = 1 AND harbour_id = ?

-- where before qualify
-- proven
SELECT * FROM boats WHERE harbour_id = ? QUALIFY ROW_NUMBER() OVER (PARTITION BY kind ORDER BY length) = 1

-- time travel
-- proven
SELECT * FROM boats AT (OFFSET => -3600) WHERE harbour_id = ?

-- time travel by id
-- violation TENSQL001
SELECT * FROM boats BEFORE (STATEMENT => '8e5d0ca9-005e-44e6-b858-a8f5b37c5726') WHERE id = ?

-- flatten of a column
-- proven
SELECT b.name, f.value FROM boats b, LATERAL FLATTEN(input => b.kind) f WHERE b.harbour_id = ?

-- merge on tenant and id
-- proven
MERGE INTO boats t USING (SELECT ? AS id, ? AS harbour_id, ? AS name) s ON t.id = s.id AND t.harbour_id = s.harbour_id WHEN MATCHED THEN UPDATE SET t.name = s.name WHEN NOT MATCHED THEN INSERT (id, harbour_id, name) VALUES (s.id, s.harbour_id, s.name)

-- merge on the id
-- violation
MERGE INTO boats t USING (SELECT ? AS id, ? AS name) s ON t.id = s.id WHEN MATCHED THEN UPDATE SET t.name = s.name

-- exclude in the list
-- proven
SELECT * EXCLUDE (registration) FROM boats WHERE harbour_id = ?

-- like any
-- violation TENSQL001
SELECT * FROM boats WHERE harbour_id LIKE ANY (?, ?)

-- insert overwrite
-- violation TENSQL014
INSERT OVERWRITE INTO boats SELECT * FROM boats WHERE harbour_id = ?

-- copy into a stage of the tenant's
-- proven
COPY INTO @stage/boats FROM (SELECT * FROM boats WHERE harbour_id = 'a' AND harbour_id = ?)

-- copy into a stage of a table
-- violation TENSQL014
COPY INTO @stage/boats FROM boats

-- result of an earlier query
-- opaque
SELECT * FROM TABLE(RESULT_SCAN(LAST_QUERY_ID()))

-- folding to upper case
-- proven
SELECT "NAME" FROM BOATS WHERE "HARBOUR_ID" = ?

-- iff
-- violation TENSQL005
SELECT * FROM boats WHERE IFF(? IS NULL, TRUE, harbour_id = ?)

-- equal null
-- proven
SELECT * FROM boats WHERE EQUAL_NULL(harbour_id, ?)

-- table sampled before
-- proven
SELECT * FROM boats SAMPLE (10) WHERE harbour_id = ?
