-- ANY of an array of a scoped query
-- proven
SELECT * FROM boats WHERE harbour_id = ANY(ARRAY(SELECT id FROM harbours WHERE id = $1))

-- ANY of an array of an open query
-- violation
SELECT * FROM boats WHERE harbour_id = ANY(ARRAY(SELECT harbour_id FROM sailors WHERE role = $1))

-- two comparisons compared
-- violation
SELECT * FROM boats WHERE (harbour_id = $1) = (kind = 'x')

-- administrator by role name
-- violation TENSQL005
SELECT * FROM boats WHERE CASE WHEN $2 = 'admin' THEN TRUE ELSE harbour_id = $1 END

-- the caller's array contains the tenant
-- proven
SELECT * FROM boats WHERE $1::uuid[] @> ARRAY[harbour_id]

-- the tenant is contained in the caller's array
-- proven
SELECT * FROM boats WHERE ARRAY[harbour_id] <@ $1::uuid[]

-- the array of the row contains the caller's value
-- violation
SELECT * FROM boats WHERE ARRAY[harbour_id, owner_id] @> ARRAY[$1::uuid]

-- elements of a JSON array of the caller
-- proven
SELECT * FROM boats WHERE harbour_id::text IN (SELECT value FROM jsonb_array_elements_text($1) AS e(value))

-- elements of a split string of the caller
-- proven
SELECT * FROM boats b JOIN string_to_table($1, ',') AS t(h) ON t.h = b.harbour_id::text

-- elements of an array of the row
-- violation
SELECT * FROM boats b, string_to_table(b.name, ',') AS t(h) WHERE t.h = b.harbour_id::text

-- writable CTE upsert
-- proven
WITH done AS (UPDATE berths SET depth = $1 WHERE harbour_id = $2 AND number = $3 RETURNING id) INSERT INTO berths (id, harbour_id, number, depth) SELECT $4, $2, $3, $1 WHERE NOT EXISTS (SELECT 1 FROM done)

-- writable CTE upsert by number only
-- violation TENSQL002
WITH done AS (UPDATE berths SET depth = $1 WHERE number = $3 RETURNING id) INSERT INTO berths (id, harbour_id, number, depth) SELECT $4, $2, $3, $1 WHERE NOT EXISTS (SELECT 1 FROM done)

-- all of a group are the caller's
-- violation
SELECT kind FROM boats GROUP BY kind HAVING bool_and(harbour_id = $1)

-- SQL in a string
-- opaque
SELECT * FROM crosstab('SELECT name, kind, length FROM boats') AS t(a text, b text, c int)

-- SQL in a string of a scalar function
-- opaque
SELECT query_to_xml('SELECT * FROM boats', true, true, '')

-- nested functions of the row
-- proven
SELECT * FROM boats b JOIN LATERAL jsonb_array_elements(to_jsonb(b.name)) e ON true WHERE b.harbour_id = $1

-- counted in a condition
-- violation TENSQL010
SELECT * FROM boats WHERE harbour_id = $1 AND (SELECT count(*) FROM sailors) > 0

-- counted in a condition, scoped
-- proven
SELECT * FROM boats b WHERE b.harbour_id = $1 AND 0 < (SELECT count(*) FROM sailors s WHERE s.harbour_id = b.harbour_id)

-- counted in a condition, the only predicate
-- violation
SELECT * FROM boats b WHERE 0 < (SELECT count(*) FROM sailors s WHERE s.harbour_id = b.harbour_id AND s.harbour_id = $1)

-- keyset pagination
-- proven
SELECT * FROM boats WHERE harbour_id = $1 AND (archived_at, id) < ($2, $3) ORDER BY archived_at DESC, id DESC LIMIT 50

-- keyset pagination that starts with the tenant
-- violation
SELECT * FROM boats WHERE (harbour_id, id) > ($1, $2) ORDER BY harbour_id, id LIMIT 50

-- gaps and islands within the tenant
-- proven
WITH s AS (SELECT id, seq, seq - row_number() OVER (PARTITION BY logbook_id ORDER BY seq) AS grp FROM entries WHERE logbook_id IN (SELECT l.id FROM logbooks l JOIN boats b ON b.id = l.boat_id WHERE b.harbour_id = $1)) SELECT min(seq), max(seq) FROM s GROUP BY grp

-- tree of children
-- proven
WITH RECURSIVE t AS (SELECT r.id, r.harbour_id, 0 AS depth FROM repairs r WHERE r.harbour_id = $1 AND r.parent_id IS NULL UNION ALL SELECT r.id, r.harbour_id, t.depth + 1 FROM t JOIN repairs r ON (r.parent_id, r.harbour_id) = (t.id, t.harbour_id) WHERE t.depth < 10) SELECT * FROM t ORDER BY depth

-- time series with a default for the missing
-- proven
SELECT m.month, COALESCE(s.total, 0) FROM generate_series($2::date, $3::date, interval '1 month') AS m(month) LEFT JOIN (SELECT date_trunc('month', archived_at) AS month, sum(length) AS total FROM boats WHERE harbour_id = $1 GROUP BY 1) s ON s.month = m.month

-- time series over everybody
-- violation
SELECT m.month, COALESCE(s.total, 0) FROM generate_series($2::date, $3::date, interval '1 month') AS m(month) LEFT JOIN (SELECT date_trunc('month', archived_at) AS month, harbour_id, sum(length) AS total FROM boats GROUP BY 1, 2) s ON s.month = m.month

-- time series grouped by tenant and joined by it
-- proven
SELECT m.month, COALESCE(s.total, 0) FROM generate_series($2::date, $3::date, interval '1 month') AS m(month) LEFT JOIN (SELECT date_trunc('month', archived_at) AS month, harbour_id, sum(length) AS total FROM boats GROUP BY 1, 2) s ON s.month = m.month AND s.harbour_id = $1

-- search with a rank
-- proven
SELECT id, ts_rank(to_tsvector(name), q) FROM boats, plainto_tsquery($2) AS q WHERE harbour_id = $1 AND to_tsvector(name) @@ q ORDER BY 2 DESC

-- pivot by aggregates
-- proven
SELECT b.kind, count(*) FILTER (WHERE b.length > 10) AS big, count(*) FILTER (WHERE b.length <= 10) AS small FROM boats b WHERE b.harbour_id = $1 GROUP BY b.kind

-- exclusive arcs
-- proven
SELECT COALESCE(b.name, p.number) FROM repairs r LEFT JOIN boats b ON b.id = r.boat_id AND b.harbour_id = r.harbour_id LEFT JOIN berths p ON p.id = r.parent_id AND p.harbour_id = r.harbour_id WHERE r.harbour_id = $1

-- anti join written as NOT IN with the tenant inside
-- proven
SELECT s.* FROM sailors s WHERE s.harbour_id = $1 AND s.id NOT IN (SELECT b.owner_id FROM boats b WHERE b.harbour_id = s.harbour_id AND b.owner_id IS NOT NULL)

-- top n per group
-- proven
SELECT * FROM (SELECT b.*, dense_rank() OVER (PARTITION BY b.harbour_id, b.kind ORDER BY b.length DESC) AS r FROM boats b) x WHERE x.r <= 3 AND x.harbour_id = $1

-- lag over everybody
-- violation TENSQL012
SELECT * FROM (SELECT b.harbour_id, lag(b.name) OVER (ORDER BY b.archived_at) AS before FROM boats b) x WHERE x.harbour_id = $1

-- EXISTS over the wrong alias
-- violation
SELECT * FROM boats b WHERE EXISTS (SELECT 1 FROM boats c WHERE c.harbour_id = $1 AND b.kind = b.kind)
