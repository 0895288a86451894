-- unload of a query in a string
-- violation TENSQL001
UNLOAD ('SELECT * FROM boats WHERE kind = ''x''') TO 's3://bucket/x' IAM_ROLE default

-- copy into a table
-- violation TENSQL014
COPY boats FROM 's3://bucket/boats' IAM_ROLE default FORMAT AS PARQUET

-- top
-- proven
SELECT TOP 5 name FROM boats WHERE harbour_id = $1

-- delete using
-- proven
DELETE FROM photos USING boats WHERE boats.id = photos.boat_id AND boats.harbour_id = $1

-- listagg of everybody
-- violation TENSQL001
SELECT LISTAGG(name, ',') WITHIN GROUP (ORDER BY name) FROM boats

-- qualify
-- proven
SELECT * FROM boats WHERE harbour_id = $1 QUALIFY ROW_NUMBER() OVER (PARTITION BY kind ORDER BY length) = 1

-- decode
-- violation
SELECT * FROM boats WHERE DECODE(harbour_id, $1, 1, 1) = 1

-- nvl of the column
-- proven
SELECT * FROM boats WHERE NVL(harbour_id, 'none') = $1

-- select into temp
-- violation TENSQL001
SELECT id INTO TEMP picked FROM boats WHERE kind = $1

-- cte deep copy
-- proven
CREATE TABLE boats_of_one AS SELECT * FROM boats WHERE harbour_id = $1
