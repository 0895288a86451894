-- a value to set may come from no row, which limits nothing
-- violation TENSQL002
UPDATE boats SET name = (SELECT s.name FROM sailors s WHERE s.id = $1 AND s.harbour_id = boats.harbour_id AND s.harbour_id = $2)

-- a value to set, limited to one row, limits nothing
-- violation TENSQL002
UPDATE boats SET name = (SELECT s.name FROM sailors s WHERE s.harbour_id = boats.harbour_id AND s.harbour_id = $1 LIMIT 1)

-- a row of values to set limits nothing
-- violation TENSQL002
UPDATE boats SET (name, kind) = (SELECT s.name, s.role FROM sailors s WHERE s.id = $1 AND s.harbour_id = boats.harbour_id AND s.harbour_id = $2)

-- a value of the select list limits nothing
-- violation TENSQL001
SELECT (SELECT s.name FROM sailors s WHERE s.id = $1 AND s.harbour_id = b.harbour_id AND s.harbour_id = $2) FROM boats b

-- a value to set in a conflict limits nothing
-- violation TENSQL008
INSERT INTO boats (id, harbour_id, name) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET name = (SELECT s.name FROM sailors s WHERE s.id = $4 AND s.harbour_id = boats.harbour_id AND s.harbour_id = $2)

-- a value set by a merge limits nothing
-- violation TENSQL002
MERGE INTO boats b USING (SELECT $1::uuid AS id) x ON b.id = x.id WHEN MATCHED THEN UPDATE SET name = (SELECT s.name FROM sailors s WHERE s.id = $2 AND s.harbour_id = b.harbour_id AND s.harbour_id = $3)

-- the alias of the sub-query hides the outer one
-- violation TENSQL010
SELECT * FROM boats b WHERE b.harbour_id = $1 AND EXISTS (SELECT 1 FROM repairs b WHERE b.id = $2)

-- the alias of the sub-query is the outer table's name, tied by its simple key
-- weak TENSQL011
SELECT * FROM boats WHERE harbour_id = $1 AND id IN (SELECT boats.boat_id FROM invoices boats WHERE boats.paid)

-- inner alias carries the predicate the outer one needs
-- violation
SELECT * FROM boats b WHERE EXISTS (SELECT 1 FROM boats b WHERE b.harbour_id = $1)

-- counted for the caller only by a filter of the aggregate
-- violation TENSQL001
SELECT count(*) FILTER (WHERE harbour_id = $1) FROM boats

-- summed for the caller only by a CASE
-- violation TENSQL001
SELECT sum(CASE WHEN harbour_id = $1 THEN amount ELSE 0 END) FROM invoices

-- ordered with the caller's rows first
-- violation TENSQL001
SELECT * FROM boats ORDER BY harbour_id = $1 DESC LIMIT 20

-- the predicate is selected, not required
-- violation TENSQL001
SELECT *, harbour_id = $1 AS mine FROM boats

-- the predicate is grouped by
-- violation TENSQL001
SELECT harbour_id = $1, count(*) FROM boats GROUP BY 1

-- groups of the caller
-- proven
SELECT harbour_id, count(*) FROM boats GROUP BY harbour_id HAVING harbour_id = $1

-- groups by an expression of the tenant
-- violation
SELECT left(harbour_id::text, 4), count(*) FROM boats GROUP BY left(harbour_id::text, 4) HAVING left(harbour_id::text, 4) = $1

-- row of values in a list of rows
-- proven
SELECT * FROM boats WHERE (harbour_id, id) IN (($1, $2), ($1, $3))

-- row of values in a list of rows, one of them open
-- violation
SELECT * FROM boats WHERE (harbour_id, id) IN (($1, $2), (harbour_id, $3))

-- row comparison with ROW
-- proven
SELECT * FROM boats WHERE ROW(harbour_id, id) = ROW($1, $2)

-- row inequality
-- violation TENSQL001
SELECT * FROM boats WHERE (harbour_id, id) <> ($1, $2)

-- row order
-- violation TENSQL001
SELECT * FROM boats WHERE (harbour_id, id) >= ($1, $2) ORDER BY harbour_id, id

-- negated row list
-- violation TENSQL001
SELECT * FROM boats WHERE NOT ((harbour_id, id) IN (($1, $2)))

-- row in unnested arrays
-- proven
SELECT * FROM boats WHERE (harbour_id, id) IN (SELECT $1::uuid, unnest($2::uuid[]))

-- row equals any row of a query
-- proven
SELECT * FROM boats WHERE (harbour_id, id) = ANY (SELECT harbour_id, boat_id FROM repairs WHERE harbour_id = $1)

-- between the caller and the caller
-- proven
SELECT * FROM boats WHERE harbour_id BETWEEN $1 AND $1

-- between two values
-- violation TENSQL001
SELECT * FROM boats WHERE harbour_id BETWEEN $1 AND $2

-- at least the caller's value
-- violation TENSQL001
SELECT * FROM boats WHERE harbour_id >= $1 AND name = $2

-- at least and at most the caller's value
-- violation TENSQL001
SELECT * FROM boats WHERE harbour_id >= $1 AND harbour_id <= $1

-- like the caller's value
-- violation TENSQL001
SELECT * FROM boats WHERE harbour_id::text LIKE $1

-- matches the caller's pattern
-- violation TENSQL001
SELECT * FROM boats WHERE harbour_id::text ~ $1

-- similar to the caller's value
-- violation TENSQL001
SELECT * FROM boats WHERE harbour_id::text SIMILAR TO $1

-- NOT NOT equal
-- proven
SELECT * FROM boats WHERE NOT harbour_id <> $1

-- inequality is false
-- proven
SELECT * FROM boats WHERE (harbour_id <> $1) IS FALSE

-- inequality is not true lets NULL parameters through
-- violation
SELECT * FROM boats WHERE (harbour_id <> $1) IS NOT TRUE

-- equality is unknown
-- violation
SELECT * FROM boats WHERE (harbour_id = $1) IS UNKNOWN

-- equality is not unknown
-- violation
SELECT * FROM boats WHERE (harbour_id = $1) IS NOT UNKNOWN

-- simple CASE over the tenant
-- proven
SELECT * FROM boats WHERE CASE harbour_id WHEN $1 THEN true ELSE false END

-- simple CASE over the tenant, open at the end
-- violation
SELECT * FROM boats WHERE CASE harbour_id WHEN $1 THEN true ELSE kind = 'public' END

-- CASE over a flag, scoped either way
-- proven
SELECT * FROM boats WHERE CASE WHEN $2::boolean THEN harbour_id = $1 AND kind = 'tug' ELSE harbour_id = $1 END

-- greatest of the column and the value
-- violation
SELECT * FROM boats WHERE harbour_id = GREATEST(harbour_id, $1)

-- the value or, where it is empty, the row's own
-- violation TENSQL005
SELECT * FROM boats WHERE harbour_id::text = COALESCE(NULLIF($1, ''), harbour_id::text)

-- concatenated keys
-- violation TENSQL001
SELECT * FROM boats WHERE harbour_id || ':' || id = $1

-- a JSON document that names the tenant
-- violation TENSQL001
SELECT * FROM boats WHERE to_jsonb(boats) ->> 'harbour_id' = $1

-- the tenant of a JSON column, the row's own is open
-- violation TENSQL001
SELECT * FROM boats WHERE (kind::jsonb ->> 'harbour_id')::uuid = $1

-- TABLE of everybody
-- violation TENSQL001
TABLE boats

-- TABLE in a set operation
-- violation
SELECT * FROM boats WHERE harbour_id = $1 UNION TABLE boats

-- selection without columns
-- violation TENSQL001
SELECT FROM boats WHERE id = $1

-- only this table
-- proven
SELECT * FROM ONLY boats WHERE harbour_id = $1

-- cursor over everybody
-- violation
DECLARE c CURSOR FOR SELECT * FROM boats

-- cursor over the caller's rows
-- proven
DECLARE c NO SCROLL CURSOR WITH HOLD FOR SELECT * FROM boats WHERE harbour_id = $1

-- the plan of a deletion that is run
-- violation TENSQL003
EXPLAIN ANALYZE DELETE FROM boats WHERE id = $1

-- the plan with options
-- violation TENSQL001
EXPLAIN (ANALYZE, FORMAT JSON) SELECT * FROM boats WHERE id = $1

-- a table made of everybody's rows
-- violation
CREATE TABLE boats_copy AS SELECT * FROM boats

-- a table made of the caller's rows
-- proven
CREATE TABLE boats_copy AS SELECT * FROM boats WHERE harbour_id = $1

-- selected into a table
-- violation TENSQL001
SELECT * INTO boats_copy FROM boats

-- prepared for everybody
-- violation
PREPARE all_boats AS SELECT * FROM boats

-- prepared with the tenant
-- proven
PREPARE my_boats (uuid) AS SELECT * FROM boats WHERE harbour_id = $1

-- execution of something prepared elsewhere
-- opaque
EXECUTE all_boats

-- copy out of an open selection of columns
-- violation TENSQL014
COPY boats (id, name) TO STDOUT

-- conflict through the alias of the target
-- proven
INSERT INTO boats AS b (id, harbour_id, name) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET name = excluded.name WHERE b.harbour_id = excluded.harbour_id

-- conflict guarded, the tenant written again
-- proven
INSERT INTO boats (id, harbour_id, name) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET harbour_id = excluded.harbour_id, name = excluded.name WHERE boats.harbour_id = excluded.harbour_id

-- conflict on the id takes the row over
-- violation TENSQL008
INSERT INTO boats (id, harbour_id, name) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET harbour_id = excluded.harbour_id

-- conflict on anything, then update
-- violation TENSQL008
INSERT INTO boats (id, harbour_id, name, registration) VALUES ($1, $2, $3, $4) ON CONFLICT (registration) DO UPDATE SET name = excluded.name

-- conflict on a key that has the tenant, written from a query
-- proven
INSERT INTO boats (harbour_id, name) SELECT r.harbour_id, r.status FROM repairs r WHERE r.harbour_id = $1 ON CONFLICT (harbour_id, name) DO UPDATE SET kind = excluded.kind

-- insert of DEFAULT among values
-- violation TENSQL004
INSERT INTO boats (harbour_id, name) VALUES ($1, $2), (DEFAULT, $3)

-- insert of a looked-up name of another tenant
-- violation TENSQL010
INSERT INTO boats (harbour_id, name) VALUES ($1, (SELECT name FROM boats WHERE id = $2))

-- insert of a looked-up name of the caller
-- proven
INSERT INTO boats (harbour_id, name) VALUES ($1, (SELECT name FROM boats WHERE id = $2 AND harbour_id = $1))

-- insert whose tenant is looked up by an open key
-- violation
INSERT INTO repairs (harbour_id, boat_id) VALUES ((SELECT harbour_id FROM boats WHERE id = $1), $1)

-- insert from a join of the caller's rows and a list
-- proven
INSERT INTO repairs (harbour_id, boat_id, cost) SELECT b.harbour_id, b.id, v.cost FROM (VALUES ($2::uuid, $3::int)) AS v(id, cost) JOIN boats b ON b.id = v.id WHERE b.harbour_id = $1

-- delete of children through their parent
-- proven
DELETE FROM logbooks WHERE id = $1 AND boat_id IN (SELECT id FROM boats WHERE harbour_id = $2)

-- delete of children through an open parent
-- violation
DELETE FROM logbooks WHERE id = $1 AND boat_id IN (SELECT id FROM boats WHERE name = $2)

-- delete of grandchildren through the chain
-- proven
DELETE FROM entries e USING logbooks l, boats b WHERE l.id = e.logbook_id AND b.id = l.boat_id AND b.harbour_id = $1 AND e.id = $2

-- delete of grandchildren, the chain broken
-- violation
DELETE FROM entries e USING logbooks l, boats b WHERE l.id = e.logbook_id AND b.harbour_id = $1 AND e.id = $2

-- delete of grandchildren through nested lists
-- proven
DELETE FROM entries WHERE logbook_id IN (SELECT id FROM logbooks WHERE boat_id IN (SELECT id FROM boats WHERE harbour_id = $1))

-- soft delete of grandchildren by EXISTS
-- proven
UPDATE entries SET body = NULL WHERE id = $1 AND EXISTS (SELECT 1 FROM logbooks l JOIN boats b ON b.id = l.boat_id WHERE l.id = entries.logbook_id AND b.harbour_id = $2)

-- soft delete of grandchildren by EXISTS, not tied
-- violation
UPDATE entries SET body = NULL WHERE id = $1 AND EXISTS (SELECT 1 FROM logbooks l JOIN boats b ON b.id = l.boat_id WHERE b.harbour_id = $2)

-- moved under another logbook
-- violation TENSQL019
UPDATE entries SET logbook_id = $1 WHERE id = $2 AND logbook_id IN (SELECT l.id FROM logbooks l JOIN boats b ON b.id = l.boat_id WHERE b.harbour_id = $3)

-- update from a self join on the key
-- proven
UPDATE boats b SET name = o.name FROM boats o WHERE o.id = b.id AND o.harbour_id = $1

-- update from a self join on another column
-- violation TENSQL002
UPDATE boats b SET name = o.name FROM boats o WHERE o.name = b.name AND o.harbour_id = $1

-- update from a self join by tenant, nothing bound
-- violation TENSQL002
UPDATE boats b SET name = o.name FROM boats o WHERE o.harbour_id = b.harbour_id AND o.id = $1

-- update ordered through a locked sub-select of keys
-- proven
UPDATE repairs SET status = 'taken' WHERE id = (SELECT id FROM repairs WHERE harbour_id = $1 AND status = 'new' ORDER BY id FOR UPDATE SKIP LOCKED LIMIT 1) RETURNING *

-- update of keys picked by anybody
-- violation
UPDATE repairs SET status = 'taken' WHERE id = (SELECT id FROM repairs WHERE status = 'new' ORDER BY id FOR UPDATE SKIP LOCKED LIMIT 1) AND harbour_id = $1 RETURNING *

-- lateral limited per row, tied to the outer tenant
-- proven
SELECT * FROM boats b CROSS JOIN LATERAL (SELECT * FROM repairs r WHERE r.boat_id = b.id AND r.harbour_id = b.harbour_id ORDER BY r.cost DESC LIMIT 1) r WHERE b.harbour_id = $1

-- lateral that reads the parameter
-- proven
SELECT * FROM boats b JOIN LATERAL (SELECT $1::uuid AS h) p ON b.harbour_id = p.h

-- left lateral that reads the parameter filters nothing
-- violation
SELECT * FROM boats b LEFT JOIN LATERAL (SELECT $1::uuid AS h) p ON b.harbour_id = p.h

-- lateral union, one arm tied by a simple key
-- weak TENSQL011
SELECT * FROM boats b, LATERAL (SELECT id FROM repairs r WHERE r.harbour_id = b.harbour_id UNION ALL SELECT id FROM invoices i WHERE i.boat_id = b.id) x WHERE b.harbour_id = $1

-- recursion through children and parents
-- proven
WITH RECURSIVE t AS (SELECT r.id, r.harbour_id, r.parent_id FROM repairs r WHERE r.id = $1 AND r.harbour_id = $2 UNION SELECT r.id, r.harbour_id, r.parent_id FROM repairs r JOIN t ON r.parent_id = t.id AND r.harbour_id = t.harbour_id) SELECT * FROM t

-- recursion with the tenant tested at the end only
-- violation
WITH RECURSIVE t AS (SELECT r.id, r.harbour_id, r.parent_id FROM repairs r WHERE r.id = $1 UNION SELECT r.id, r.harbour_id, r.parent_id FROM repairs r JOIN t ON r.parent_id = t.id) SELECT * FROM t WHERE harbour_id = $2

-- recursion that reads an open table beside itself
-- violation TENSQL010
WITH RECURSIVE t AS (SELECT r.id, r.harbour_id FROM repairs r WHERE r.harbour_id = $1 UNION SELECT r.id, r.harbour_id FROM repairs r JOIN t ON r.parent_id = t.id AND r.harbour_id = t.harbour_id JOIN invoices i ON i.number = r.status) SELECT * FROM t

-- set operation with a column out of place in the last arm
-- violation
SELECT id FROM (SELECT harbour_id AS a, id FROM boats UNION ALL SELECT harbour_id, id FROM berths UNION ALL SELECT id, harbour_id FROM sailors) x WHERE a = $1

-- intersect does not scope the other arm of a union
-- violation
SELECT id FROM boats UNION SELECT id FROM boats INTERSECT SELECT id FROM boats WHERE harbour_id = $1

-- union in a list, both arms scoped
-- proven
SELECT * FROM photos WHERE boat_id IN (SELECT id FROM boats WHERE harbour_id = $1 UNION SELECT boat_id FROM repairs WHERE harbour_id = $1)

-- union in a list, one arm open
-- violation
SELECT * FROM photos WHERE boat_id IN (SELECT id FROM boats WHERE harbour_id = $1 UNION SELECT boat_id FROM repairs WHERE status = $2)

-- USING two columns
-- proven
SELECT * FROM repairs JOIN visits USING (harbour_id, boat_id) WHERE harbour_id = $1

-- USING over a left join, the merged column
-- proven
SELECT * FROM boats LEFT JOIN sailors USING (harbour_id) WHERE harbour_id = $1

-- USING over a right join, the left side's column
-- proven
SELECT * FROM boats b RIGHT JOIN sailors s USING (harbour_id) WHERE b.harbour_id = $1

-- USING over a right join, nothing but the ON
-- violation
SELECT * FROM (SELECT * FROM boats WHERE harbour_id = $1) b RIGHT JOIN sailors s USING (harbour_id)

-- natural join on the key and the tenant
-- proven
SELECT * FROM boats NATURAL JOIN (SELECT id, harbour_id FROM boats WHERE harbour_id = $1) mine

-- natural join that shares no column
-- violation
SELECT * FROM countries NATURAL JOIN (SELECT boat_id, cost FROM repairs) r

-- a tautology over the column
-- violation TENSQL001
SELECT * FROM boats WHERE harbour_id = harbour_id AND name = $1

-- a tautology over an alias
-- violation TENSQL001
SELECT * FROM boats b WHERE b.harbour_id = boats_tenant(b.harbour_id)

-- compared with another tenant's row
-- violation
SELECT * FROM boats b WHERE b.harbour_id = (SELECT harbour_id FROM sailors WHERE email = $1)

-- compared with the row of the caller's session
-- proven
SELECT * FROM boats b WHERE b.harbour_id = (SELECT s.harbour_id FROM sailors s WHERE s.id = $1 AND s.harbour_id = $2)

-- parameter compared with parameter
-- violation
SELECT * FROM boats WHERE $1 = $2 AND name = $3

-- the predicate in a comment
-- violation TENSQL001
SELECT * FROM boats WHERE name = $1 -- AND harbour_id = $2

-- the predicate in a hint
-- violation TENSQL001
SELECT /*+ harbour_id = $2 */ * FROM boats WHERE name = $1

-- the alternative after a comment on the same line
-- violation
SELECT * FROM boats WHERE harbour_id = $1 /* the caller's */ OR kind = 'public' -- and nobody else's

-- tagged dollar quote
-- violation TENSQL001
SELECT * FROM boats WHERE name = $q$ x AND harbour_id = $1 $q$ AND kind = $1

-- escape string with a quote
-- violation TENSQL001
SELECT * FROM boats WHERE name = E'\' AND harbour_id = $1 AND name <> \''

-- unicode escape string
-- violation TENSQL001
SELECT * FROM boats WHERE name = U&'\0041' AND kind = $1

-- adjacent strings on two lines are one
-- violation TENSQL001
SELECT * FROM boats WHERE name = 'a'
'AND harbour_id = $1'

-- second statement open
-- proven ; violation TENSQL003
SELECT * FROM boats WHERE harbour_id = $1; DELETE FROM boats WHERE id = $2

-- transaction with the setting
-- proven ; proven ; proven ; proven
BEGIN; SELECT set_config('app.harbour_id', $1, true); SELECT * FROM boats WHERE harbour_id = current_setting('app.harbour_id')::uuid; COMMIT

-- the function of the tenant beside an open table
-- violation TENSQL010
SELECT * FROM boats_of($1) x JOIN repairs r ON r.boat_id = x.id

-- the function of the tenant in the select list
-- violation TENSQL001
SELECT boats_of($1), b.* FROM boats b

-- every row that is not somebody else's by list
-- violation TENSQL001
SELECT * FROM boats WHERE harbour_id NOT IN (SELECT id FROM harbours WHERE id <> $1)

-- not exists another tenant
-- violation
SELECT * FROM boats b WHERE NOT EXISTS (SELECT 1 FROM harbours h WHERE h.id = b.harbour_id AND h.id <> $1)

-- keyset of the caller's last row
-- proven
SELECT * FROM boats WHERE harbour_id = $1 AND (name, id) > (SELECT name, id FROM boats WHERE id = $2 AND harbour_id = $1) ORDER BY name, id LIMIT 20

-- keyset of anybody's last row
-- violation TENSQL010
SELECT * FROM boats WHERE harbour_id = $1 AND (name, id) > (SELECT name, id FROM boats WHERE id = $2) ORDER BY name, id LIMIT 20

-- total of everybody beside the caller's page
-- violation TENSQL010
SELECT b.*, (SELECT count(*) FROM boats) AS total FROM boats b WHERE b.harbour_id = $1

-- total over a window in the caller's page
-- proven
SELECT b.*, count(*) OVER () AS total FROM boats b WHERE b.harbour_id = $1 LIMIT 20

-- rank computed before the filter
-- violation TENSQL012
SELECT * FROM (SELECT b.*, rank() OVER (ORDER BY length DESC) AS place FROM boats b) x WHERE x.harbour_id = $1

-- rank within the tenant and kind, filtered afterwards
-- proven
SELECT * FROM (SELECT b.*, rank() OVER (PARTITION BY kind, harbour_id ORDER BY length DESC) AS place FROM boats b) x WHERE x.harbour_id = $1 AND x.place = 1

-- aggregate joined back by tenant
-- proven
SELECT b.*, n.total FROM boats b JOIN (SELECT harbour_id, count(*) AS total FROM repairs GROUP BY harbour_id) n ON n.harbour_id = b.harbour_id WHERE b.harbour_id = $1

-- aggregate by another key joined back by that key
-- violation
SELECT b.*, n.total FROM boats b JOIN (SELECT status, count(*) AS total FROM repairs GROUP BY status) n ON n.status = b.kind WHERE b.harbour_id = $1

-- aggregate over a left join that ties nothing
-- violation TENSQL010
SELECT b.id, count(i.id) FROM boats b LEFT JOIN invoices i ON i.number = b.registration WHERE b.harbour_id = $1 GROUP BY b.id

-- filter on an optional status, the tenant always
-- proven
SELECT * FROM repairs WHERE harbour_id = $1 AND ($2::text IS NULL OR status = $2) AND ($3::int IS NULL OR cost >= $3)

-- the tenant optional behind a flag and a value
-- violation TENSQL005
SELECT * FROM repairs WHERE ($1::uuid IS NULL OR harbour_id = $1) AND status = $2

-- the tenant optional by an empty text
-- violation TENSQL005
SELECT * FROM repairs WHERE (harbour_id::text = $1 OR $1 = '')

-- the tenant optional by the length of a list
-- violation TENSQL005
SELECT * FROM repairs WHERE (cardinality($1::uuid[]) = 0 OR harbour_id = ANY($1))

-- the tenant optional by CASE
-- violation TENSQL005
SELECT * FROM repairs WHERE harbour_id = CASE WHEN $1::uuid IS NULL THEN harbour_id ELSE $1 END

-- the tenant optional inside an EXISTS
-- violation
SELECT * FROM photos p WHERE EXISTS (SELECT 1 FROM boats b WHERE b.id = p.boat_id AND ($1::uuid IS NULL OR b.harbour_id = $1))

-- deletion with the tenant optional
-- violation TENSQL005
DELETE FROM repairs WHERE id = $1 AND (harbour_id = $2 OR $2 IS NULL)

-- shared rows or the caller's, of a table that does not share
-- weak TENSQL018
SELECT * FROM notices WHERE harbour_id = $1 OR harbour_id IS NULL

-- public rows beside the caller's
-- violation TENSQL006
SELECT * FROM boats WHERE harbour_id = $1 OR kind = 'public'

-- owner or tenant
-- violation TENSQL006
SELECT * FROM boats WHERE harbour_id = $1 OR owner_id = $2

-- the tenant through a left join that a later condition makes inner
-- proven
SELECT r.* FROM repairs r LEFT JOIN boats b ON b.id = r.boat_id AND b.harbour_id = r.harbour_id WHERE b.harbour_id = $1

-- the tenant through a left join whose key is tested for NULL
-- violation
SELECT r.* FROM repairs r LEFT JOIN boats b ON b.id = r.boat_id AND b.harbour_id = $1 WHERE b.id IS NULL

-- the tenant in the ON of a left join, the key tested afterwards
-- proven
SELECT r.* FROM repairs r LEFT JOIN boats b ON b.id = r.boat_id AND b.harbour_id = $1 WHERE b.id IS NOT NULL

-- two left joins, the second on the first
-- proven
SELECT * FROM boats b LEFT JOIN repairs r ON r.boat_id = b.id AND r.harbour_id = b.harbour_id LEFT JOIN repairs p ON p.id = r.parent_id AND p.harbour_id = r.harbour_id WHERE b.harbour_id = $1

-- a view of names with the tenant in a list of the caller's harbours
-- weak TENSQL022
SELECT * FROM boat_names WHERE harbour_id IN (SELECT m.harbour_id FROM memberships m WHERE m.user_id = $1)

-- an array of the tenant's rows compared as a whole
-- violation TENSQL001
SELECT * FROM boats WHERE ARRAY[harbour_id] && $1::uuid[]

-- the caller's list contains the row's tenant and more
-- proven
SELECT * FROM boats WHERE $1::uuid[] @> ARRAY[harbour_id]

-- position in the caller's list
-- violation TENSQL001
SELECT * FROM boats WHERE array_position($1::uuid[], harbour_id) > 0

-- the second test of a CASE reads an open table
-- violation TENSQL010
SELECT CASE WHEN b.kind = 'tug' THEN 1 WHEN EXISTS (SELECT 1 FROM repairs r WHERE r.status = b.kind) THEN 2 END FROM boats b WHERE b.harbour_id = $1

-- the second test of a CASE reads the caller's rows
-- proven
SELECT CASE WHEN b.kind = 'tug' THEN 1 WHEN EXISTS (SELECT 1 FROM repairs r WHERE r.boat_id = b.id AND r.harbour_id = b.harbour_id) THEN 2 END FROM boats b WHERE b.harbour_id = $1

-- upsert on the id that heals with a CASE
-- violation TENSQL008
INSERT INTO boats (id, harbour_id, name) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET archived_at = CASE WHEN boats.archived_at IS NULL THEN NULL WHEN boats.harbour_id = EXCLUDED.harbour_id AND EXISTS (SELECT 1 FROM repairs r WHERE r.boat_id = boats.id AND r.harbour_id = boats.harbour_id) THEN NULL ELSE boats.archived_at END RETURNING id

-- upsert on the id that heals with a CASE and is guarded
-- proven
INSERT INTO boats (id, harbour_id, name) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET archived_at = CASE WHEN boats.archived_at IS NULL THEN NULL WHEN EXISTS (SELECT 1 FROM repairs r WHERE r.boat_id = boats.id AND r.harbour_id = boats.harbour_id) THEN NULL ELSE boats.archived_at END WHERE boats.harbour_id = EXCLUDED.harbour_id RETURNING id

-- a part of a query with its alias
-- violation TENSQL001
(SELECT * FROM boats WHERE name = $1) AS b

-- a part of a query with its alias, scoped
-- proven
(SELECT * FROM boats WHERE harbour_id = $1) AS b

-- a comparison that is a part of a condition
-- unparsed
(SELECT 1 FROM boats n WHERE n.name = e.name) = 1

-- a function of the catalog beside the caller's rows
-- proven
SELECT b.* FROM boats b JOIN pg_partition_tree('boats') t ON true WHERE b.harbour_id = $1

-- a derived join tree with an alias of its own
-- proven
SELECT * FROM ((SELECT * FROM boats WHERE harbour_id = $1) AS a INNER JOIN repairs AS r USING (harbour_id))

-- a derived join tree, one side open
-- violation
SELECT * FROM ((SELECT kind FROM boats GROUP BY kind) AS a INNER JOIN repairs AS r ON r.status = a.kind)
