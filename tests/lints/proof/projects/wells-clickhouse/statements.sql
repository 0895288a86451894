-- levels by hour
-- proven
SELECT toStartOfHour(at) AS h, avg(level) FROM readings PREWHERE tenant_id = {t:UInt32} WHERE at >= now() - INTERVAL 1 DAY GROUP BY h ORDER BY h WITH FILL

-- levels by hour of everybody
-- violation TENSQL001
SELECT toStartOfHour(at) AS h, avg(level) FROM readings WHERE well_id = {w:UInt64} GROUP BY h

-- the newest of each well
-- proven
SELECT well_id, at, level FROM readings WHERE tenant_id = {t:UInt32} ORDER BY at DESC LIMIT 1 BY well_id

-- the newest of each well, then the tenant's
-- violation TENSQL012
SELECT * FROM (SELECT * FROM readings ORDER BY at DESC LIMIT 1 BY well_id) WHERE tenant_id = {t:UInt32}

-- names beside levels
-- proven
SELECT w.name, r.level FROM readings r ANY LEFT JOIN wells w ON w.well_id = r.well_id AND w.tenant_id = r.tenant_id WHERE r.tenant_id = {t:UInt32}

-- names beside levels by the number
-- violation
SELECT w.name, r.level FROM readings r ANY LEFT JOIN wells w ON w.well_id = r.well_id WHERE r.tenant_id = {t:UInt32}

-- names joined by both
-- proven
SELECT name, level FROM readings INNER JOIN wells USING (tenant_id, well_id) WHERE tenant_id = {t:UInt32}

-- final names
-- proven
SELECT name FROM wells FINAL WHERE tenant_id = {t:UInt32} SETTINGS max_threads = 2

-- sums that were kept
-- proven
SELECT day, sumMerge(total) FROM daily WHERE tenant_id = {t:UInt32} GROUP BY day

-- sums of everybody
-- violation
SELECT day, sumMerge(total) FROM daily GROUP BY day

-- a calendar beside the sums
-- proven
SELECT c.label, sumMerge(d.total) FROM calendar c LEFT JOIN daily d ON d.day = c.day AND d.tenant_id = {t:UInt32} GROUP BY c.label

-- wells that were read
-- proven
SELECT name FROM wells w LEFT SEMI JOIN readings r ON r.tenant_id = w.tenant_id AND r.well_id = w.well_id WHERE w.tenant_id = {t:UInt32}

-- wells that were never read
-- proven
SELECT w.name FROM wells w LEFT ANTI JOIN readings r ON r.tenant_id = w.tenant_id AND r.well_id = w.well_id WHERE w.tenant_id = {t:UInt32}

-- wells that nobody ever read
-- violation
SELECT w.name FROM wells w LEFT ANTI JOIN readings r ON r.well_id = w.well_id WHERE w.tenant_id = {t:UInt32}

-- wells in a set
-- violation
SELECT count() FROM readings WHERE tenant_id = {t:UInt32} AND well_id IN (SELECT well_id FROM wells WHERE name LIKE 'A%')

-- wells in a set of the tenant's
-- proven
SELECT count() FROM readings WHERE (tenant_id, well_id) IN (SELECT tenant_id, well_id FROM wells WHERE tenant_id = {t:UInt32} AND name LIKE 'A%')

-- a mutation
-- violation TENSQL003
ALTER TABLE readings DELETE WHERE at < '2020-01-01'

-- a mutation for the tenant
-- proven
ALTER TABLE readings DELETE WHERE tenant_id = {t:UInt32} AND at < '2020-01-01'

-- a light delete
-- proven
DELETE FROM readings WHERE tenant_id = {t:UInt32} AND well_id = {w:UInt64}

-- copied from another table
-- opaque TENSQL000
INSERT INTO readings SELECT 7, well_id, at, level FROM staging_readings

-- another server's table
-- opaque
SELECT * FROM remote('other:9000', db.readings) WHERE tenant_id = {t:UInt32}

-- a tenant of two
-- proven
SELECT count() FROM readings WHERE tenant_id IN ({a:UInt32}, {b:UInt32})

-- with a name for a value
-- proven
WITH {t:UInt32} AS me SELECT name FROM wells WHERE tenant_id = me

-- a tenant in the alternative
-- violation TENSQL006
SELECT * FROM readings WHERE tenant_id = {t:UInt32} OR well_id = {w:UInt64}

-- a sample of everybody
-- violation
SELECT level FROM readings SAMPLE 0.1
