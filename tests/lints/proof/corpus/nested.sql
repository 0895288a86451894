-- IN a scoped query
-- proven
SELECT * FROM repairs WHERE harbour_id = $1 AND boat_id IN (SELECT id FROM boats WHERE harbour_id = $1)

-- IN a query tied by the composite foreign key
-- proven
SELECT * FROM repairs WHERE harbour_id = $1 AND boat_id IN (SELECT id FROM boats WHERE kind = 'ferry')

-- IN an open query
-- violation TENSQL010
SELECT * FROM boats WHERE harbour_id = $1 AND name IN (SELECT name FROM sailors WHERE role = 'skipper')

-- scoped through IN over the tenant column
-- proven
SELECT * FROM repairs WHERE harbour_id IN (SELECT harbour_id FROM boats WHERE harbour_id = $1)

-- IN over the tenant column of an open query
-- violation
SELECT * FROM repairs WHERE harbour_id IN (SELECT harbour_id FROM boats WHERE name = $1)

-- IN over memberships of the caller
-- weak TENSQL022
SELECT * FROM boats WHERE harbour_id IN (SELECT harbour_id FROM memberships WHERE user_id = $1)

-- row IN query
-- proven
SELECT * FROM repairs WHERE (harbour_id, boat_id) IN (SELECT harbour_id, id FROM boats WHERE harbour_id = $1)

-- row IN query, columns swapped
-- violation
SELECT * FROM repairs WHERE (boat_id, harbour_id) IN (SELECT harbour_id, id FROM boats WHERE harbour_id = $1)

-- NOT IN a scoped query
-- proven
SELECT * FROM sailors WHERE harbour_id = $1 AND id NOT IN (SELECT owner_id FROM boats WHERE harbour_id = $1)

-- NOT IN an open query (whose boats name own sailors is their harbour's, by the key; first labelled violation)
-- proven
SELECT * FROM sailors WHERE harbour_id = $1 AND id NOT IN (SELECT owner_id FROM boats WHERE owner_id IS NOT NULL)

-- the only tenant predicate is behind NOT IN
-- violation
SELECT * FROM sailors WHERE id NOT IN (SELECT owner_id FROM boats WHERE harbour_id = $1)

-- EXISTS tied by tenant
-- proven
SELECT * FROM boats b WHERE b.harbour_id = $1 AND EXISTS (SELECT 1 FROM repairs r WHERE r.boat_id = b.id AND r.harbour_id = b.harbour_id)

-- EXISTS open
-- violation TENSQL010
SELECT * FROM boats b WHERE b.harbour_id = $1 AND EXISTS (SELECT 1 FROM sailors s WHERE s.name = b.name)

-- EXISTS proves the outer row
-- proven
SELECT * FROM boats b WHERE EXISTS (SELECT 1 FROM repairs r WHERE r.boat_id = b.id AND r.harbour_id = b.harbour_id AND r.harbour_id = $1)

-- EXISTS over an ungrouped aggregate is always true
-- violation
SELECT * FROM boats b WHERE EXISTS (SELECT count(*) FROM repairs r WHERE r.harbour_id = b.harbour_id AND r.harbour_id = $1)

-- NOT EXISTS tied
-- proven
SELECT * FROM boats b WHERE b.harbour_id = $1 AND NOT EXISTS (SELECT 1 FROM repairs r WHERE r.boat_id = b.id AND r.harbour_id = b.harbour_id)

-- NOT EXISTS proves nothing of the outer row
-- violation
SELECT * FROM boats b WHERE NOT EXISTS (SELECT 1 FROM repairs r WHERE r.harbour_id <> b.harbour_id AND r.harbour_id = $1)

-- EXISTS under OR
-- violation
SELECT * FROM boats b WHERE b.kind = 'x' OR EXISTS (SELECT 1 FROM repairs r WHERE r.harbour_id = b.harbour_id AND r.harbour_id = $1)

-- NOT NOT EXISTS
-- proven
SELECT * FROM boats b WHERE NOT (NOT EXISTS (SELECT 1 FROM repairs r WHERE r.boat_id = b.id AND r.harbour_id = b.harbour_id AND r.harbour_id = $1))

-- EXISTS by the same row of the same table
-- proven
SELECT * FROM boats b WHERE EXISTS (SELECT 1 FROM boats x WHERE x.id = b.id AND x.harbour_id = $1)

-- subquery captures the outer column, but its rows are children of the outer row
-- proven
SELECT * FROM boats WHERE harbour_id = $1 AND id IN (SELECT boat_id FROM logbooks WHERE harbour_id = $1)

-- subquery captures the outer column
-- violation
SELECT * FROM boats WHERE harbour_id = $1 AND name IN (SELECT title FROM logbooks WHERE harbour_id = $1)

-- subquery captures the outer column, child has none
-- violation
SELECT * FROM repairs WHERE id = $2 AND EXISTS (SELECT 1 FROM countries WHERE harbour_id = $1 AND cost > 3 OR code = 'x')

-- scalar subquery in the select list, tied
-- proven
SELECT b.name, (SELECT count(*) FROM repairs r WHERE r.boat_id = b.id AND r.harbour_id = b.harbour_id) FROM boats b WHERE b.harbour_id = $1

-- scalar subquery in the select list, tied by composite key
-- proven
SELECT b.name, (SELECT count(*) FROM repairs r WHERE r.boat_id = b.id) FROM boats b WHERE b.harbour_id = $1

-- scalar subquery in the select list, open
-- violation TENSQL010
SELECT b.name, (SELECT max(length) FROM boats) FROM boats b WHERE b.harbour_id = $1

-- scalar subquery tied by a simple key
-- weak TENSQL011
SELECT b.name, (SELECT sum(amount) FROM invoices i WHERE i.boat_id = b.id) FROM boats b WHERE b.harbour_id = $1

-- scalar subqueries without an outer relation
-- proven
SELECT (SELECT count(*) FROM boats WHERE harbour_id = $1), (SELECT count(*) FROM berths WHERE harbour_id = $1)

-- one of two scalar subqueries open
-- violation TENSQL010
SELECT (SELECT count(*) FROM boats WHERE harbour_id = $1), (SELECT count(*) FROM berths)

-- scalar subquery gives the tenant
-- proven
SELECT * FROM boats WHERE harbour_id = (SELECT id FROM harbours WHERE id = $1)

-- scalar subquery gives the tenant of an open row
-- violation
SELECT * FROM boats WHERE harbour_id = (SELECT harbour_id FROM sailors WHERE id = $1)

-- scalar subquery gives the tenant by a principal's key
-- weak TENSQL022
SELECT * FROM boats WHERE harbour_id = (SELECT harbour_id FROM api_keys WHERE hash = $1)

-- scalar subquery limited to one open row
-- violation
SELECT * FROM boats WHERE harbour_id = $1 AND length > (SELECT length FROM boats ORDER BY length LIMIT 1)

-- subquery in ORDER BY, open
-- violation TENSQL010
SELECT * FROM boats b WHERE harbour_id = $1 ORDER BY (SELECT count(*) FROM sailors s WHERE s.name = b.name)

-- subquery in HAVING, open
-- violation TENSQL010
SELECT kind FROM boats WHERE harbour_id = $1 GROUP BY kind HAVING count(*) > (SELECT count(*) FROM sailors)

-- subquery in LIMIT, open
-- violation TENSQL010
SELECT kind FROM boats WHERE harbour_id = $1 LIMIT (SELECT count(*) FROM sailors)

-- subquery in a function argument
-- violation TENSQL010
SELECT coalesce((SELECT name FROM sailors s WHERE s.id = $2), 'x') FROM boats WHERE harbour_id = $1

-- array subquery
-- violation TENSQL010
SELECT ARRAY(SELECT s.name FROM sailors s WHERE s.role = 'x') FROM boats WHERE harbour_id = $1

-- ANY of a scoped query
-- proven
SELECT * FROM repairs WHERE harbour_id = ANY (SELECT id FROM harbours WHERE id = $1)

-- derived table, filter inside
-- proven
SELECT * FROM (SELECT * FROM boats WHERE harbour_id = $1) b

-- derived table, filter outside
-- proven
SELECT * FROM (SELECT * FROM boats) b WHERE b.harbour_id = $1

-- derived table, filter outside on a renamed column
-- proven
SELECT * FROM (SELECT id, harbour_id AS h FROM boats) b WHERE b.h = $1

-- derived table, filter outside by column alias list
-- proven
SELECT * FROM (SELECT id, harbour_id FROM boats) b(x, y) WHERE b.y = $1

-- derived table, the name covers another column
-- violation
SELECT * FROM (SELECT id AS harbour_id, name FROM boats) b WHERE b.harbour_id = $1

-- derived table, the name covers the parameter
-- violation
SELECT * FROM (SELECT $1::uuid AS harbour_id, name FROM boats) b WHERE b.harbour_id = $1

-- derived table limited inside, filtered outside
-- violation TENSQL012
SELECT * FROM (SELECT * FROM boats ORDER BY length LIMIT 10) b WHERE b.harbour_id = $1

-- derived table with OFFSET only
-- violation TENSQL012
SELECT * FROM (SELECT * FROM boats ORDER BY length OFFSET 10) b WHERE b.harbour_id = $1

-- derived table limited and filtered inside
-- proven
SELECT * FROM (SELECT * FROM boats WHERE harbour_id = $1 LIMIT 10) b WHERE b.kind = 'x'

-- DISTINCT is harmless
-- proven
SELECT * FROM (SELECT DISTINCT kind, harbour_id FROM boats) b WHERE b.harbour_id = $1

-- DISTINCT ON another column
-- violation TENSQL012
SELECT * FROM (SELECT DISTINCT ON (kind) * FROM boats ORDER BY kind) b WHERE b.harbour_id = $1

-- DISTINCT ON the tenant
-- proven
SELECT * FROM (SELECT DISTINCT ON (harbour_id, kind) * FROM boats ORDER BY harbour_id, kind, id) b WHERE b.harbour_id = $1

-- window over everybody
-- violation TENSQL012
SELECT * FROM (SELECT b.*, row_number() OVER (ORDER BY length) n FROM boats b) x WHERE x.harbour_id = $1

-- window within the tenant
-- proven
SELECT * FROM (SELECT b.*, row_number() OVER (PARTITION BY harbour_id ORDER BY length) n FROM boats b) x WHERE x.harbour_id = $1

-- two windows, one over everybody
-- violation TENSQL012
SELECT * FROM (SELECT b.*, row_number() OVER (PARTITION BY harbour_id) n, count(*) OVER () c FROM boats b) x WHERE x.harbour_id = $1

-- named window within the tenant
-- proven
SELECT * FROM (SELECT b.*, row_number() OVER w AS n FROM boats b WINDOW w AS (PARTITION BY harbour_id ORDER BY length)) x WHERE x.harbour_id = $1

-- grouped by tenant, filtered outside
-- proven
SELECT * FROM (SELECT harbour_id, count(*) n FROM boats GROUP BY harbour_id) x WHERE x.harbour_id = $1

-- grouped by something else
-- violation
SELECT * FROM (SELECT kind, count(*) n FROM boats GROUP BY kind) x WHERE x.kind = $1

-- aggregate of the tenant column
-- violation
SELECT * FROM (SELECT kind, max(harbour_id::text) h FROM boats GROUP BY kind) x WHERE x.h = $1

-- ungrouped aggregate
-- violation
SELECT * FROM (SELECT count(*) n FROM boats) x WHERE x.n = $1

-- ROLLUP adds totals
-- violation
SELECT * FROM (SELECT kind, harbour_id, count(*) n FROM boats GROUP BY ROLLUP (kind, harbour_id)) x WHERE x.kind = 'a'

-- two levels of derived tables
-- proven
SELECT * FROM (SELECT * FROM (SELECT id, harbour_id h FROM boats) a) b WHERE b.h = $1

-- derived table joined by tenant
-- proven
SELECT * FROM boats b JOIN (SELECT harbour_id, boat_id, sum(cost) c FROM repairs GROUP BY harbour_id, boat_id) r ON r.harbour_id = b.harbour_id AND r.boat_id = b.id WHERE b.harbour_id = $1

-- derived aggregate joined by id
-- violation TENSQL010
SELECT * FROM boats b JOIN (SELECT kind, count(*) c FROM boats GROUP BY kind) r ON r.kind = b.kind WHERE b.harbour_id = $1

-- derived aggregate joined by the composite key
-- proven
SELECT * FROM boats b LEFT JOIN (SELECT boat_id, sum(cost) c FROM repairs GROUP BY boat_id) r ON r.boat_id = b.id WHERE b.harbour_id = $1

-- CTE, filter inside
-- proven
WITH x AS (SELECT * FROM boats WHERE harbour_id = $1) SELECT * FROM x

-- CTE, filter outside
-- proven
WITH x AS (SELECT * FROM boats) SELECT * FROM x WHERE harbour_id = $1

-- CTE used twice, once unfiltered
-- violation
WITH x AS (SELECT * FROM boats) SELECT * FROM x WHERE harbour_id = $1 UNION ALL SELECT * FROM x WHERE kind = 'a'

-- CTE used twice, both filtered
-- proven
WITH x AS (SELECT * FROM boats) SELECT * FROM x WHERE harbour_id = $1 UNION ALL SELECT * FROM x WHERE harbour_id = $1 AND kind = 'a'

-- unreferenced CTE
-- violation TENSQL010
WITH x AS (SELECT * FROM berths) SELECT * FROM boats WHERE harbour_id = $1

-- CTE shadows a table
-- proven
WITH boats AS (SELECT * FROM countries) SELECT * FROM boats

-- CTE shadows a table, scoped inside
-- proven
WITH boats AS (SELECT * FROM boats WHERE harbour_id = $1) SELECT * FROM boats

-- CTE shadows a table, qualified name is the table
-- violation
WITH boats AS (SELECT * FROM countries) SELECT * FROM public.boats

-- CTE with column names
-- proven
WITH x(i, h) AS (SELECT id, harbour_id FROM boats) SELECT * FROM x WHERE h = $1

-- CTE chain
-- proven
WITH a AS (SELECT * FROM boats WHERE harbour_id = $1), b AS (SELECT a.id, a.harbour_id FROM a WHERE a.kind = 'x'), c AS (SELECT r.* FROM repairs r JOIN b ON b.id = r.boat_id AND b.harbour_id = r.harbour_id) SELECT * FROM c

-- CTE of the parameter
-- proven
WITH p AS (SELECT $1::uuid AS h) SELECT b.* FROM boats b JOIN p ON p.h = b.harbour_id

-- CTE of the parameter, cross joined and compared
-- proven
WITH p AS (SELECT $1::uuid AS h) SELECT b.* FROM boats b, p WHERE b.harbour_id = p.h

-- CTE of the parameter, read by a scalar sub-select
-- proven
WITH p AS (SELECT $1::uuid AS h) SELECT b.* FROM boats b WHERE b.harbour_id = (SELECT h FROM p)

-- CTE limited, filtered outside
-- violation TENSQL012
WITH x AS (SELECT * FROM boats ORDER BY length DESC LIMIT 5) SELECT * FROM x WHERE harbour_id = $1

-- recursion anchored and kept
-- proven
WITH RECURSIVE t AS (SELECT id, harbour_id, parent_id FROM repairs WHERE id = $2 AND harbour_id = $1 UNION ALL SELECT r.id, r.harbour_id, r.parent_id FROM repairs r JOIN t ON r.parent_id = t.id AND r.harbour_id = t.harbour_id) SELECT * FROM t

-- recursion with the value in both terms
-- proven
WITH RECURSIVE t AS (SELECT id FROM repairs WHERE id = $2 AND harbour_id = $1 UNION SELECT r.id FROM repairs r JOIN t ON r.parent_id = t.id WHERE r.harbour_id = $1) SELECT * FROM t

-- recursion scoped in its anchor only
-- violation TENSQL010
WITH RECURSIVE t AS (SELECT id, harbour_id FROM repairs WHERE id = $2 AND harbour_id = $1 UNION ALL SELECT r.id, r.harbour_id FROM repairs r JOIN t ON r.parent_id = t.cost) SELECT * FROM t

-- recursion filtered outside, tenant not kept
-- violation
WITH RECURSIVE t AS (SELECT id, harbour_id FROM repairs WHERE id = $2 UNION ALL SELECT r.id, r.harbour_id FROM repairs r JOIN t ON r.parent_id = t.id) SELECT * FROM t WHERE harbour_id = $1

-- recursion filtered outside, tenant handed down
-- proven
WITH RECURSIVE t AS (SELECT id, harbour_id FROM repairs WHERE id = $2 UNION ALL SELECT r.id, t.harbour_id FROM repairs r JOIN t ON r.parent_id = t.id AND r.harbour_id = t.harbour_id) SELECT * FROM t WHERE harbour_id = $1

-- recursion that counts
-- proven
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10) SELECT b.* FROM boats b JOIN n ON n.i = b.length WHERE b.harbour_id = $1

-- modifying CTE, scoped
-- proven
WITH d AS (DELETE FROM repairs WHERE harbour_id = $1 AND id = $2 RETURNING *) SELECT * FROM d

-- modifying CTE, filtered only outside
-- violation TENSQL003
WITH d AS (DELETE FROM repairs WHERE id = $2 RETURNING *) SELECT * FROM d WHERE harbour_id = $1

-- modifying CTE feeds a join
-- proven
WITH u AS (UPDATE boats SET kind = $3 WHERE harbour_id = $1 AND id = $2 RETURNING id, harbour_id) SELECT r.* FROM repairs r JOIN u ON u.harbour_id = r.harbour_id

-- modifying CTE that nobody reads
-- violation TENSQL002
WITH u AS (UPDATE boats SET kind = $3 WHERE id = $2) SELECT 1

-- view scoped outside
-- proven
SELECT * FROM open_repairs WHERE harbour_id = $1

-- view unscoped
-- violation
SELECT * FROM open_repairs WHERE id = $1

-- view scoped by its own definition
-- proven
SELECT * FROM my_boats WHERE kind = $1

-- view with DISTINCT ON another column
-- violation
SELECT * FROM latest_repairs WHERE harbour_id = $1

-- materialised view grouped by tenant
-- proven
SELECT * FROM harbour_sizes WHERE harbour_id = $1

-- view over a join
-- proven
SELECT * FROM boat_logs WHERE harbour_id = $1

-- view over a join, unscoped
-- violation
SELECT * FROM boat_logs WHERE title = $1

-- correlated column two levels up
-- proven
SELECT * FROM boats b WHERE b.harbour_id = $1 AND EXISTS (SELECT 1 FROM repairs r WHERE r.harbour_id = b.harbour_id AND EXISTS (SELECT 1 FROM invoices i WHERE i.harbour_id = b.harbour_id AND i.boat_id = r.boat_id))

-- existence of an aggregate of an extension is always true
-- violation
SELECT b.name FROM boats b WHERE EXISTS (SELECT hll_add_agg(x.length) FROM boats x WHERE x.harbour_id = b.harbour_id AND x.harbour_id = $1)

-- existence of an aggregate nobody knows may be always true
-- violation
SELECT b.name FROM boats b WHERE EXISTS (SELECT our_fold(x.length) FROM boats x WHERE x.harbour_id = b.harbour_id AND x.harbour_id = $1)

-- a lateral aggregate nobody knows may have a row for every boat
-- violation
SELECT b.name, x.m FROM boats b, LATERAL (SELECT our_fold(r.cost) AS m FROM repairs r WHERE r.harbour_id = b.harbour_id AND r.harbour_id = $1) x

-- a function of each row beside a plain column is none
-- proven
SELECT x.m FROM (SELECT our_label(b.name) AS m, b.harbour_id FROM boats b) x WHERE x.harbour_id = $1

-- a function of each row of the own
-- proven
SELECT x.m FROM (SELECT our_label(b.name) AS m FROM boats b WHERE b.harbour_id = $1) x

-- a setting in a sub-select that is cast
-- proven
SELECT * FROM boats WHERE harbour_id = (SELECT current_setting('app.harbour_id'))::uuid

-- a parameter in a sub-select that may be empty, cast
-- violation
SELECT * FROM boats WHERE harbour_id = (SELECT $1 WHERE false)::uuid

-- the row's own column in a sub-select that is cast
-- violation TENSQL001
SELECT * FROM boats b WHERE b.harbour_id = (SELECT b.harbour_id)::uuid

-- the rows of several functions
-- proven
SELECT * FROM ROWS FROM (generate_series(1, 2), unnest($2::text[])) AS t(a, b) JOIN boats ON boats.name = t.b WHERE boats.harbour_id = $1
