-- unnest with ordinality
-- proven
SELECT r.id, s.name FROM hive.rides.rides r CROSS JOIN UNNEST(r.stops) WITH ORDINALITY AS s (name, at, n) WHERE r.tenant_id = ?

-- a lambda
-- proven
SELECT filter(stops, x -> x.name <> '') FROM rides WHERE tenant_id = ? AND any_match(stops, x -> x.name = ?)

-- no tenant
-- violation TENSQL001
SELECT approx_percentile(fare, 0.5) FROM rides WHERE driver = ?

-- try cast
-- proven
SELECT * FROM drivers WHERE tenant_id = TRY_CAST(? AS BIGINT)

-- max by over all
-- violation
SELECT max_by(driver, fare) FROM rides TABLESAMPLE BERNOULLI (10)

-- created from the tenant's
-- proven
CREATE TABLE copy_of WITH (format = 'ORC') AS SELECT * FROM rides WHERE tenant_id = ? WITH NO DATA

-- fetch first
-- proven
SELECT id FROM rides WHERE tenant_id = ? ORDER BY fare OFFSET 5 ROWS FETCH FIRST 10 ROWS ONLY
