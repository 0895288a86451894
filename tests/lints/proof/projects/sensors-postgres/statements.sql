-- four levels down
-- proven
SELECT s.at, s.value FROM samples s JOIN devices d ON d.id = s.device_id JOIN environments e ON e.id = d.environment_id JOIN projects p ON p.id = e.project_id WHERE p.organization_id = $1 AND s.device_id = $2 AND s.at >= now() - interval '1 day'

-- three levels down, the organisation forgotten
-- violation
SELECT d.serial FROM devices d JOIN environments e ON e.id = d.environment_id JOIN projects p ON p.id = e.project_id WHERE e.kind = $1

-- a level left out of the chain
-- violation
SELECT d.serial FROM devices d, environments e, projects p WHERE p.id = e.project_id AND p.organization_id = $1 AND d.serial = $2

-- the chain as nested IN
-- proven
SELECT serial FROM devices WHERE environment_id IN (SELECT id FROM environments WHERE project_id IN (SELECT id FROM projects WHERE organization_id = $1))

-- the chain as EXISTS
-- proven
UPDATE devices d SET attrs = jsonb_set(attrs, '{seen}', to_jsonb(now())) WHERE d.serial = $2 AND EXISTS (SELECT 1 FROM environments e JOIN projects p ON p.id = e.project_id WHERE e.id = d.environment_id AND p.organization_id = $1)

-- the chain as EXISTS, not tied to the device
-- violation TENSQL002
UPDATE devices d SET attrs = '{}' WHERE d.serial = $2 AND EXISTS (SELECT 1 FROM environments e JOIN projects p ON p.id = e.project_id WHERE p.organization_id = $1)

-- a view that shows the path
-- proven
SELECT serial FROM device_paths WHERE organization_id = $1 AND serial LIKE $2 || '%'

-- a view that shows the path, by project
-- violation
SELECT serial FROM device_paths WHERE project_id = $1

-- a materialised view by its organisation
-- proven
SELECT day, mean FROM daily WHERE organization_id = $1 AND day >= $2

-- a materialised view by device
-- violation
SELECT day, mean FROM daily WHERE device_id = $1

-- nearest devices of the organisation, PostGIS
-- proven
SELECT v.serial, ST_Distance(d.location, ST_MakePoint($2, $3)::geography) AS m FROM devices d JOIN device_paths v ON v.device_id = d.id WHERE v.organization_id = $1 AND ST_DWithin(d.location, ST_MakePoint($2, $3)::geography, 5000) ORDER BY d.location <-> ST_MakePoint($2, $3)::geography LIMIT 10

-- nearest devices of everybody
-- violation TENSQL001
SELECT serial FROM devices WHERE ST_DWithin(location, ST_SetSRID(ST_MakePoint($1, $2), 4326)::geography, $3)

-- a job queue, claimed for the organisation
-- proven
UPDATE alerts SET claimed_by = $2, claimed_at = now() WHERE id = (SELECT id FROM alerts WHERE organization_id = $1 AND open AND claimed_by IS NULL ORDER BY level DESC, id FOR UPDATE SKIP LOCKED LIMIT 1) AND organization_id = $1 RETURNING id, level

-- a job queue, claimed for the organisation in the sub-select only
-- proven
UPDATE alerts SET claimed_by = $2 WHERE id IN (SELECT id FROM alerts WHERE organization_id = $1 AND open ORDER BY id FOR UPDATE SKIP LOCKED LIMIT 10) RETURNING *

-- policies alone
-- weak TENSQL023
SELECT id, level FROM alerts WHERE open ORDER BY level DESC

-- policies alone on the written row
-- weak TENSQL023
UPDATE alerts SET open = false WHERE id = $1

-- the setting by name
-- proven
SELECT id FROM alerts WHERE organization_id = current_setting('app.organization_id', true)::uuid

-- the setting or everything when it is missing
-- weak TENSQL023
SELECT id FROM alerts WHERE organization_id = current_setting('app.organization_id', true)::uuid OR current_setting('app.organization_id', true) IS NULL

-- tags of the own devices by array
-- proven
SELECT d.id FROM devices d JOIN device_paths v ON v.device_id = d.id AND v.organization_id = $1 WHERE d.tags && $2::text[] AND 'cold' = ANY (d.tags)

-- the tokens of a table made in a DO block
-- proven
SELECT id FROM api_tokens WHERE organization_id = $1 AND expires_at > now()

-- the tokens of anybody
-- violation TENSQL001
SELECT id FROM api_tokens WHERE expires_at < now()

-- samples in bulk, devices of the organisation
-- proven
INSERT INTO samples (device_id, at, value) SELECT d.id, x.at, x.value FROM unnest($2::text[], $3::timestamptz[], $4::float8[]) AS x(serial, at, value) JOIN devices d ON d.serial = x.serial JOIN environments e ON e.id = d.environment_id JOIN projects p ON p.id = e.project_id AND p.organization_id = $1 ON CONFLICT (device_id, at) DO UPDATE SET value = EXCLUDED.value

-- samples in bulk, devices as they say
-- violation TENSQL019
INSERT INTO samples (device_id, at, value) SELECT * FROM unnest($1::bigint[], $2::timestamptz[], $3::float8[]) ON CONFLICT (device_id, at) DO UPDATE SET value = EXCLUDED.value

-- a bucket of time with gaps filled
-- proven
WITH mine AS MATERIALIZED (SELECT d.id FROM devices d JOIN device_paths v ON v.device_id = d.id WHERE v.organization_id = $1), t AS (SELECT generate_series($2::timestamptz, $3, '1 hour') AS h) SELECT t.h, avg(s.value) FROM t LEFT JOIN samples s ON s.at >= t.h AND s.at < t.h + interval '1 hour' AND s.device_id IN (SELECT id FROM mine) GROUP BY t.h

-- a bucket of time over everybody's samples
-- violation
WITH mine AS MATERIALIZED (SELECT d.id FROM devices d JOIN device_paths v ON v.device_id = d.id WHERE v.organization_id = $1), t AS (SELECT generate_series($2::timestamptz, $3, '1 hour') AS h) SELECT t.h, avg(s.value) FROM t LEFT JOIN samples s ON s.at >= t.h AND s.at < t.h + interval '1 hour' WHERE EXISTS (SELECT 1 FROM mine) GROUP BY t.h

-- the last sample of each own device, laterally
-- proven
SELECT d.serial, l.value FROM device_paths v JOIN devices d ON d.id = v.device_id CROSS JOIN LATERAL (SELECT value FROM samples s WHERE s.device_id = d.id ORDER BY at DESC LIMIT 1) l WHERE v.organization_id = $1

-- the last sample of each device by DISTINCT ON
-- proven
SELECT DISTINCT ON (s.device_id) s.device_id, s.value FROM samples s JOIN devices d ON d.id = s.device_id JOIN environments e ON e.id = d.environment_id JOIN projects p ON p.id = e.project_id WHERE p.organization_id = $1 ORDER BY s.device_id, s.at DESC

-- firmware for everybody
-- proven
SELECT version FROM firmware ORDER BY string_to_array(version, '.')::int[] DESC LIMIT 1

-- a DO block that prunes
-- violation TENSQL003
DO $do$ BEGIN DELETE FROM samples WHERE at < now() - interval '90 days'; END $do$

-- an environment put under a project of anybody's
-- violation TENSQL019
INSERT INTO environments (project_id, kind) VALUES ($1, 'dev')

-- an environment put under the own project
-- proven
INSERT INTO environments (project_id, kind) SELECT p.id, 'dev' FROM projects p WHERE p.id = $2 AND p.organization_id = $1
