-- a view distinct by tenant and sample
-- proven
SELECT value FROM latest WHERE workspace_id = $1

-- a view distinct by sample, whose row is one tenant's
-- violation TENSQL012
SELECT value FROM newest WHERE workspace_id = $1

-- quota taken by its primary key
-- proven
UPDATE quotas SET used = used + $2 WHERE workspace_id = $1 AND used + $2 <= max RETURNING max - used

-- insert select on conflict do nothing returning
-- proven
INSERT INTO samples (id, workspace_id, code) SELECT gen_random_uuid(), $1, c FROM unnest($2::text[]) AS c ON CONFLICT (workspace_id, code) DO NOTHING RETURNING id

-- moved to the archive and deleted
-- proven
WITH moved AS (DELETE FROM results WHERE workspace_id = $1 AND at < $2 RETURNING id, workspace_id, value) INSERT INTO archive.results SELECT id, workspace_id, value FROM moved

-- moved to the archive, the tenant's name another
-- violation
WITH moved AS (DELETE FROM results WHERE at < $2 RETURNING id, value) INSERT INTO archive.results (id, workspace_id, value) SELECT id, $1, value FROM moved

-- array overlap and containment within
-- proven
SELECT id FROM samples WHERE workspace_id = $1 AND tags && $2 AND attrs @? '$.a[*] ? (@ > 2)' AND NOT tags @> ARRAY['x']

-- either by a tenant or by none
-- violation
SELECT id FROM samples WHERE (workspace_id = $1) IS NOT FALSE AND code = $2

-- is true
-- proven
SELECT id FROM samples WHERE (workspace_id = $1 AND code = $2) IS TRUE

-- a scalar subquery as the tenant
-- proven
SELECT id FROM samples WHERE workspace_id = (SELECT id FROM workspaces WHERE id = $1)

-- a scalar subquery as any tenant
-- violation
SELECT id FROM samples WHERE workspace_id = (SELECT id FROM workspaces ORDER BY name LIMIT 1)

-- any tenant of a list of all
-- violation
SELECT id FROM samples WHERE workspace_id = ANY (ARRAY(SELECT id FROM workspaces))

-- the tenant of a sample by another's id
-- violation
SELECT * FROM results WHERE workspace_id = (SELECT workspace_id FROM samples WHERE id = $1)

-- lateral values
-- proven
SELECT s.code, v.x FROM samples s CROSS JOIN LATERAL (VALUES (s.code), (s.parent_id::text)) v(x) WHERE s.workspace_id = $1

-- a full join of two tenants' sides
-- proven
SELECT * FROM (SELECT * FROM samples WHERE workspace_id = $1) a FULL JOIN (SELECT * FROM results WHERE workspace_id = $1) b ON b.sample_id = a.id

-- a full join filtered afterwards on one side
-- violation
SELECT * FROM samples a FULL JOIN results b ON b.sample_id = a.id WHERE a.workspace_id = $1 OR a.id IS NULL

-- comments three steps away by composite and simple keys
-- proven
DELETE FROM comments c USING results r, samples s WHERE c.result_id = r.id AND r.sample_id = s.id AND s.workspace_id = $1

-- a window function in an update
-- proven
UPDATE samples s SET code = n.code FROM (SELECT id, code || row_number() OVER (PARTITION BY workspace_id ORDER BY taken_at) AS code FROM samples WHERE workspace_id = $1) n WHERE n.id = s.id AND s.workspace_id = $1

-- a window over all in an update
-- violation
UPDATE samples s SET code = n.code FROM (SELECT id, code || row_number() OVER (ORDER BY taken_at) AS code FROM samples) n WHERE n.id = s.id AND s.workspace_id = $1

-- intersect of own and all
-- violation
SELECT code FROM samples WHERE workspace_id = $1 INTERSECT SELECT code FROM samples

-- order by a subquery over all
-- violation
SELECT code FROM samples s WHERE s.workspace_id = $1 ORDER BY (SELECT count(*) FROM results r WHERE r.value > 3)

-- limit by a subquery over all
-- violation
SELECT code FROM samples WHERE workspace_id = $1 LIMIT (SELECT max FROM quotas ORDER BY max LIMIT 1)

-- returning a subquery over all
-- violation
DELETE FROM samples WHERE workspace_id = $1 AND id = $2 RETURNING (SELECT count(*) FROM results)

-- a tenant set by a subquery
-- violation
INSERT INTO samples (id, workspace_id, code) VALUES ($1, (SELECT workspace_id FROM samples WHERE id = $2), $3)

-- the default keyword as the tenant
-- violation TENSQL004
INSERT INTO samples (id, workspace_id, code) VALUES ($1, DEFAULT, $2)

-- schema-qualified of another schema
-- proven
SELECT value FROM archive.results WHERE workspace_id = $1

-- schema-qualified of another schema by id
-- violation TENSQL001
SELECT value FROM archive.results WHERE id = $1

-- only parameters compared
-- violation
SELECT * FROM samples WHERE $1 = $1

-- a parameter that switches it off
-- violation TENSQL005
SELECT * FROM samples WHERE ($1::uuid IS NULL OR workspace_id = $1) AND code = $2

-- a nullif that switches nothing off
-- proven
SELECT * FROM samples WHERE workspace_id = NULLIF($1, '')::uuid

-- exists the other way round
-- violation
SELECT * FROM results r WHERE EXISTS (SELECT 1 FROM samples s WHERE s.workspace_id = $1)

-- not exists of own
-- violation
SELECT * FROM results r WHERE NOT EXISTS (SELECT 1 FROM samples s WHERE s.id = r.sample_id AND s.workspace_id = $1)

-- named window and filter
-- proven
SELECT sum(value) FILTER (WHERE at > $2) OVER w FROM results WHERE workspace_id = $1 WINDOW w AS (ORDER BY at)

-- within group
-- proven
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY value) FROM results WHERE workspace_id = $1

-- a set returning function in the list
-- proven
SELECT id, unnest(tags) FROM samples WHERE workspace_id = $1

-- merge by the tenant's key with nothing to do
-- proven
MERGE INTO quotas q USING (SELECT $1::uuid AS w, $2::int AS n) s ON q.workspace_id = s.w WHEN MATCHED AND q.max < s.n THEN DO NOTHING WHEN MATCHED THEN UPDATE SET used = s.n WHEN NOT MATCHED THEN INSERT (workspace_id, max) VALUES (s.w, s.n)

-- merge from all results
-- violation
MERGE INTO quotas q USING (SELECT workspace_id AS w, count(*) AS n FROM results GROUP BY 1) s ON q.workspace_id = s.w WHEN MATCHED THEN UPDATE SET used = s.n
