-- a mapper's placeholder
-- proven
SELECT * FROM boats WHERE harbour_id = #{harbourId} AND id = #{id,jdbcType=OTHER}

-- a mapper's placeholder by id
-- violation TENSQL001
SELECT * FROM boats WHERE id = #{id}

-- a mapper's text where the condition could be
-- opaque TENSQL013
SELECT * FROM boats WHERE ${condition}

-- a mapper's text as the order
-- proven
SELECT * FROM boats WHERE harbour_id = #{h} ORDER BY ${column}

-- an expression of the framework
-- proven
SELECT * FROM boats WHERE harbour_id = :#{#tenant.id} AND name = :name

-- a template's text as the tenant
-- opaque TENSQL013
SELECT * FROM boats WHERE {{ scope }}

-- rows of the caller by their place
-- proven
DELETE FROM boats WHERE ctid IN (SELECT ctid FROM boats WHERE harbour_id = $1 LIMIT 100)

-- rows of anybody by their place
-- violation
DELETE FROM boats WHERE ctid IN (SELECT ctid FROM boats WHERE archived_at < $1 LIMIT 100)

-- rows of the caller by the place of another table's rows
-- violation
DELETE FROM boats WHERE ctid IN (SELECT ctid FROM repairs WHERE harbour_id = $1)

-- written, then filtered
-- violation TENSQL002
WITH done AS (UPDATE boats SET name = $3 WHERE id = $1 RETURNING *) SELECT * FROM done WHERE harbour_id = $2

-- written within the tenant, then read
-- proven
WITH done AS (UPDATE boats SET name = $3 WHERE id = $1 AND harbour_id = $2 RETURNING *) SELECT d.*, s.name FROM done d LEFT JOIN sailors s ON s.id = d.owner_id AND s.harbour_id = d.harbour_id

-- inserted with its tenant read from the parent that is the caller's
-- proven
INSERT INTO repairs (harbour_id, boat_id, cost) SELECT b.harbour_id, b.id, $3 FROM boats b WHERE b.id = $1 AND b.harbour_id = $2 RETURNING *

-- inserted with the caller's tenant under a parent of anybody
-- proven
INSERT INTO repairs (harbour_id, boat_id, cost) VALUES ($1, $2, $3)

-- inserted under a parent that is only looked up by id
-- violation TENSQL010
INSERT INTO repairs (harbour_id, boat_id, cost) SELECT $1, b.id, $3 FROM boats b WHERE b.id = $2

-- a child inserted under a parent that exists for the caller
-- proven
INSERT INTO logbooks (boat_id, title) SELECT b.id, $3 FROM boats b WHERE b.id = $1 AND b.harbour_id = $2

-- a child inserted if its parent exists for the caller, the parent given again
-- proven
INSERT INTO logbooks (boat_id, title) SELECT $1, $3 WHERE EXISTS (SELECT 1 FROM boats b WHERE b.id = $1 AND b.harbour_id = $2)

-- a child inserted if some boat of the caller exists
-- violation TENSQL019
INSERT INTO logbooks (boat_id, title) SELECT $1, $3 WHERE EXISTS (SELECT 1 FROM boats b WHERE b.harbour_id = $2)

-- a child moved to a parent that is the caller's
-- proven
UPDATE logbooks SET boat_id = n.id FROM boats o, boats n WHERE o.id = logbooks.boat_id AND o.harbour_id = $1 AND n.id = $2 AND n.harbour_id = $1 AND logbooks.id = $3

-- counts per child of the caller's boats
-- proven
SELECT b.id, (SELECT count(*) FROM logbooks l WHERE l.boat_id = b.id) AS logs FROM boats b WHERE b.harbour_id = $1

-- counts per child of every boat
-- violation
SELECT b.id, (SELECT count(*) FROM logbooks l WHERE l.boat_id = b.id) AS logs FROM boats b

-- the newest child of each of the caller's boats
-- proven
SELECT DISTINCT ON (l.boat_id) l.* FROM logbooks l JOIN boats b ON b.id = l.boat_id WHERE b.harbour_id = $1 ORDER BY l.boat_id, l.opened_at DESC

-- the newest child of each boat, filtered afterwards
-- violation
SELECT x.* FROM (SELECT DISTINCT ON (l.boat_id) l.*, b.harbour_id FROM logbooks l JOIN boats b ON b.id = l.boat_id ORDER BY l.boat_id, l.opened_at DESC) x WHERE x.harbour_id = $1

-- a page of the caller's boats, the total of everybody's
-- violation
WITH page AS (SELECT * FROM boats WHERE harbour_id = $1 LIMIT 20), total AS (SELECT count(*) AS n FROM boats) SELECT page.*, total.n FROM page, total

-- a page of the caller's boats with the total of the caller's
-- proven
WITH mine AS (SELECT * FROM boats WHERE harbour_id = $1), total AS (SELECT count(*) AS n FROM mine) SELECT mine.*, total.n FROM mine, total LIMIT 20

-- names suggested across tenants
-- violation
SELECT DISTINCT name FROM boats WHERE name ILIKE $1 || '%' LIMIT 10

-- is the name taken
-- violation
SELECT EXISTS (SELECT 1 FROM boats WHERE name = $1)

-- is the name taken in the harbour
-- proven
SELECT EXISTS (SELECT 1 FROM boats WHERE name = $1 AND harbour_id = $2)

-- is the name taken by another boat of the harbour
-- proven
SELECT count(*) > 0 FROM boats WHERE harbour_id = $1 AND name = $2 AND ($3::uuid IS NULL OR id <> $3)

-- the next number over everybody
-- violation
INSERT INTO invoices (harbour_id, boat_id, number) VALUES ($1, $2, (SELECT coalesce(max(number::int), 0) + 1 FROM invoices)::text)

-- the next number of the harbour
-- proven
INSERT INTO invoices (harbour_id, boat_id, number) VALUES ($1, $2, (SELECT coalesce(max(number::int), 0) + 1 FROM invoices WHERE harbour_id = $1)::text)

-- an idempotency key of anybody
-- violation
SELECT id FROM repairs WHERE status = $1 ORDER BY id DESC LIMIT 1

-- a row found by an unguessable value
-- violation
SELECT * FROM boats WHERE registration = $1

-- a key's owner by its hash
-- weak TENSQL022
SELECT harbour_id FROM api_keys WHERE hash = $1

-- the boats of a key's owner
-- weak TENSQL022
SELECT b.* FROM api_keys k JOIN boats b ON b.harbour_id = k.harbour_id WHERE k.hash = $1

-- a tenant given twice with an alternative between
-- proven
SELECT * FROM boats b WHERE (b.harbour_id = $1 AND b.kind = 'tug') OR (b.harbour_id = $1 AND b.length > $2)

-- a tenant in one of two unions of joins
-- violation
SELECT b.id FROM boats b JOIN repairs r ON r.boat_id = b.id AND r.harbour_id = b.harbour_id WHERE b.harbour_id = $1 UNION ALL SELECT v.boat_id FROM visits v JOIN boats b ON b.id = v.boat_id AND b.harbour_id = v.harbour_id WHERE v.days > $2

-- the tenant from the caller's own row
-- weak TENSQL022
SELECT * FROM boats WHERE harbour_id = (SELECT m.harbour_id FROM memberships m WHERE m.user_id = $1 AND m.role = 'owner')

-- membership checked beside a boat by id
-- violation
SELECT b.* FROM boats b WHERE b.id = $1 AND EXISTS (SELECT 1 FROM memberships m WHERE m.user_id = $2 AND m.harbour_id = $3)

-- membership checked of the boat's harbour
-- weak TENSQL022
SELECT b.* FROM boats b WHERE b.id = $1 AND EXISTS (SELECT 1 FROM memberships m WHERE m.user_id = $2 AND m.harbour_id = b.harbour_id)

-- a bulk update of pairs
-- proven
UPDATE boats b SET name = v.name FROM unnest($2::uuid[], $3::text[]) AS v(id, name) WHERE b.id = v.id AND b.harbour_id = $1

-- a bulk update of pairs by id
-- violation TENSQL002
UPDATE boats b SET name = v.name FROM unnest($1::uuid[], $2::text[]) AS v(id, name) WHERE b.id = v.id

-- a bulk update from JSON of the caller
-- proven
UPDATE boats b SET name = v.name FROM jsonb_to_recordset($2) AS v(id uuid, name text) WHERE b.id = v.id AND b.harbour_id = $1

-- a bulk update from JSON that names the tenant
-- violation
UPDATE boats b SET name = v.name FROM jsonb_to_recordset($1) AS v(id uuid, harbour_id uuid, name text) WHERE b.id = v.id AND b.harbour_id = v.harbour_id

-- swapped by a self join
-- proven
UPDATE berths a SET number = b.number FROM berths b WHERE a.harbour_id = $1 AND b.harbour_id = $1 AND a.id = $2 AND b.id = $3

-- deleted with what depends on it
-- proven ; proven
DELETE FROM repairs WHERE boat_id = $1 AND harbour_id = $2; DELETE FROM boats WHERE id = $1 AND harbour_id = $2

-- deleted with what depends on it, which is anybody's
-- violation ; proven
DELETE FROM repairs WHERE boat_id = $1; DELETE FROM boats WHERE id = $1 AND harbour_id = $2

-- archived by age, everybody's
-- violation TENSQL002
UPDATE boats SET archived_at = now() WHERE archived_at IS NULL AND length < $1

-- a negated alternative of three
-- proven
SELECT * FROM boats WHERE NOT (archived_at IS NOT NULL OR harbour_id <> $1 OR $2)

-- nothing but the tenant's exclusions
-- violation
SELECT * FROM boats WHERE harbour_id <> ALL ($1)

-- tenant by interpolation in an identifier
-- opaque
SELECT * FROM __hole_0__.boats WHERE id = :h1

-- a date range that looks like the tenant
-- violation
SELECT * FROM visits WHERE days BETWEEN $1 AND $2 AND boat_id = $3

-- a partition by tenant beside one by boat
-- violation TENSQL012
SELECT * FROM (SELECT r.*, row_number() OVER (PARTITION BY harbour_id ORDER BY cost) AS a, row_number() OVER (PARTITION BY boat_id ORDER BY cost) AS b FROM repairs r) x WHERE x.harbour_id = $1

-- an aggregate over a window of the tenant
-- proven
SELECT x.* FROM (SELECT r.*, sum(cost) OVER (PARTITION BY harbour_id, boat_id) AS spent FROM repairs r) x WHERE x.harbour_id = $1 AND x.spent > 10

-- limited before it is joined to the tenant's rows
-- violation TENSQL012
SELECT * FROM (SELECT * FROM repairs ORDER BY cost DESC LIMIT 10) r JOIN boats b ON b.id = r.boat_id AND b.harbour_id = r.harbour_id WHERE b.harbour_id = $1

-- the tenant's schema by interpolation, and the tenant too
-- proven
SELECT * FROM __hole_0__.boats WHERE harbour_id = :h1

-- a part of another statement that looks something up
-- opaque TENSQL013
(SELECT s.name FROM sailors s WHERE s.id = boats.owner_id LIMIT 1)

-- a part of another statement that is scoped by itself
-- opaque TENSQL013
(SELECT s.name FROM sailors s WHERE s.harbour_id = boats.harbour_id AND s.id = boats.owner_id)

-- a whole statement in parentheses
-- violation TENSQL001
(SELECT s.name FROM sailors s WHERE s.id = $1)

-- cast of the column to its own type
-- proven
SELECT * FROM boats WHERE harbour_id::uuid = $1::uuid

-- cast of the column to a date
-- violation
SELECT * FROM boats WHERE harbour_id::text::date = $1

-- cast of the column to a number
-- violation
SELECT * FROM boats WHERE harbour_id::text::numeric = $1

-- the JWT's claims
-- proven
SELECT * FROM boats WHERE harbour_id = (auth.jwt() ->> 'harbour_id')::uuid

-- a function of the schema auth with an argument of the row
-- violation
SELECT * FROM boats WHERE harbour_id = auth.uid(harbour_id)

-- null-safe equality of two columns says nothing of the caller
-- violation
SELECT * FROM boats b JOIN tags t ON t.harbour_id IS NOT DISTINCT FROM b.harbour_id WHERE b.name = $1

-- null-safe equality of a column and what depends on a row
-- violation
SELECT * FROM boats b WHERE b.harbour_id IS NOT DISTINCT FROM coalesce($1, b.harbour_id)

-- a row of values set, the tenant to itself
-- proven
UPDATE boats SET (harbour_id, name) = (harbour_id, $2) WHERE harbour_id = $1 AND id = $3

-- a row of values set, the tenant from a row of the same tenant
-- proven
UPDATE boats SET (harbour_id, name) = (SELECT s.harbour_id, s.name FROM sailors s WHERE s.id = $2 AND s.harbour_id = boats.harbour_id) WHERE harbour_id = $1

-- a row of values set, the tenant from a row of anybody
-- violation TENSQL009
UPDATE boats SET (harbour_id, name) = (SELECT s.harbour_id, s.name FROM sailors s WHERE s.id = $2) WHERE harbour_id = $1

-- the last value of a sequence
-- violation
SELECT * FROM boats WHERE harbour_id = currval('harbours_id_seq')::text::uuid

-- an element of the row's own list
-- violation
SELECT * FROM boats WHERE harbour_id = ANY(string_to_array(kind, ',')::uuid[])

-- an outer join made inner by either of two conditions
-- proven
SELECT * FROM boats b LEFT JOIN sailors s ON s.harbour_id = b.harbour_id AND s.harbour_id = $1 WHERE s.name = 'a' OR s.role = 'b'

-- an outer join made inner by one of two conditions only
-- violation
SELECT * FROM boats b LEFT JOIN sailors s ON s.harbour_id = b.harbour_id AND s.harbour_id = $1 WHERE s.name = 'a' OR b.kind = 'b'

-- EXISTS over a total that is limited is always true
-- violation
SELECT * FROM boats b WHERE EXISTS (SELECT count(*) FROM repairs r WHERE r.harbour_id = b.harbour_id AND r.harbour_id = $1 LIMIT 1)

-- EXISTS over a total that is limited further in is always true
-- violation
SELECT * FROM boats b WHERE EXISTS (SELECT * FROM (SELECT count(*) FROM repairs r WHERE r.harbour_id = b.harbour_id AND r.harbour_id = $1 LIMIT 1) x)

-- EXISTS over rows that are limited
-- proven
SELECT * FROM boats b WHERE EXISTS (SELECT 1 FROM repairs r WHERE r.harbour_id = b.harbour_id AND r.harbour_id = $1 LIMIT 1)

-- joined to a total that is limited
-- violation
SELECT b.* FROM boats b CROSS JOIN LATERAL (SELECT count(*) AS n FROM repairs r WHERE r.harbour_id = b.harbour_id AND r.harbour_id = $1 LIMIT 1) x
