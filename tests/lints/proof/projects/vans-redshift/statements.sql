-- unload of a literal depot
-- weak TENSQL007
UNLOAD ('SELECT * FROM trips WHERE depot_id = 7') TO 's3://b/t_' IAM_ROLE default PARQUET

-- unload of all
-- violation
UNLOAD ('SELECT * FROM trips') TO 's3://b/t_' IAM_ROLE default

-- copy
-- violation TENSQL014
COPY fuel FROM 's3://b/fuel' IAM_ROLE default CSV

-- median in the depot
-- proven
SELECT MEDIAN(km) FROM trips WHERE depot_id = $1

-- qualify
-- proven
SELECT id FROM trips WHERE depot_id = $1 QUALIFY RANK() OVER (ORDER BY km DESC) <= 3

-- super unnested
-- proven
SELECT t.id, s.name FROM trips t, t.extra.stops s WHERE t.depot_id = $1

-- top
-- violation
SELECT TOP 5 km FROM trips ORDER BY km DESC

-- staged upsert by delete
-- violation TENSQL003
DELETE FROM fuel USING staging WHERE fuel.id = staging.id

-- a late binding view
-- proven
SELECT v.plate FROM vans v WHERE v.depot_id = $1 AND v.id IN (SELECT van_id FROM trips WHERE depot_id = $1 MINUS SELECT id FROM vans WHERE depot_id = $1 AND plate IS NULL)

-- a deep copy
-- proven violation
CREATE TABLE trips_new (LIKE trips); INSERT INTO trips_new (SELECT * FROM trips)
