-- equal to ALL of an array that may be empty
-- violation TENSQL001
SELECT * FROM boats WHERE harbour_id = ALL($1)

-- equal to SOME of an array
-- proven
SELECT * FROM boats WHERE harbour_id = SOME($1)

-- equal to ALL of a query that may be empty
-- violation
SELECT * FROM boats WHERE harbour_id = ALL (SELECT id FROM harbours WHERE id = $1)

-- a comparison with ALL accepts NULL
-- violation
SELECT * FROM boats b LEFT JOIN sailors s ON s.harbour_id = b.harbour_id AND b.harbour_id = $1 WHERE s.name > ALL($2)

-- existence of an aggregate hidden in ORDER BY
-- violation
SELECT * FROM boats b WHERE EXISTS (SELECT 1 FROM repairs r WHERE r.harbour_id = b.harbour_id AND r.harbour_id = $1 ORDER BY count(*))

-- existence of the empty grouping
-- violation
SELECT * FROM boats b WHERE EXISTS (SELECT 1 FROM repairs r WHERE r.harbour_id = b.harbour_id AND r.harbour_id = $1 GROUP BY ())

-- interpolation between table and WHERE
-- opaque TENSQL013
SELECT * FROM boats __hole_0__ WHERE harbour_id = :h1

-- interpolation after a joined table
-- opaque TENSQL013
SELECT * FROM boats b JOIN sailors __hole_0__ WHERE b.harbour_id = :h1

-- interpolation between joins
-- opaque TENSQL013
SELECT * FROM boats b __hole_0__ JOIN sailors s ON s.harbour_id = b.harbour_id WHERE b.harbour_id = :h1

-- interpolation after an aliased table
-- opaque TENSQL013
SELECT * FROM boats b __hole_0__ WHERE b.harbour_id = :h1

-- interpolation after ON
-- opaque TENSQL013
SELECT * FROM boats b JOIN sailors s ON s.harbour_id = b.harbour_id __hole_0__ WHERE b.harbour_id = :h1

-- interpolation before GROUP BY
-- weak TENSQL013
SELECT kind, count(*) FROM boats WHERE harbour_id = :h1 __hole_0__ GROUP BY kind

-- temporary table of everybody, in a form the parser keeps as text
-- violation TENSQL001
CREATE TEMP TABLE x ON COMMIT DROP AS SELECT * FROM boats

-- two references to the recursion
-- opaque
WITH RECURSIVE t AS (SELECT id, harbour_id FROM repairs WHERE harbour_id = $1 UNION SELECT r.id, r.harbour_id FROM repairs r JOIN t a ON r.parent_id = a.id JOIN t c ON c.id = r.id AND r.harbour_id = c.harbour_id) SELECT * FROM t

-- row equal to a query of the parameter
-- proven
SELECT * FROM boats b WHERE (b.harbour_id, b.id) = (SELECT $1::uuid, $2::uuid)

-- scalar query of the parameter over an open table
-- violation TENSQL010
SELECT * FROM boats WHERE harbour_id = (SELECT $1::uuid FROM sailors LIMIT 1)

-- element of an array that holds the column
-- violation
SELECT * FROM boats WHERE harbour_id = (ARRAY[$1, harbour_id])[2]

-- unnested array that holds the column
-- violation
SELECT * FROM boats b WHERE b.harbour_id IN (SELECT unnest(ARRAY[$1, b.harbour_id]))

-- IN all harbours
-- violation
SELECT * FROM boats WHERE harbour_id IN (TABLE harbours)

-- lateral that only renames
-- proven
SELECT * FROM boats b, LATERAL (SELECT b.harbour_id AS h) x WHERE x.h = $1

-- joined relation with two columns of the name
-- violation
SELECT * FROM (boats b JOIN sailors s ON s.name = b.name) AS j WHERE j.harbour_id = $1

-- insert from a union, one branch open
-- violation TENSQL010
INSERT INTO berths (id, harbour_id, number) SELECT id, $1, number FROM berths WHERE harbour_id = $1 UNION ALL SELECT id, $1, name FROM sailors

-- insert from a union, one branch of another column
-- violation
INSERT INTO berths (id, harbour_id, number) SELECT id, harbour_id, number FROM berths WHERE harbour_id = $1 UNION ALL SELECT id, owner_id, name FROM boats WHERE harbour_id = $1

-- insert from a union, both scoped
-- proven
INSERT INTO berths (id, harbour_id, number) SELECT id, harbour_id, number FROM berths WHERE harbour_id = $1 UNION ALL SELECT id, harbour_id, name FROM boats WHERE harbour_id = $1

-- bulk update through VALUES
-- proven
UPDATE boats SET name = v.name FROM (VALUES ($1::uuid, $2), ($3::uuid, $4)) v(id, name) WHERE boats.id = v.id AND boats.harbour_id = $5

-- bulk update through VALUES, by id
-- violation TENSQL002
UPDATE boats SET name = v.name FROM (VALUES ($1::uuid, $2), ($3::uuid, $4)) v(id, name) WHERE boats.id = v.id

-- bulk update through unnest with tenants
-- proven
UPDATE boats SET name = v.name FROM unnest($1::uuid[], $2::uuid[], $3::text[]) AS v(id, harbour, name) WHERE boats.id = v.id AND boats.harbour_id = v.harbour

-- delete the same row through an alias
-- proven
DELETE FROM boats b USING boats c WHERE c.id = b.id AND c.harbour_id = $1

-- delete duplicates of everybody
-- violation TENSQL003
DELETE FROM boats b USING boats c WHERE c.harbour_id = b.harbour_id AND c.name = b.name AND c.id < b.id

-- merge that only inserts
-- proven
MERGE INTO berths t USING (VALUES ($1::uuid, $2::uuid, $3)) s(id, h, number) ON t.harbour_id = s.h AND t.number = s.number WHEN NOT MATCHED THEN INSERT (id, harbour_id, number) VALUES (s.id, s.h, s.number)

-- conflict with an open sub-select in its WHERE
-- violation TENSQL010
INSERT INTO berths (id, harbour_id, number) VALUES ($1, $2, $3) ON CONFLICT (harbour_id, number) DO UPDATE SET depth = 1 WHERE EXISTS (SELECT 1 FROM sailors WHERE name = 'x')

-- tenant compared with a subquery that may yield the row's own
-- violation
SELECT * FROM boats b WHERE b.harbour_id = (SELECT x.harbour_id FROM boats x WHERE x.id = b.id)

-- nothing but NULL
-- proven
SELECT * FROM boats WHERE harbour_id = NULL

-- NULL in a list
-- proven
SELECT * FROM boats WHERE harbour_id IN ($1, NULL)

-- not in a list with NULL
-- violation
SELECT * FROM boats WHERE harbour_id NOT IN ($1, NULL)

-- the row itself is not null
-- violation
SELECT * FROM boats b WHERE b IS NOT NULL AND b.id = $1

-- ties and percents
-- violation TENSQL012
SELECT * FROM (SELECT * FROM boats ORDER BY length FETCH FIRST 3 ROWS WITH TIES) b WHERE b.harbour_id = $1

-- ordinality
-- proven
SELECT b.* FROM boats b JOIN unnest($1::uuid[]) WITH ORDINALITY AS t(h, n) ON t.h = b.harbour_id ORDER BY t.n

-- generate dates for a report
-- proven
SELECT d::date, count(b.id) FROM generate_series($2::date, $3::date, interval '1 day') d LEFT JOIN boats b ON b.archived_at::date = d::date AND b.harbour_id = $1 GROUP BY 1

-- generate dates, tenant in WHERE with NULLs let through
-- violation
SELECT d::date, count(b.id) FROM generate_series($2::date, $3::date, interval '1 day') d LEFT JOIN boats b ON b.archived_at::date = d::date WHERE b.harbour_id = $1 OR b.id IS NULL GROUP BY 1

-- call of an unknown function by SELECT
-- opaque TENSQL013
SELECT archive_all_boats($1)

-- call of an unknown function of a schema by SELECT
-- opaque TENSQL013
SELECT app.archive_all_boats($1, true) AS done

-- call of functions of the database itself
-- proven
SELECT pg_advisory_xact_lock($1), now(), nextval('x'), to_char(now(), 'YYYY'), jsonb_build_object('a', $2), coalesce($1, 2)

-- a relation where none can be
-- opaque
SELECT * FROM (SELECT id, harbour_id FROM boats UNION ALL SELECT id, $1::uuid JOIN FROM berths) u WHERE u.harbour_id = $1

-- an open sub-select in a later row of VALUES
-- violation TENSQL010
INSERT INTO boats (id, harbour_id, name) VALUES ($1, $2, $3), ($4, $2, (SELECT name FROM sailors WHERE id = $5))

-- an open sub-select in a row comparison of unequal length
-- opaque
SELECT * FROM boats WHERE harbour_id = $1 AND (id, name) = ($2, 'x', (SELECT name FROM sailors LIMIT 1))
