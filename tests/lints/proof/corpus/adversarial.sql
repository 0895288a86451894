-- as ActiveRecord writes it
-- proven
SELECT "boats".* FROM "boats" WHERE "boats"."harbour_id" = $1 AND "boats"."id" = $2 LIMIT $3

-- as Django writes it
-- proven
SELECT "boats"."id", "boats"."name" FROM "boats" INNER JOIN "harbours" ON ("boats"."harbour_id" = "harbours"."id") WHERE "harbours"."id" = %s ORDER BY "boats"."name" ASC LIMIT 21

-- as Django writes a get by key
-- violation TENSQL001
SELECT "boats"."id", "boats"."name" FROM "boats" WHERE "boats"."id" = %s LIMIT 21

-- as SQLAlchemy writes it
-- proven
SELECT boats.id AS boats_id, boats.name AS boats_name FROM boats WHERE boats.harbour_id = %(harbour_id_1)s AND boats.kind IN (%(kind_1_1)s, %(kind_1_2)s)

-- as Prisma writes it
-- proven
SELECT "public"."boats"."id", "public"."boats"."name" FROM "public"."boats" WHERE ("public"."boats"."harbour_id" = $1 AND 1=1) ORDER BY "public"."boats"."id" ASC OFFSET $2

-- as Prisma writes a list without a filter
-- violation TENSQL001
SELECT "public"."boats"."id" FROM "public"."boats" WHERE 1=1 ORDER BY "public"."boats"."id" ASC LIMIT $1 OFFSET $2

-- as TypeORM pages
-- proven
SELECT DISTINCT "distinctAlias"."Boat_id" AS "ids_Boat_id" FROM (SELECT "Boat"."id" AS "Boat_id", "Boat"."name" AS "Boat_name" FROM "boats" "Boat" WHERE "Boat"."harbour_id" = $1) "distinctAlias" ORDER BY "Boat_id" ASC LIMIT 1

-- as Hibernate writes it
-- proven
select b1_0.id,o1_0.name from boats b1_0 left join sailors o1_0 on o1_0.id=b1_0.owner_id and o1_0.harbour_id=b1_0.harbour_id where b1_0.harbour_id=? order by b1_0.name fetch first ? rows only

-- as GORM writes it
-- proven
SELECT * FROM "boats" WHERE (harbour_id = $1 AND kind = $2) AND "boats"."archived_at" IS NULL ORDER BY "boats"."id" LIMIT 1

-- as GORM writes an Or
-- violation TENSQL006
SELECT * FROM "boats" WHERE (harbour_id = $1 OR kind = $2) AND "boats"."archived_at" IS NULL

-- as sqlc is written
-- proven
SELECT * FROM boats WHERE harbour_id = sqlc.arg(harbour_id) AND (sqlc.narg('kind')::text IS NULL OR kind = sqlc.narg('kind'))

-- as sqlc is written, optional tenant
-- violation TENSQL005
SELECT * FROM boats WHERE (sqlc.narg('harbour_id')::uuid IS NULL OR harbour_id = sqlc.narg('harbour_id'))

-- as sqlc is written with at-signs
-- proven
UPDATE boats SET name = @name WHERE id = @id AND harbour_id = @harbour_id::uuid

-- table aliased with another table's name
-- violation TENSQL001
SELECT * FROM boats harbours WHERE harbours.id = $1

-- two tables that swap names
-- violation TENSQL010
SELECT * FROM sailors boats JOIN boats sailors ON boats.name = sailors.name WHERE boats.harbour_id = $1

-- select alias that WHERE can't see
-- proven
SELECT id AS harbour_id FROM boats WHERE harbour_id = $1

-- comparison IN both truth values
-- violation TENSQL001
SELECT * FROM boats WHERE (harbour_id = $1) IN (true, false)

-- comparison is not null, without parentheses
-- violation TENSQL001
SELECT * FROM boats WHERE harbour_id = $1 IS NOT NULL

-- NOT ... IS FALSE
-- violation
SELECT * FROM boats WHERE NOT (harbour_id = $1) IS FALSE

-- OR without parentheses at the end
-- violation
SELECT * FROM boats WHERE harbour_id = $1 AND id = $2 OR id = $3

-- OR on the next line after a comment
-- violation
SELECT * FROM boats WHERE harbour_id = $1 -- mine
  OR archived_at IS NULL

-- nested comment hides the predicate
-- violation TENSQL001
SELECT * FROM boats WHERE /* /* */ harbour_id = $1 AND */ id = $2

-- doubled quote in a string
-- violation TENSQL001
SELECT * FROM boats WHERE name = 'it''s harbour_id = $1' AND id = $2

-- dollar-quoted string hides the predicate
-- violation TENSQL001
SELECT * FROM boats WHERE name = $q$ x' AND harbour_id = $q$ AND id = $1

-- escape string hides the predicate
-- violation TENSQL001
SELECT * FROM boats WHERE name = E'\' AND harbour_id = ' AND id = $1

-- plain string ends at the backslash
-- proven
SELECT * FROM boats WHERE name = '\' AND harbour_id = $1

-- semicolon in a string
-- proven
SELECT * FROM boats WHERE harbour_id = $1 AND name = 'a;b'

-- colon and percent in strings
-- proven
SELECT * FROM boats WHERE harbour_id = %s AND name LIKE '10:30%%' AND kind = 'x?y'

-- array slice
-- proven
SELECT (ARRAY[1,2,3])[1:2] FROM boats WHERE harbour_id = $1

-- operators that look like placeholders
-- proven
SELECT * FROM boats WHERE harbour_id = $1 AND to_jsonb(kind) @> $2::jsonb AND to_jsonb(name) ?| ARRAY['a'] AND to_tsvector(name) @@ plainto_tsquery($3)

-- JSONB operator beside question marks
-- proven
SELECT * FROM boats WHERE harbour_id = ? AND to_jsonb(name) ?? 'x'

-- upper case quoted column does not exist
-- violation
SELECT * FROM boats WHERE "HARBOUR_ID" = $1

-- other table in other case
-- opaque TENSQL000
SELECT * FROM "Boats" WHERE id = $1

-- column spelled with a Cyrillic letter
-- violation
SELECT * FROM boats WHERE harbour_іd = $1

-- lookup functions of SQL's own syntax
-- proven
SELECT substring(name FROM 1 FOR 3), position('a' IN name), extract(epoch FROM archived_at), trim(both 'x' FROM kind) FROM boats WHERE harbour_id = $1

-- ordered-set and filtered aggregates
-- proven
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY length), count(DISTINCT kind) FILTER (WHERE length > 3), array_agg(name ORDER BY name DESC NULLS LAST) FROM boats WHERE harbour_id = $1

-- grouping sets after the filter
-- proven
SELECT kind, length, count(*) FROM boats WHERE harbour_id = $1 GROUP BY GROUPING SETS ((kind), (length), ())

-- time zone and interval arithmetic
-- proven
SELECT archived_at AT TIME ZONE 'UTC' FROM boats WHERE harbour_id = $1 AND archived_at > now() - interval '1 day' * $2

-- row locks of one relation
-- proven
SELECT * FROM boats b JOIN sailors s ON s.id = b.owner_id WHERE b.harbour_id = $1 FOR NO KEY UPDATE OF b NOWAIT

-- aggregate of rows as JSON
-- proven
SELECT json_agg(r ORDER BY r.id) FROM (SELECT * FROM repairs WHERE harbour_id = $1) r

-- JSON of children in a sub-select
-- proven
SELECT b.id, (SELECT coalesce(jsonb_agg(jsonb_build_object('id', p.id)), '[]') FROM photos p WHERE p.boat_id = b.id) FROM boats b WHERE b.harbour_id = $1

-- CTE name is also an alias
-- violation
WITH b AS (SELECT * FROM boats WHERE harbour_id = $1) SELECT * FROM boats b

-- inner CTE hides the outer one
-- violation
WITH x AS (SELECT * FROM boats WHERE harbour_id = $1) SELECT * FROM (WITH x AS (SELECT * FROM boats) SELECT * FROM x) y

-- later CTE is not visible in an earlier one
-- violation
WITH a AS (SELECT * FROM boats), boats AS (SELECT * FROM countries) SELECT * FROM a

-- CTE of a sub-select is not visible outside
-- violation
SELECT * FROM (WITH boats AS (SELECT * FROM countries) SELECT * FROM boats) x, boats

-- CTE in the middle of a chain is open
-- violation
WITH a AS (SELECT id FROM boats WHERE harbour_id = $1), b AS (SELECT name FROM sailors), c AS (SELECT a.id FROM a, b) SELECT * FROM c

-- update through a CTE by primary key
-- proven
WITH t AS (SELECT id FROM boats WHERE harbour_id = $1 LIMIT 10) UPDATE boats SET kind = 'x' FROM t WHERE boats.id = t.id

-- queue: lock, then update by key
-- proven
UPDATE repairs SET status = 'taken' WHERE id = (SELECT id FROM repairs WHERE harbour_id = $1 AND status = 'open' ORDER BY cost LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING *

-- queue: the next of anybody
-- violation
UPDATE repairs SET status = 'taken' WHERE id = (SELECT id FROM repairs WHERE status = 'open' ORDER BY cost LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING *

-- the value is IN the row's own tenant
-- proven
SELECT * FROM boats b WHERE b.id = $1 AND $2 IN (SELECT x.harbour_id FROM boats x WHERE x.id = b.id)

-- row of value and key IN query
-- proven
SELECT * FROM boats b WHERE ($1, b.id) IN (SELECT x.harbour_id, x.id FROM boats x)

-- IN a query of the parameter
-- proven
SELECT * FROM boats WHERE harbour_id IN (SELECT $1::uuid)

-- IN a VALUES list
-- proven
SELECT * FROM boats WHERE harbour_id IN (VALUES ($1::uuid), ($2::uuid))

-- ANY of an unnested parameter
-- proven
SELECT * FROM boats WHERE harbour_id = ANY(SELECT unnest($1::uuid[]))

-- ANY of a split parameter
-- proven
SELECT * FROM boats WHERE harbour_id = ANY(string_to_array($1, ',')::uuid[])

-- existence of the tenant, not tied to the row
-- violation
UPDATE boats b SET kind = 'x' WHERE b.id = $1 AND EXISTS (SELECT 1 FROM harbours h WHERE h.id = $2)

-- membership of the caller ties the row
-- weak TENSQL022
UPDATE boats b SET kind = 'x' WHERE b.id = $1 AND EXISTS (SELECT 1 FROM memberships m WHERE m.user_id = $2 AND m.harbour_id = b.harbour_id)

-- membership of the caller, not tied to the row
-- violation
UPDATE boats b SET kind = 'x' WHERE b.id = $1 AND EXISTS (SELECT 1 FROM memberships m WHERE m.user_id = $2)

-- tenant of the row that is asked for
-- violation
SELECT * FROM boats WHERE harbour_id = (SELECT harbour_id FROM boats WHERE id = $1)

-- boolean sub-select as a condition
-- violation TENSQL010
SELECT * FROM boats b WHERE b.harbour_id = $1 AND (SELECT true FROM sailors s WHERE s.name = b.name LIMIT 1)

-- conflict key with an expression and the tenant
-- proven
INSERT INTO berths (id, harbour_id, number) VALUES ($1, $2, $3) ON CONFLICT (harbour_id, lower(number)) DO UPDATE SET depth = 1

-- conflict key with an expression only
-- violation TENSQL008
INSERT INTO berths (id, harbour_id, number) VALUES ($1, $2, $3) ON CONFLICT (lower(number)) DO UPDATE SET depth = 1

-- conflict guarded on the new row only
-- violation TENSQL008
INSERT INTO berths (id, harbour_id, number) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET depth = 1 WHERE EXCLUDED.harbour_id = $2

-- conflict guarded by a tautology
-- violation TENSQL008
INSERT INTO berths (id, harbour_id, number) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET depth = 1 WHERE berths.harbour_id = berths.harbour_id

-- conflict guarded with an alternative
-- violation TENSQL008
INSERT INTO berths (id, harbour_id, number) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET depth = 1 WHERE berths.harbour_id = EXCLUDED.harbour_id OR berths.depth IS NULL

-- insert if absent
-- proven
INSERT INTO berths (id, harbour_id, number) SELECT $1, $2, $3 WHERE NOT EXISTS (SELECT 1 FROM berths WHERE harbour_id = $2 AND number = $3)

-- insert if absent anywhere
-- violation TENSQL010
INSERT INTO berths (id, harbour_id, number) SELECT $1, $2, $3 WHERE NOT EXISTS (SELECT 1 FROM berths WHERE number = $3)

-- insert from a row found by id, its tenant copied
-- violation
INSERT INTO repairs (id, harbour_id, boat_id) SELECT $1, b.harbour_id, b.id FROM boats b WHERE b.id = $2

-- insert many through unnest
-- proven
INSERT INTO berths (id, harbour_id, number) SELECT u.id, $1, u.number FROM unnest($2::uuid[], $3::text[]) AS u(id, number)

-- insert many, tenants from the caller's array
-- proven
INSERT INTO berths (id, harbour_id, number) SELECT u.id, u.harbour, u.number FROM unnest($1::uuid[], $2::uuid[], $3::text[]) AS u(id, harbour, number)

-- insert from JSON of the caller
-- violation TENSQL004
INSERT INTO berths (id, harbour_id, number) SELECT r.id, r.harbour_id, r.number FROM jsonb_to_recordset($1) AS r(id uuid, harbour_id uuid, number text)

-- tenant assigned through COALESCE
-- violation TENSQL009
UPDATE boats SET harbour_id = COALESCE($1, harbour_id) WHERE id = $2 AND harbour_id = $3

-- tenant assigned its default
-- violation TENSQL009
UPDATE boats SET harbour_id = DEFAULT WHERE id = $1 AND harbour_id = $2

-- tenant assigned from another row
-- violation TENSQL009
UPDATE boats b SET harbour_id = s.harbour_id FROM sailors s WHERE s.id = $1 AND s.harbour_id = $2 AND b.harbour_id = $3

-- tenant assigned from a row of the same tenant
-- proven
UPDATE boats b SET harbour_id = s.harbour_id FROM sailors s WHERE s.id = $1 AND s.harbour_id = b.harbour_id AND b.harbour_id = $2

-- insert then read back, both scoped
-- proven
WITH n AS (INSERT INTO boats (id, harbour_id, name) VALUES ($1, $2, $3) RETURNING id, harbour_id) SELECT n.id, s.name FROM n JOIN sailors s ON s.harbour_id = n.harbour_id

-- delete moves rows into a history by tenant
-- proven
WITH gone AS (DELETE FROM repairs WHERE harbour_id = $1 AND status = 'done' RETURNING *) INSERT INTO invoices (id, harbour_id, boat_id) SELECT gen_random_uuid(), harbour_id, boat_id FROM gone

-- delete moves everybody's rows
-- violation TENSQL003
WITH gone AS (DELETE FROM repairs WHERE status = 'done' RETURNING *) INSERT INTO invoices (id, harbour_id, boat_id) SELECT gen_random_uuid(), harbour_id, boat_id FROM gone WHERE harbour_id = $1

-- whole row compared
-- violation
SELECT * FROM boats b WHERE b = (SELECT x FROM boats x WHERE x.id = $1)

-- the nullable side is required by a strict function
-- proven
SELECT * FROM boats b LEFT JOIN sailors s ON s.harbour_id = b.harbour_id AND s.id = b.owner_id WHERE b.harbour_id = $1 AND s.name LIKE 'a%'

-- two outer joins and a condition on the second
-- proven
SELECT * FROM boats b LEFT JOIN repairs r ON r.boat_id = b.id LEFT JOIN invoices i ON i.harbour_id = r.harbour_id WHERE i.harbour_id = $1 AND b.harbour_id = r.harbour_id

-- outer join filtered by IS NULL or the tenant
-- violation
SELECT * FROM sailors s LEFT JOIN boats b ON b.owner_id = s.id AND b.kind = 'x' WHERE s.harbour_id = $1 OR b.id IS NULL

-- constant of a nullable sub-select
-- violation
SELECT * FROM boats b LEFT JOIN (SELECT 1 AS one, id FROM countries) c ON c.id = b.id WHERE b.harbour_id = $1 OR c.one IS NULL

-- parameter of a nullable sub-select
-- violation
SELECT * FROM boats b LEFT JOIN (SELECT $1::uuid AS h) c ON c.h = b.harbour_id

-- parameter of a sub-select that is joined
-- proven
SELECT * FROM boats b JOIN (SELECT $1::uuid AS h) c ON c.h = b.harbour_id

-- full join with a hand-written COALESCE, not tied
-- violation
SELECT * FROM boats b FULL JOIN sailors s ON s.name = b.name WHERE COALESCE(b.harbour_id, s.harbour_id) = $1

-- right join after a comma
-- proven
SELECT * FROM countries c, boats b RIGHT JOIN sailors s ON s.harbour_id = b.harbour_id WHERE s.harbour_id = $1

-- natural join with an unknown table
-- opaque TENSQL000
SELECT * FROM boats NATURAL JOIN mystery WHERE harbour_id = $1

-- set operation of four, the third open
-- violation TENSQL010
SELECT id FROM boats WHERE harbour_id = $1 UNION SELECT id FROM berths WHERE harbour_id = $1 UNION ALL SELECT id FROM sailors UNION SELECT id FROM repairs WHERE harbour_id = $1

-- parenthesised set operations
-- proven
(SELECT id FROM boats WHERE harbour_id = $1 LIMIT 3) UNION ALL (SELECT id FROM berths WHERE harbour_id = $1 ORDER BY number LIMIT 3) ORDER BY 1

-- recursion, the step scoped by the caller but not the anchor
-- violation
WITH RECURSIVE t AS (SELECT id FROM repairs WHERE id = $2 UNION ALL SELECT r.id FROM repairs r JOIN t ON r.parent_id = t.id WHERE r.harbour_id = $1) SELECT * FROM t

-- recursion, tenant swapped on the way (each row refers to one of the tree; first labelled violation)
-- weak TENSQL011
WITH RECURSIVE t AS (SELECT id, harbour_id, parent_id FROM repairs WHERE harbour_id = $1 UNION ALL SELECT r.id, r.boat_id, r.parent_id FROM repairs r JOIN t ON r.parent_id = t.id AND r.harbour_id = t.harbour_id) SELECT * FROM t

-- recursion behind a later filter on a column handed down
-- proven
WITH RECURSIVE t(id, h) AS (SELECT id, harbour_id FROM repairs UNION ALL SELECT r.id, t.h FROM repairs r JOIN t ON r.parent_id = t.id AND r.harbour_id = t.h) SELECT * FROM t WHERE t.h = $1

-- exists with a limit inside
-- proven
SELECT * FROM boats b WHERE b.harbour_id = $1 AND EXISTS (SELECT 1 FROM repairs r WHERE r.boat_id = b.id AND r.harbour_id = b.harbour_id LIMIT 1)

-- IN with a limit inside, tied only from outside
-- violation
SELECT * FROM boats b WHERE b.harbour_id = $1 AND b.harbour_id IN (SELECT harbour_id FROM sailors ORDER BY name LIMIT 1)

-- exists over groups
-- proven
SELECT * FROM boats b WHERE EXISTS (SELECT r.harbour_id FROM repairs r WHERE r.harbour_id = b.harbour_id AND r.harbour_id = $1 GROUP BY r.harbour_id HAVING count(*) > 2)

-- scalar aggregate compared with the tenant
-- violation
SELECT * FROM boats b WHERE b.harbour_id::text = (SELECT max(harbour_id::text) FROM sailors WHERE harbour_id = $1)

-- several statements of a migration
-- proven ; proven ; violation
BEGIN; SET LOCAL app.harbour_id = 'x'; UPDATE boats SET kind = 'x'; 

-- a view by another column of the tenant's name
-- violation
SELECT v.id FROM boat_names v WHERE v.name = $1 AND v.id = $2

-- view joined to a scoped table by tenant
-- proven
SELECT * FROM boat_names v JOIN harbours h ON h.id = v.harbour_id WHERE h.id = $1

-- deep nesting of parentheses
-- proven
SELECT * FROM boats WHERE ((((((((((harbour_id = $1))))))))))

-- a long chain of alternatives
-- violation TENSQL006
SELECT * FROM boats WHERE harbour_id = $1 OR kind = 'a' OR kind = 'b' OR kind = 'c' OR kind = 'd' OR kind = 'e' OR kind = 'f' OR kind = 'g' OR kind = 'h'

-- predicate after OFFSET as a value
-- violation
SELECT * FROM boats LIMIT 10 OFFSET (SELECT count(*) FROM boats WHERE harbour_id = $1)

-- window over the scoped rows in a CTE
-- proven
WITH r AS (SELECT id, harbour_id, row_number() OVER (ORDER BY length) AS n FROM boats WHERE harbour_id = $1) SELECT * FROM r WHERE n <= 10

-- comparison with a column of the same name in a function's rows
-- violation
SELECT b.* FROM boats b, jsonb_to_record($1) AS j(harbour_id uuid) WHERE b.id = $2 AND j.harbour_id IS NOT NULL

-- system column
-- violation TENSQL001
SELECT ctid, * FROM boats WHERE ctid = $1
