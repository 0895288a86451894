-- chain of ctes, each of the one before
-- proven
WITH mine AS (SELECT * FROM boats WHERE harbour_id = $1), big AS (SELECT * FROM mine WHERE length > $2), named AS (SELECT id, name FROM big WHERE kind = $3) SELECT * FROM named ORDER BY name

-- chain of ctes whose second goes around the first
-- violation TENSQL010
WITH mine AS (SELECT * FROM boats WHERE harbour_id = $1), big AS (SELECT * FROM boats WHERE length > $2) SELECT m.id FROM mine m JOIN big b ON b.name = m.name

-- cte filtered only where it is used
-- proven
WITH everything AS (SELECT b.id, b.harbour_id, b.name FROM boats b) SELECT e.name FROM everything e WHERE e.harbour_id = $1

-- cte used twice, filtered once
-- violation TENSQL010
WITH everything AS (SELECT id, harbour_id, name FROM boats) SELECT a.name FROM everything a, everything b WHERE a.harbour_id = $1 AND a.id <> b.id

-- cte used twice, filtered through each other
-- proven
WITH everything AS (SELECT id, harbour_id, name FROM boats) SELECT a.name FROM everything a JOIN everything b ON a.harbour_id = b.harbour_id AND a.id <> b.id WHERE b.harbour_id = $1

-- materialized cte filtered outside
-- proven
WITH everything AS MATERIALIZED (SELECT id, harbour_id FROM boats) SELECT id FROM everything WHERE harbour_id = $1

-- recursive tree of repairs, both terms scoped
-- proven
WITH RECURSIVE tree AS (SELECT id, parent_id FROM repairs WHERE id = $1 AND harbour_id = $2 UNION ALL SELECT r.id, r.parent_id FROM repairs r JOIN tree t ON r.parent_id = t.id WHERE r.harbour_id = $2) SELECT * FROM tree

-- recursive tree of repairs, tenant handed down
-- proven
WITH RECURSIVE tree(id, parent_id, harbour_id) AS (SELECT id, parent_id, harbour_id FROM repairs WHERE id = $1 AND harbour_id = $2 UNION ALL SELECT r.id, r.parent_id, r.harbour_id FROM repairs r JOIN tree t ON r.parent_id = t.id AND r.harbour_id = t.harbour_id) SELECT id FROM tree

-- recursive tree of repairs, filtered only at the end
-- violation
WITH RECURSIVE tree AS (SELECT id, parent_id, harbour_id, 1 AS depth FROM repairs WHERE id = $1 UNION ALL SELECT r.id, r.parent_id, r.harbour_id, t.depth + 1 FROM repairs r JOIN tree t ON r.parent_id = t.id) SELECT id, depth FROM tree WHERE harbour_id = $2 AND depth = (SELECT max(depth) FROM tree)

-- recursive tree whose step loses the tenant (each row refers to one of the tree; first labelled violation)
-- weak TENSQL011
WITH RECURSIVE tree AS (SELECT id, parent_id FROM repairs WHERE harbour_id = $1 AND parent_id IS NULL UNION ALL SELECT r.id, r.parent_id FROM repairs r JOIN tree t ON r.parent_id = t.id) SELECT * FROM tree

-- recursive counter beside a scoped read
-- proven
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10) SELECT b.name, n.i FROM boats b CROSS JOIN n WHERE b.harbour_id = $1

-- recursive counter beside an unscoped read
-- violation TENSQL001
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10) SELECT b.name, n.i FROM boats b JOIN n ON n.i = b.length

-- moved rows: delete returning into insert
-- proven
WITH gone AS (DELETE FROM berths WHERE harbour_id = $1 AND depth < $2 RETURNING id, harbour_id, number, depth) INSERT INTO berths (id, harbour_id, number, depth) SELECT gen_random_uuid(), harbour_id, number || '-old', depth FROM gone

-- moved rows: delete of all, insert of one tenant's
-- violation TENSQL003
WITH gone AS (DELETE FROM berths WHERE depth < $2 RETURNING id, harbour_id, number, depth) INSERT INTO berths (id, harbour_id, number, depth) SELECT gen_random_uuid(), harbour_id, number || '-old', depth FROM gone WHERE harbour_id = $1

-- modifying cte that nobody reads
-- violation TENSQL002
WITH touched AS (UPDATE boats SET kind = 'x' WHERE id = $2) SELECT name FROM boats WHERE harbour_id = $1

-- update through the rows a scoped cte picks and locks
-- proven
WITH next AS (SELECT id FROM repairs WHERE harbour_id = $1 AND status = 'queued' ORDER BY cost LIMIT 1 FOR UPDATE SKIP LOCKED) UPDATE repairs r SET status = 'running' FROM next WHERE r.id = next.id RETURNING r.*

-- update through the rows an unscoped cte picks
-- violation
WITH next AS (SELECT id FROM repairs WHERE status = 'queued' ORDER BY cost LIMIT 1 FOR UPDATE SKIP LOCKED) UPDATE repairs r SET status = 'running' FROM next WHERE r.id = next.id AND r.harbour_id = $1

-- insert of a parent and its child in one statement
-- proven
WITH b AS (INSERT INTO boats (id, harbour_id, name) VALUES ($1, $2, $3) RETURNING id) INSERT INTO photos (id, boat_id, url) SELECT $4, b.id, $5 FROM b

-- insert of a child under whatever boat has the name
-- violation TENSQL019
INSERT INTO photos (id, boat_id, url) SELECT $1, b.id, $2 FROM boats b WHERE b.name = $3

-- lateral latest repair of each boat
-- proven
SELECT b.name, r.cost FROM boats b CROSS JOIN LATERAL (SELECT cost FROM repairs WHERE repairs.harbour_id = b.harbour_id AND repairs.boat_id = b.id ORDER BY cost DESC LIMIT 1) r WHERE b.harbour_id = $1

-- lateral of a child, by its parent
-- proven
SELECT b.name, p.url FROM boats b LEFT JOIN LATERAL (SELECT url FROM photos WHERE photos.boat_id = b.id ORDER BY id LIMIT 1) p ON true WHERE b.harbour_id = $1

-- lateral that forgets to look out
-- violation TENSQL010
SELECT b.name, r.cost FROM boats b CROSS JOIN LATERAL (SELECT cost FROM repairs ORDER BY cost DESC LIMIT 1) r WHERE b.harbour_id = $1

-- lateral correlated by a name only
-- violation TENSQL010
SELECT b.name, s.email FROM boats b LEFT JOIN LATERAL (SELECT email FROM sailors WHERE sailors.name = b.name LIMIT 3) s ON true WHERE b.harbour_id = $1

-- totals over everybody
-- violation TENSQL001
SELECT harbour_id, count(*) FROM boats GROUP BY ROLLUP (harbour_id)

-- totals of one tenant by kind
-- proven
SELECT kind, count(*) FROM boats WHERE harbour_id = $1 GROUP BY GROUPING SETS ((kind), ())

-- groups by tenant chosen by having
-- proven
SELECT harbour_id, sum(cost) FROM repairs GROUP BY harbour_id HAVING harbour_id = $1

-- groups by status chosen by the least tenant
-- violation TENSQL001
SELECT status, count(*) FROM repairs GROUP BY status HAVING min(harbour_id::text) = $1

-- grouped sub-select filtered by its key
-- proven
SELECT s.n FROM (SELECT harbour_id, kind, count(*) AS n FROM boats GROUP BY 1, 2) s WHERE s.harbour_id = $1 AND s.kind = $2

-- grouped sub-select that keeps only the greatest tenant
-- violation
SELECT s.n FROM (SELECT kind, max(harbour_id::text) AS h, count(*) AS n FROM boats GROUP BY kind) s WHERE s.h = $1

-- rank within the tenant, filtered after
-- proven
SELECT * FROM (SELECT b.*, rank() OVER (PARTITION BY b.harbour_id, b.kind ORDER BY b.length) AS r FROM boats b) x WHERE x.harbour_id = $1 AND x.r = 1

-- rank over all tenants, filtered after
-- violation TENSQL012
SELECT * FROM (SELECT b.*, rank() OVER (PARTITION BY b.kind ORDER BY b.length) AS r FROM boats b) x WHERE x.harbour_id = $1 AND x.r = 1

-- named window without the tenant
-- violation TENSQL012
SELECT * FROM (SELECT id, harbour_id, lag(name) OVER w AS before FROM boats WINDOW w AS (ORDER BY id)) x WHERE x.harbour_id = $1

-- window over rows that are filtered first
-- proven
SELECT id, lag(name) OVER (ORDER BY id) FROM boats WHERE harbour_id = $1

-- first ten of all, then the tenant's
-- violation TENSQL012
SELECT * FROM (SELECT * FROM boats ORDER BY length DESC FETCH FIRST 10 ROWS ONLY) b WHERE b.harbour_id = $1

-- page of all through a cte
-- violation TENSQL012
WITH page AS (SELECT id, harbour_id FROM boats ORDER BY id OFFSET 20) SELECT id FROM page WHERE harbour_id = $1

-- tablesample of the tenant's
-- proven
SELECT * FROM boats TABLESAMPLE BERNOULLI (10) WHERE harbour_id = $1

-- merge on tenant and id
-- proven
MERGE INTO boats b USING (SELECT $1::uuid AS id, $2::uuid AS harbour_id, $3::text AS name) s ON b.id = s.id AND b.harbour_id = s.harbour_id WHEN MATCHED THEN UPDATE SET name = s.name WHEN NOT MATCHED THEN INSERT (id, harbour_id, name) VALUES (s.id, s.harbour_id, s.name)

-- merge on the id alone
-- violation
MERGE INTO boats b USING (SELECT $1::uuid AS id, $2::uuid AS harbour_id, $3::text AS name) s ON b.id = s.id WHEN MATCHED THEN UPDATE SET name = s.name WHEN NOT MATCHED THEN INSERT (id, harbour_id, name) VALUES (s.id, s.harbour_id, s.name)

-- merge deleting what the id matches, if it is the tenant's
-- proven
MERGE INTO boats b USING (VALUES ($1::uuid)) s(id) ON b.id = s.id AND b.harbour_id = $2 WHEN MATCHED THEN DELETE

-- merge whose tenant test is in a WHEN, for one action only
-- violation
MERGE INTO boats b USING (VALUES ($1::uuid)) s(id) ON b.id = s.id WHEN MATCHED AND b.harbour_id = $2 THEN UPDATE SET name = 'x' WHEN MATCHED THEN DELETE

-- merge from an unscoped source
-- violation
MERGE INTO berths b USING (SELECT id, number FROM berths WHERE depth > $2) s ON b.id = s.id AND b.harbour_id = $1 WHEN MATCHED THEN UPDATE SET number = s.number

-- upsert on tenant and name
-- proven
INSERT INTO boats (id, harbour_id, name) VALUES ($1, $2, $3) ON CONFLICT (harbour_id, name) DO UPDATE SET kind = EXCLUDED.kind

-- upsert on the registration
-- violation TENSQL008
INSERT INTO boats (id, harbour_id, name, registration) VALUES ($1, $2, $3, $4) ON CONFLICT (registration) DO UPDATE SET name = EXCLUDED.name

-- upsert on the id guarded by WHERE
-- proven
INSERT INTO boats AS b (id, harbour_id, name) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET name = EXCLUDED.name WHERE b.harbour_id = EXCLUDED.harbour_id

-- upsert on the id guarded by the wrong side
-- violation TENSQL008
INSERT INTO boats AS b (id, harbour_id, name) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET name = EXCLUDED.name WHERE EXCLUDED.harbour_id = $2

-- upsert that moves the row to the caller
-- violation
INSERT INTO boats (id, harbour_id, name) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET harbour_id = EXCLUDED.harbour_id, name = EXCLUDED.name

-- upsert of a child by its own id
-- violation
INSERT INTO photos (id, boat_id, url) SELECT $1, b.id, $2 FROM boats b WHERE b.id = $3 AND b.harbour_id = $4 ON CONFLICT (id) DO UPDATE SET url = EXCLUDED.url

-- upsert of an entry by logbook and number
-- proven
INSERT INTO entries (id, logbook_id, seq, body) SELECT $1, l.id, $2, $3 FROM logbooks l JOIN boats b ON b.id = l.boat_id WHERE l.id = $4 AND b.harbour_id = $5 ON CONFLICT (logbook_id, seq) DO UPDATE SET body = EXCLUDED.body

-- do nothing
-- proven
INSERT INTO sailors (id, harbour_id, email) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING

-- exists tied to the outer row, tenant inside
-- proven
SELECT p.url FROM photos p WHERE EXISTS (SELECT 1 FROM boats b WHERE b.id = p.boat_id AND b.harbour_id = $1)

-- exists that is not tied to the outer row
-- violation
SELECT p.url FROM photos p WHERE EXISTS (SELECT 1 FROM boats b WHERE b.harbour_id = $1 AND b.id = $2)

-- exists whose column is caught by the inner table
-- violation
SELECT l.title FROM logbooks l WHERE EXISTS (SELECT 1 FROM photos p JOIN boats b ON b.id = p.boat_id WHERE boat_id = p.boat_id AND b.harbour_id = $1)

-- not exists does not scope
-- violation
SELECT p.url FROM photos p WHERE NOT EXISTS (SELECT 1 FROM boats b WHERE b.id = p.boat_id AND b.harbour_id <> $1)

-- not exists beside the predicate, its own scoped through the outer row
-- proven
SELECT b.name FROM boats b WHERE b.harbour_id = $1 AND NOT EXISTS (SELECT 1 FROM repairs r WHERE r.boat_id = b.id AND r.harbour_id = b.harbour_id)

-- not exists over everybody's
-- violation TENSQL010
SELECT b.name FROM boats b WHERE b.harbour_id = $1 AND NOT EXISTS (SELECT 1 FROM sailors s WHERE s.email = $2)

-- not in over the tenant's
-- proven
SELECT b.name FROM boats b WHERE b.harbour_id = $1 AND b.id NOT IN (SELECT boat_id FROM visits WHERE harbour_id = $1)

-- not in a list of tenants
-- violation TENSQL001
SELECT name FROM boats WHERE harbour_id NOT IN ($1)

-- in over the tenant's rows by key
-- proven
SELECT r.cost FROM repairs r WHERE r.boat_id IN (SELECT id FROM boats WHERE harbour_id = $1)

-- in over the tenant's rows by a simple key
-- weak TENSQL011
SELECT i.amount FROM invoices i WHERE i.boat_id IN (SELECT id FROM boats WHERE harbour_id = $1)

-- in over the tenant's names
-- violation
SELECT i.amount FROM invoices i WHERE i.number IN (SELECT name FROM boats WHERE harbour_id = $1)

-- in with an or inside
-- violation
SELECT r.cost FROM repairs r WHERE r.boat_id IN (SELECT id FROM boats WHERE harbour_id = $1 OR kind = 'shared')

-- union of two scoped
-- proven
SELECT id, name FROM boats WHERE harbour_id = $1 UNION SELECT id, email FROM sailors WHERE harbour_id = $1

-- union with one that is not
-- violation
SELECT id, name FROM boats WHERE harbour_id = $1 UNION ALL SELECT id, email FROM sailors

-- intersect of ids that ends in the tenant's
-- proven
SELECT owner_id FROM boats WHERE harbour_id = $1 INTERSECT SELECT id FROM sailors

-- except takes other tenants' away
-- violation
SELECT name FROM boats WHERE harbour_id = $1 EXCEPT SELECT name FROM boats

-- union of everything filtered outside
-- proven
SELECT * FROM (SELECT id, harbour_id FROM boats UNION ALL SELECT id, harbour_id FROM sailors) u WHERE u.harbour_id = $1

-- union of everything with a limit inside one branch
-- violation TENSQL012
SELECT * FROM (SELECT id, harbour_id FROM boats UNION ALL (SELECT id, harbour_id FROM sailors LIMIT 5)) u WHERE u.harbour_id = $1

-- union whose columns are swapped
-- violation
SELECT * FROM (SELECT id AS a, harbour_id AS h FROM boats UNION ALL SELECT harbour_id, id FROM sailors) u WHERE u.h = $1

-- left join with the tenant in ON of the outer side
-- violation TENSQL001
SELECT b.* FROM boats b LEFT JOIN berths q ON q.id = b.berth_id AND b.harbour_id = $1

-- left join with the tenant in ON of the nullable side, where the rest is scoped
-- proven
SELECT b.name, s.email FROM boats b LEFT JOIN sailors s ON s.id = b.owner_id AND s.harbour_id = $1 WHERE b.harbour_id = $1

-- left join made inner by WHERE
-- proven
SELECT b.name FROM photos p LEFT JOIN boats b ON b.id = p.boat_id WHERE b.harbour_id = $1

-- left join and WHERE or NULL
-- violation
SELECT b.name, p.url FROM photos p LEFT JOIN boats b ON b.id = p.boat_id AND b.harbour_id = $1 WHERE b.harbour_id = $1 OR b.id IS NULL

-- right join keeps all of the right
-- violation
SELECT s.email FROM boats b RIGHT JOIN sailors s ON s.id = b.owner_id AND b.harbour_id = $1

-- right join with the right side scoped
-- proven
SELECT s.email, b.name FROM boats b RIGHT JOIN sailors s ON s.harbour_id = b.harbour_id AND s.id = b.owner_id WHERE s.harbour_id = $1

-- full join scoped on one side
-- violation
SELECT b.name, s.email FROM boats b FULL JOIN sailors s ON s.id = b.owner_id AND s.harbour_id = b.harbour_id WHERE b.harbour_id = $1 OR b.harbour_id IS NULL

-- full join of two scoped sub-selects
-- proven
SELECT * FROM (SELECT * FROM boats WHERE harbour_id = $1) b FULL JOIN (SELECT * FROM sailors WHERE harbour_id = $1) s ON s.id = b.owner_id

-- join using the tenant
-- proven
SELECT b.name, r.cost FROM boats b JOIN repairs r USING (harbour_id) WHERE harbour_id = $1

-- natural join that ties more than wanted, the tenant among it
-- proven
SELECT * FROM boats NATURAL JOIN visits WHERE harbour_id = $1

-- comma join with the forgotten condition
-- violation TENSQL010
SELECT b.name, s.email FROM boats b, sailors s WHERE b.harbour_id = $1

-- self comparison
-- violation
SELECT * FROM boats WHERE harbour_id = harbour_id AND id = $1

-- comparison with the alias of another copy
-- violation
SELECT b.* FROM boats b JOIN boats c ON c.harbour_id = b.harbour_id WHERE c.id = $1

-- view over a view
-- proven
SELECT * FROM repair_costs WHERE harbour_id = $1

-- view over a view without the tenant
-- violation TENSQL001
SELECT sum(cost) FROM repair_costs

-- view of the caller's boats and their logbooks
-- proven
SELECT title FROM my_logs WHERE id = $1

-- view that has a limit inside
-- violation TENSQL012
SELECT * FROM newest_boats WHERE harbour_id = $1

-- view in a join, tied by tenant
-- proven
SELECT v.cost FROM repair_costs v JOIN boats b ON b.harbour_id = v.harbour_id AND b.id = v.boat_id WHERE b.harbour_id = $1

-- tenant inside a json column
-- violation TENSQL001
SELECT * FROM boats WHERE (name::jsonb ->> 'harbour_id') = $1

-- json value of the caller's claims
-- proven
SELECT * FROM boats WHERE harbour_id = (current_setting('app.harbour_id', true))::uuid AND name = $1::jsonb ->> 'name'

-- tenant out of a json parameter
-- proven
SELECT * FROM boats WHERE harbour_id = ($1::jsonb ->> 'harbour')::uuid

-- rows of a json parameter joined to the table by tenant and id
-- proven
SELECT b.name FROM jsonb_to_recordset($1) AS x(id uuid, length int) JOIN boats b ON b.id = x.id WHERE b.harbour_id = $2 AND b.length > x.length

-- row of tenant and id
-- proven
SELECT * FROM boats WHERE (harbour_id, id) = ($1, $2)

-- row of tenant and id in a list
-- proven
DELETE FROM boats WHERE (harbour_id, id) IN (($1, $2), ($1, $3), ($1, $4))

-- keyset page: greater row
-- violation TENSQL001
SELECT * FROM boats WHERE (harbour_id, id) > ($1, $2) ORDER BY harbour_id, id LIMIT 20

-- keyset page beside the tenant
-- proven
SELECT * FROM boats WHERE harbour_id = $1 AND (length, id) > ($2, $3) ORDER BY length, id LIMIT 20

-- row not equal
-- violation TENSQL001
SELECT * FROM boats WHERE (harbour_id, id) <> ($1, $2)

-- row in the tenant's rows
-- proven
SELECT * FROM sailors WHERE (harbour_id, email) IN (SELECT harbour_id, name FROM boats WHERE harbour_id = $1)

-- equal to all of a list
-- violation TENSQL001
SELECT * FROM boats WHERE harbour_id = ALL ($1::uuid[])

-- different from none of a list
-- violation TENSQL001
SELECT * FROM boats WHERE harbour_id <> ANY ($1::uuid[])

-- not different from any of a list
-- proven
SELECT * FROM boats WHERE NOT (harbour_id <> ALL ($1::uuid[]))

-- one-element array contained in the caller's
-- proven
SELECT * FROM boats WHERE ARRAY[harbour_id] <@ $1::uuid[]

-- some column is the caller's tenant
-- violation TENSQL006
SELECT * FROM boats WHERE $1 = ANY (ARRAY[harbour_id, owner_id])

-- any of the tenants of a member
-- weak TENSQL022
SELECT * FROM boats WHERE harbour_id = ANY (ARRAY(SELECT harbour_id FROM memberships WHERE user_id = $1))

-- in the tenants of a member and the tenant itself
-- proven
SELECT * FROM boats WHERE harbour_id = $1 AND harbour_id IN (SELECT harbour_id FROM memberships WHERE user_id = $2 AND harbour_id = $1)

-- entries two levels down
-- proven
SELECT e.body FROM entries e JOIN logbooks l ON l.id = e.logbook_id JOIN boats b ON b.id = l.boat_id WHERE b.harbour_id = $1 AND e.id = $2

-- entries two levels down, the middle link missing
-- violation
SELECT e.body FROM entries e JOIN logbooks l ON l.id = e.logbook_id JOIN boats b ON b.harbour_id = $1 WHERE e.id = $2

-- entries two levels down by nested in
-- proven
DELETE FROM entries WHERE logbook_id IN (SELECT id FROM logbooks WHERE boat_id IN (SELECT id FROM boats WHERE harbour_id = $1))

-- entries by a logbook of the caller's choosing
-- violation TENSQL001
SELECT body FROM entries WHERE logbook_id = $1

-- entry moved under another logbook
-- violation TENSQL019
UPDATE entries e SET logbook_id = $1 FROM logbooks l JOIN boats b ON b.id = l.boat_id WHERE l.id = e.logbook_id AND b.harbour_id = $2 AND e.id = $3

-- entry moved under another logbook that is the tenant's too
-- proven
UPDATE entries e SET logbook_id = n.id FROM logbooks l JOIN boats b ON b.id = l.boat_id, logbooks n JOIN boats c ON c.id = n.boat_id WHERE l.id = e.logbook_id AND b.harbour_id = $2 AND c.harbour_id = $2 AND n.id = $1 AND e.id = $3

-- partition named directly
-- opaque TENSQL000
SELECT * FROM boats_2026_01 WHERE id = $1

-- partition named directly, with the tenant's name
-- weak TENSQL000
SELECT * FROM boats_2026_01 WHERE harbour_id = $1

-- temporary table from the tenant's rows, then read
-- proven proven
CREATE TEMP TABLE picked AS SELECT id FROM boats WHERE harbour_id = $1; SELECT * FROM picked

-- temporary table from everybody's rows
-- violation TENSQL001
CREATE TEMPORARY TABLE picked ON COMMIT DROP AS SELECT id FROM boats WHERE length > 3

-- the tenant for the transaction, then a read by it
-- proven proven
SELECT set_config('app.harbour_id', $1, true); SELECT * FROM boats WHERE harbour_id = current_setting('app.harbour_id')::uuid

-- the tenant for the session
-- violation TENSQL015
SELECT set_config('app.harbour_id', $1, false)

-- set local
-- proven
SET LOCAL app.harbour_id = '00000000-0000-0000-0000-00000000000a'

-- set session
-- violation TENSQL015
SET SESSION app.harbour_id TO '00000000-0000-0000-0000-00000000000a'

-- a read that trusts row security to do it
-- violation TENSQL001
SELECT * FROM visits ORDER BY days

-- fail open on a missing setting
-- violation TENSQL005
SELECT * FROM boats WHERE harbour_id = current_setting('app.harbour_id', true)::uuid OR coalesce(current_setting('app.harbour_id', true), '') = ''

-- missing setting becomes the row's own
-- violation
SELECT * FROM boats WHERE harbour_id = coalesce(nullif(current_setting('app.harbour_id', true), '')::uuid, harbour_id)

-- row security off for the transaction
-- violation TENSQL017
SET LOCAL row_security = off

-- a role that bypasses
-- violation TENSQL017
SET ROLE postgres

-- copy of a query of the tenant's
-- proven
COPY (SELECT id, name FROM boats WHERE harbour_id = '00000000-0000-0000-0000-00000000000a'::uuid AND harbour_id = current_setting('app.harbour_id')::uuid) TO STDOUT WITH CSV HEADER

-- copy of a table
-- violation TENSQL014
COPY boats (id, name) TO STDOUT WITH (FORMAT csv)

-- copy into a table
-- violation TENSQL014
COPY sailors FROM STDIN

-- copy of everybody's countries
-- proven
COPY countries TO STDOUT

-- truncate of two, one of them owned
-- violation TENSQL014
TRUNCATE TABLE countries, photos RESTART IDENTITY CASCADE

-- anonymous block
-- opaque TENSQL013
DO $$ BEGIN DELETE FROM boats WHERE harbour_id = current_setting('app.harbour_id')::uuid; END $$

-- prepared with the predicate, then run (what runs stands above; first labelled opaque)
-- proven ; proven
PREPARE mine(uuid) AS SELECT * FROM boats WHERE harbour_id = $1; EXECUTE mine('00000000-0000-0000-0000-00000000000a')

-- prepared without the predicate
-- violation TENSQL003
PREPARE drop_boat(uuid) AS DELETE FROM boats WHERE id = $1

-- cursor over the tenant's
-- proven proven
DECLARE c NO SCROLL CURSOR WITH HOLD FOR SELECT * FROM boats WHERE harbour_id = $1; FETCH 100 FROM c

-- cursor over all
-- violation TENSQL001
DECLARE c CURSOR FOR SELECT * FROM boats

-- delete at the cursor
-- violation
DELETE FROM boats WHERE CURRENT OF c

-- declared function with the caller's tenant
-- proven
SELECT f.name FROM boats_of($1) f WHERE f.length > $2

-- declared function with another column
-- violation
SELECT f.name FROM sailors s, boats_of(s.harbour_id) f WHERE s.id = $1

-- function nobody declared
-- opaque TENSQL013
SELECT * FROM fleet_report($1)

-- procedure nobody declared
-- opaque TENSQL013
CALL archive_boats($1)

-- definer function made here
-- opaque TENSQL013
CREATE OR REPLACE FUNCTION all_boats() RETURNS SETOF boats LANGUAGE sql SECURITY DEFINER AS 'SELECT * FROM boats'

-- hint in a comment
-- proven
/*+ SeqScan(b) */ SELECT b.name FROM boats b WHERE b.harbour_id = $1

-- predicate in a line comment
-- violation TENSQL001
SELECT * FROM boats WHERE id = $1 -- AND harbour_id = $2

-- predicate in a nested comment
-- violation TENSQL001
SELECT * FROM boats WHERE id = $1 /* /* AND harbour_id = $2 */ AND harbour_id = $3 */

-- predicate in a string
-- violation TENSQL001
SELECT * FROM boats WHERE name = ' AND harbour_id = $1' AND id = $2

-- predicate in a dollar quoted string
-- violation TENSQL001
SELECT * FROM boats WHERE name <> $q$ AND harbour_id = $1 $q$

-- quoted lower case name
-- proven
SELECT "b"."name" FROM "boats" AS "b" WHERE "b"."harbour_id" = $1

-- upper case unquoted name
-- proven
SELECT NAME FROM BOATS B WHERE B.HARBOUR_ID = $1

-- quoted upper case name is another column
-- violation
SELECT "NAME" FROM boats WHERE "HARBOUR_ID" = $1

-- quoted mixed case table
-- proven
SELECT action FROM "AuditLog" WHERE "harbourId" = $1

-- mixed case table without quotes is another table
-- opaque TENSQL000
SELECT action FROM AuditLog WHERE id = $1

-- alias in another script
-- proven
SELECT böte.name FROM boats AS böte WHERE böte.harbour_id = $1

-- alias that hides the real table's name
-- violation
SELECT sailors.name FROM boats sailors JOIN sailors boats ON boats.id = sailors.owner_id WHERE boats.name = $1

-- column alias list that renames
-- violation
SELECT * FROM boats AS b(harbour_id, id, berth_id) WHERE b.harbour_id = $1

-- column alias list that renames, right column asked
-- proven
SELECT * FROM boats AS b(a, h, c) WHERE b.h = $1

-- only a returning mentions the tenant
-- violation TENSQL002
UPDATE boats SET name = $1 WHERE id = $2 RETURNING harbour_id = $3

-- only the order mentions the tenant
-- violation TENSQL001
SELECT * FROM boats WHERE id = $1 ORDER BY harbour_id = $2 DESC

-- only a case in the list mentions the tenant
-- violation TENSQL001
SELECT CASE WHEN harbour_id = $1 THEN name END FROM boats

-- like the tenant
-- violation TENSQL001
SELECT * FROM boats WHERE harbour_id::text LIKE $1

-- greater or equal the tenant
-- violation TENSQL001
SELECT * FROM boats WHERE harbour_id >= $1

-- between the tenant and the tenant
-- proven
SELECT * FROM boats WHERE harbour_id BETWEEN $1 AND $1

-- prefix of the tenant
-- violation TENSQL001
SELECT * FROM boats WHERE left(harbour_id::text, 8) = left($1, 8)

-- hash of the tenant
-- violation TENSQL001
SELECT * FROM boats WHERE hashtext(harbour_id::text) = hashtext($1)

-- tenant as text
-- proven
SELECT * FROM boats WHERE harbour_id::text = $1

-- tenant or wildcard
-- violation
SELECT * FROM boats WHERE harbour_id::text = $1 OR $1 = '*'

-- tenant when given
-- violation TENSQL005
SELECT * FROM boats WHERE CASE WHEN $1::uuid IS NULL THEN true ELSE harbour_id = $1 END

-- admin flag beside the tenant
-- violation TENSQL005
SELECT * FROM boats WHERE ($2::boolean OR harbour_id = $1) AND id = $3

-- is true
-- proven
SELECT * FROM boats WHERE (harbour_id = $1 AND kind = $2) IS TRUE

-- is not false
-- violation
SELECT * FROM boats WHERE (harbour_id = $1) IS NOT FALSE

-- de morgan
-- proven
SELECT * FROM boats WHERE NOT (harbour_id <> $1 OR kind = $2)

-- de morgan the other way
-- violation
SELECT * FROM boats WHERE NOT (harbour_id <> $1 AND kind = $2)

-- xor
-- violation
SELECT * FROM boats WHERE (harbour_id = $1) <> (kind = 'x')

-- condition equals true
-- proven
SELECT * FROM boats WHERE (harbour_id = $1) = true

-- precedence of and before or
-- violation TENSQL006
SELECT * FROM boats WHERE harbour_id = $1 AND kind = 'a' OR kind = 'b'

-- both branches scoped
-- proven
SELECT * FROM boats WHERE (harbour_id = $1 AND kind = 'a') OR (kind = 'b' AND harbour_id = $1)

-- nullable tenant not distinct
-- weak TENSQL018
SELECT * FROM notices WHERE harbour_id IS NOT DISTINCT FROM $1

-- shared rows of a table declared so
-- proven
SELECT * FROM tags WHERE harbour_id = $1 OR harbour_id IS NULL

-- shared rows of a table not declared so
-- weak TENSQL018
SELECT * FROM notices WHERE harbour_id = $1 OR harbour_id IS NULL

-- shared rows changed
-- violation
UPDATE tags SET label = $2 WHERE harbour_id = $1 OR harbour_id IS NULL

-- literal tenant
-- weak TENSQL007
SELECT * FROM boats WHERE harbour_id = '00000000-0000-0000-0000-00000000000a'

-- copied from one tenant to another
-- weak TENSQL020
INSERT INTO berths (id, harbour_id, number) SELECT gen_random_uuid(), $1, number FROM berths WHERE harbour_id = $2

-- copied inside the tenant
-- proven
INSERT INTO berths (id, harbour_id, number) SELECT gen_random_uuid(), harbour_id, number || ' bis' FROM berths WHERE harbour_id = $1

-- row handed to another tenant
-- violation TENSQL009
UPDATE boats SET harbour_id = $2 WHERE harbour_id = $1 AND id = $3

-- tenant set to what it is
-- proven
UPDATE boats SET harbour_id = $1, name = $2 WHERE harbour_id = $1 AND id = $3

-- insert from values with tenants of one's own and another
-- proven
INSERT INTO berths (id, harbour_id, number) VALUES ($1, $2, $3), ($4, $5, $6)

-- insert without the tenant, defaulted from the setting
-- proven
INSERT INTO visits (id, boat_id, days) SELECT $1, b.id, $2 FROM boats b WHERE b.id = $3 AND b.harbour_id = current_setting('app.harbour_id')::uuid

-- insert whose tenant comes from a row found by id
-- violation
INSERT INTO repairs (id, harbour_id, boat_id, cost) SELECT $1, b.harbour_id, b.id, $2 FROM boats b WHERE b.id = $3

-- insert whose tenant comes from a scalar sub-query of the tenant's
-- proven
INSERT INTO repairs (id, harbour_id, boat_id, cost) VALUES ($1, $2, (SELECT id FROM boats WHERE id = $3 AND harbour_id = $2), $4)

-- tenant by its code
-- proven
SELECT * FROM harbours WHERE code = $1

-- rows of the tenant with the code
-- proven
SELECT b.name FROM boats b JOIN harbours h ON h.id = b.harbour_id WHERE h.code = $1

-- rows of the tenant with the code, by sub-query
-- proven
SELECT b.name FROM boats b WHERE b.harbour_id = (SELECT id FROM harbours WHERE code = $1)

-- rows of tenants by their plan
-- violation
SELECT b.name FROM boats b JOIN harbours h ON h.id = b.harbour_id WHERE h.plan = $1

-- tenants by their name
-- violation TENSQL001
SELECT id FROM harbours WHERE name = $1

-- tenants whose code is like
-- violation TENSQL001
SELECT id FROM harbours WHERE code ILIKE $1

-- tenant by code changed
-- proven
UPDATE harbours SET plan = $2 WHERE code = $1

-- children by the code of their tenant
-- proven
SELECT e.body FROM entries e JOIN logbooks l ON l.id = e.logbook_id JOIN boats b ON b.id = l.boat_id JOIN harbours h ON h.id = b.harbour_id WHERE h.code = lower($1) AND e.id = $2

-- tenant by code in a left join does not filter
-- violation
SELECT b.name FROM boats b LEFT JOIN harbours h ON h.id = b.harbour_id AND h.code = $1

-- unclassified table with no sign of a tenant
-- weak TENSQL000
SELECT payload FROM signals WHERE id = $1

-- unclassified table beside a scoped one
-- weak TENSQL000
SELECT b.name, s.payload FROM boats b JOIN signals s ON s.kind = b.kind WHERE b.harbour_id = $1

-- unclassified table with a tenant's column, unscoped
-- opaque TENSQL000
SELECT data FROM legacy WHERE id = $1

-- condition put in after the predicate
-- weak TENSQL013
SELECT * FROM boats WHERE harbour_id = :h0 AND __hole_1__ ORDER BY name

-- condition put in before the predicate
-- weak TENSQL013
SELECT * FROM boats WHERE __hole_0__ AND harbour_id = :h1

-- condition put in within parentheses
-- proven
SELECT * FROM boats WHERE harbour_id = :h0 AND (__hole_1__) LIMIT 10

-- more text right after the predicate
-- weak TENSQL013
SELECT * FROM boats WHERE harbour_id = :h0 __hole_1__

-- condition put in inside a sub-query, its table tied elsewhere
-- weak TENSQL013
SELECT b.name FROM boats b WHERE b.harbour_id = :h0 AND EXISTS (SELECT 1 FROM repairs r WHERE r.harbour_id = b.harbour_id AND __hole_1__)

-- condition put in around a scoped sub-select
-- proven
SELECT * FROM (SELECT * FROM boats WHERE harbour_id = :h0) b WHERE __hole_1__

-- condition put in into ON of a join tied in WHERE
-- proven
SELECT b.name FROM boats b JOIN repairs r ON r.boat_id = b.id AND __hole_0__ WHERE b.harbour_id = :h1 AND r.harbour_id = :h1

-- value put in as text for the tenant
-- opaque TENSQL013
SELECT * FROM boats WHERE harbour_id = '__hole_0__' AND id = :h1

-- value put in as text elsewhere
-- weak TENSQL013
SELECT * FROM boats WHERE harbour_id = :h0 AND name = '__hole_1__'

-- delete with a condition put in
-- weak TENSQL013
DELETE FROM boats WHERE harbour_id = :h0 AND __hole_1__

-- order put in
-- proven
SELECT * FROM boats WHERE harbour_id = :h0 ORDER BY __hole_1__ LIMIT :h2

-- wider level
-- violation TENSQL021
SELECT * FROM charters WHERE fleet_id = $1

-- intersect of names with everybody's
-- violation
SELECT name FROM boats WHERE harbour_id = $1 INTERSECT SELECT name FROM sailors

-- updated rows come back as they are after it
-- violation
WITH u AS (UPDATE logbooks SET boat_id = b.id FROM boats b WHERE b.id = $1 AND b.harbour_id = $2 AND logbooks.boat_id = $3 RETURNING boat_id) SELECT p.url FROM photos p JOIN u ON u.boat_id = p.boat_id

-- child of what an upsert by name returns
-- proven
WITH n AS (INSERT INTO boats (id, harbour_id, name) VALUES ($1, $2, $3) ON CONFLICT (harbour_id, name) DO UPDATE SET kind = 'x' RETURNING id) INSERT INTO photos (id, boat_id, url) SELECT $4, n.id, $5 FROM n

-- child of the id an upsert by name was given
-- violation
WITH n AS (INSERT INTO boats (id, harbour_id, name) VALUES ($1, $2, $3) ON CONFLICT (harbour_id, name) DO UPDATE SET kind = 'x' RETURNING id) INSERT INTO photos (id, boat_id, url) SELECT $4, $1, $5 FROM n

-- two percent placeholders are two values
-- violation TENSQL010
SELECT s.email FROM boats b, sailors s WHERE b.harbour_id = %s AND b.owner_id = %s AND s.id = %s

-- named percent placeholders are one value
-- proven
SELECT s.email FROM boats b, sailors s WHERE b.harbour_id = %(h)s AND b.owner_id = %(s)s AND s.id = %(s)s
