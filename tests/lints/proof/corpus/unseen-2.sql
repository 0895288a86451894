-- only the table itself
-- proven
SELECT * FROM ONLY boats WHERE harbour_id = $1

-- only the table itself, deleted by id
-- violation TENSQL003
DELETE FROM ONLY boats WHERE id = $1

-- qualified operator
-- proven
SELECT * FROM boats WHERE harbour_id OPERATOR(pg_catalog.=) $1

-- in one row of values
-- proven
SELECT * FROM boats WHERE harbour_id IN (VALUES ($1::uuid))

-- equal to a query of values
-- proven
SELECT * FROM boats WHERE harbour_id = (VALUES ($1::uuid))

-- literal list of tenants
-- weak TENSQL007
SELECT * FROM boats WHERE harbour_id = ANY ('{00000000-0000-0000-0000-00000000000a}'::uuid[])

-- distinct negated
-- proven
SELECT * FROM boats WHERE NOT (harbour_id IS DISTINCT FROM $1)

-- different is false
-- proven
SELECT * FROM boats WHERE (harbour_id <> $1) IS FALSE

-- case that gives one
-- proven
SELECT * FROM boats WHERE CASE WHEN harbour_id = $1 THEN 1 ELSE 0 END = 1

-- case that gives one either way
-- violation
SELECT * FROM boats WHERE CASE WHEN harbour_id = $1 THEN 1 ELSE 1 END = 1

-- exists over a count is always true
-- violation
SELECT b.name FROM boats b WHERE EXISTS (SELECT count(*) FROM sailors s WHERE s.harbour_id = b.harbour_id AND s.harbour_id = $1)

-- tenant of a row found by id
-- violation
SELECT * FROM boats WHERE harbour_id = (SELECT harbour_id FROM sailors WHERE id = $1)

-- tenant of the caller's key
-- weak TENSQL022
SELECT * FROM boats WHERE harbour_id = (SELECT harbour_id FROM api_keys WHERE hash = $1)

-- tenant is some tenant
-- violation
SELECT * FROM boats WHERE harbour_id IN (SELECT id FROM harbours)

-- tenant is the last tenant
-- violation
SELECT * FROM boats WHERE harbour_id = (SELECT id FROM harbours ORDER BY name LIMIT 1)

-- siblings through one parent
-- proven
SELECT p.url, l.title FROM photos p JOIN logbooks l USING (boat_id) JOIN boats b ON b.id = l.boat_id WHERE b.harbour_id = $1

-- looked up by a key that carries the tenant
-- proven
SELECT b.name, (SELECT s.name FROM sailors s WHERE s.id = b.owner_id) FROM boats b WHERE b.harbour_id = $1

-- looked up by a key that does not
-- weak TENSQL011
SELECT b.name, (SELECT q.number FROM berths q WHERE q.id = b.berth_id) FROM boats b WHERE b.harbour_id = $1

-- filter of an aggregate beside the predicate
-- proven
SELECT count(*) FILTER (WHERE kind = 'x'), count(*) FROM boats WHERE harbour_id = $1

-- filter of an aggregate instead of the predicate
-- violation TENSQL001
SELECT count(*) FILTER (WHERE harbour_id = $1), count(*) FROM boats

-- child moved to any boat
-- violation TENSQL019
UPDATE photos SET boat_id = $1 FROM boats b WHERE b.id = photos.boat_id AND b.harbour_id = $2 AND photos.id = $3

-- several columns from a row of the tenant's
-- proven
UPDATE boats SET (name, kind) = (SELECT s.name, s.role FROM sailors s WHERE s.id = $1 AND s.harbour_id = $2) WHERE id = $3 AND harbour_id = $2

-- several columns from anybody's row
-- violation TENSQL010
UPDATE boats SET (name, kind) = (SELECT s.name, s.role FROM sailors s WHERE s.id = $1) WHERE id = $3 AND harbour_id = $2

-- bulk update from values, tied by tenant
-- proven
UPDATE boats b SET name = v.name FROM (VALUES ($1::uuid, $2::text), ($3, $4)) AS v(id, name) WHERE b.id = v.id AND b.harbour_id = $5

-- bulk update from values, by id
-- violation TENSQL002
UPDATE boats b SET name = v.name FROM (VALUES ($1::uuid, $2::text), ($3, $4)) AS v(id, name) WHERE b.id = v.id

-- default values with a literal tenant
-- weak TENSQL007
INSERT INTO incidents DEFAULT VALUES

-- default keyword for the tenant
-- proven
INSERT INTO visits (id, harbour_id, boat_id) SELECT $1, b.harbour_id, b.id FROM boats b WHERE b.harbour_id = current_setting('app.harbour_id')::uuid AND b.id = $2

-- conflict on a constraint with the tenant
-- proven
INSERT INTO berths (id, harbour_id, number) VALUES ($1, $2, $3) ON CONFLICT ON CONSTRAINT berths_harbour_id_number_key DO UPDATE SET depth = 1

-- conflict on the primary key's constraint
-- violation TENSQL008
INSERT INTO berths (id, harbour_id, number) VALUES ($1, $2, $3) ON CONFLICT ON CONSTRAINT berths_pkey DO UPDATE SET depth = 1

-- conflict guarded by the parameter
-- proven
INSERT INTO berths (id, harbour_id, number) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET depth = 1 WHERE berths.harbour_id = $2

-- merge that only inserts
-- proven
MERGE INTO berths b USING (SELECT $1::uuid AS id, $2::uuid AS harbour_id) s ON b.id = s.id AND b.harbour_id = s.harbour_id WHEN NOT MATCHED THEN INSERT (id, harbour_id, number) VALUES (s.id, s.harbour_id, 'x')

-- explain of a delete is the delete
-- violation TENSQL003
EXPLAIN (ANALYZE, BUFFERS) DELETE FROM boats WHERE id = $1

-- row level security switched off
-- violation TENSQL017
ALTER TABLE boats DISABLE ROW LEVEL SECURITY

-- transaction around a scoped write
-- proven proven proven
BEGIN; UPDATE boats SET name = $1 WHERE harbour_id = $2; COMMIT

-- transaction around an unscoped write
-- proven violation proven
BEGIN ISOLATION LEVEL SERIALIZABLE; DELETE FROM boats WHERE name = 'x'; COMMIT

-- lock of a table
-- proven
LOCK TABLE boats IN EXCLUSIVE MODE

-- rows locked one by one
-- proven
SELECT b.id FROM boats b WHERE b.harbour_id = $1 FOR NO KEY UPDATE OF b NOWAIT

-- every distinct tenant
-- violation TENSQL001
SELECT DISTINCT harbour_id FROM boats

-- the first boat of each tenant, then one tenant's
-- proven
SELECT * FROM (SELECT DISTINCT ON (harbour_id) * FROM boats ORDER BY harbour_id, length DESC) d WHERE d.harbour_id = $1

-- recursion with a cycle clause
-- proven
WITH RECURSIVE t AS (SELECT id, parent_id FROM repairs WHERE harbour_id = $1 AND id = $2 UNION ALL SELECT r.id, r.parent_id FROM repairs r, t WHERE r.parent_id = t.id AND r.harbour_id = $1) CYCLE id SET looped USING path SELECT id FROM t

-- two tenants compared
-- weak TENSQL020
SELECT a.name FROM boats a JOIN boats b ON a.name = b.name WHERE a.harbour_id = $1 AND b.harbour_id = $2

-- positional of a driver
-- proven
SELECT a.name FROM boats a JOIN boats b ON a.name = b.name WHERE a.harbour_id = %s AND b.harbour_id = %s

-- tenant from the row's own setting column
-- violation
SELECT * FROM boats WHERE harbour_id = current_setting('app.' || name)::uuid

-- array of the row and the tenant
-- violation
SELECT * FROM boats WHERE $1 = ANY (ARRAY[harbour_id, $1])

-- array overlap
-- violation
SELECT * FROM boats WHERE ARRAY[harbour_id, owner_id] && ARRAY[$1::uuid]

-- jsonb containment of a row
-- violation
SELECT * FROM boats b WHERE to_jsonb(b) @> $1::jsonb

-- comparison of whole rows
-- violation
SELECT b.* FROM boats b, sailors s WHERE b.harbour_id = s.harbour_id AND s.email = $1

-- empty in list
-- violation
SELECT * FROM boats WHERE NOT (harbour_id = ANY (ARRAY[]::uuid[]))

-- false conjunct
-- proven
SELECT * FROM boats WHERE id = $1 AND false

-- tenant twice, one wrong
-- proven
SELECT * FROM boats WHERE harbour_id = $1 AND (harbour_id <> $2 OR kind IS NULL)

-- group key through an alias
-- proven
SELECT g.h, g.n FROM (SELECT harbour_id AS h, count(*) AS n FROM boats GROUP BY h) g WHERE g.h = $1

-- group by an expression of the tenant
-- violation
SELECT g.n FROM (SELECT left(harbour_id::text, 4) AS h, count(*) AS n FROM boats GROUP BY 1) g WHERE g.h = left($1, 4)

-- count of others as a limit
-- violation TENSQL010
SELECT name FROM boats WHERE harbour_id = $1 ORDER BY name LIMIT (SELECT count(*) FROM sailors)

-- others in the order
-- violation TENSQL010
SELECT name FROM boats b WHERE harbour_id = $1 ORDER BY (SELECT max(cost) FROM repairs r WHERE r.status = b.kind)

-- others in a window
-- violation TENSQL010
SELECT name, sum((SELECT count(*) FROM berths)) OVER (PARTITION BY kind) FROM boats WHERE harbour_id = $1

-- others in what is returned
-- violation TENSQL010
UPDATE boats SET name = $1 WHERE harbour_id = $2 RETURNING (SELECT count(*) FROM sailors)

-- others in a function's argument
-- violation
SELECT coalesce(b.name, (SELECT email FROM sailors WHERE role = 'x' LIMIT 1)) FROM boats b WHERE b.harbour_id = $1

-- lateral function over a column
-- proven
SELECT b.name, k FROM boats b CROSS JOIN LATERAL regexp_split_to_table(b.kind, ',') AS k WHERE b.harbour_id = $1

-- natural join of tables that share more than the tenant
-- violation
SELECT * FROM logbooks NATURAL JOIN photos

-- update through a view
-- proven
UPDATE open_repairs SET cost = 0 WHERE harbour_id = $1

-- delete through a view by id
-- violation TENSQL003
DELETE FROM boat_names WHERE id = $1

-- insert into a view (of one table, without its tenant; first labelled opaque)
-- violation TENSQL004
INSERT INTO boat_names (id, name) VALUES ($1, $2)

-- refresh of a view
-- proven
REFRESH MATERIALIZED VIEW CONCURRENTLY harbour_sizes

-- owner's setting in a function call
-- proven
SELECT boats_of(current_setting('app.harbour_id')::uuid)

-- two fields of one parameter
-- violation TENSQL010
SELECT s.* FROM boats b, sailors s WHERE b.harbour_id = $1 AND b.owner_id = ($2).a AND s.id = ($2).b

-- two ends of one parameter
-- violation TENSQL010
SELECT s.* FROM boats b, sailors s WHERE b.harbour_id = $1 AND b.owner_id = trim(leading 'x' from $2) AND s.id = trim(trailing 'x' from $2)

-- two calls of a function nobody knows
-- violation TENSQL010
SELECT s.* FROM boats b, sailors s WHERE b.harbour_id = $1 AND b.owner_id = pick_one($2) AND s.id = pick_one($2)

-- two choices among the same values
-- violation TENSQL010
SELECT s.* FROM boats b, sailors s WHERE b.harbour_id = $1 AND b.owner_id = upper(CASE WHEN $3 THEN $2 ELSE $4 END) AND s.id = upper(CASE WHEN $5 THEN $2 ELSE $4 END)

-- one parameter in two types
-- proven
SELECT s.* FROM boats b, sailors s WHERE b.harbour_id = $1 AND b.owner_id = $2::uuid AND s.id = $2
