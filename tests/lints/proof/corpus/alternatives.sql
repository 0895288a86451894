-- OR beside the predicate
-- violation TENSQL006
SELECT * FROM boats WHERE harbour_id = $1 OR kind = 'ferry'

-- OR with a second key of the caller
-- violation TENSQL006
SELECT * FROM boats WHERE harbour_id = $1 OR owner_id = $2

-- OR inside parentheses, tenant outside
-- proven
SELECT * FROM boats WHERE harbour_id = $1 AND (kind = 'ferry' OR length > 10)

-- AND binds tighter than OR
-- violation TENSQL006
SELECT * FROM boats WHERE harbour_id = $1 AND kind = 'ferry' OR length > 10

-- both branches scoped
-- proven
SELECT * FROM boats WHERE (harbour_id = $1 AND kind = 'ferry') OR (harbour_id = $1 AND length > 10)

-- one branch of three unscoped
-- violation TENSQL006
SELECT * FROM boats WHERE (harbour_id = $1 AND kind = 'a') OR (harbour_id = $1 AND kind = 'b') OR kind = 'c'

-- two tenants of the caller
-- proven
SELECT * FROM boats WHERE harbour_id = $1 OR harbour_id = $2

-- always true branch
-- violation
SELECT * FROM boats WHERE harbour_id = $1 OR 1 = 1

-- TRUE branch
-- violation
SELECT * FROM boats WHERE harbour_id = $1 OR TRUE

-- constant false branch
-- proven
SELECT * FROM boats WHERE harbour_id = $1 OR 1 = 0

-- FALSE branch
-- proven
SELECT * FROM boats WHERE FALSE OR harbour_id = $1

-- optional tenant
-- violation TENSQL005
SELECT * FROM boats WHERE ($1 IS NULL OR harbour_id = $1)

-- optional tenant, other order and cast
-- violation TENSQL005
SELECT * FROM boats WHERE (harbour_id = $1::uuid OR $1::uuid IS NULL) AND id = $2

-- empty means all
-- violation TENSQL005
SELECT * FROM boats WHERE ($1 = '' OR harbour_id = $1::uuid)

-- administrator flag
-- violation TENSQL005
SELECT * FROM boats WHERE ($2 OR harbour_id = $1)

-- administrator flag compared
-- violation TENSQL005
SELECT * FROM boats WHERE ($2 = true OR harbour_id = $1)

-- sentinel
-- violation TENSQL005
SELECT * FROM boats WHERE harbour_id = $1 OR $1 = '00000000-0000-0000-0000-000000000000'

-- empty array means all
-- violation TENSQL005
SELECT * FROM boats WHERE cardinality($1::uuid[]) = 0 OR harbour_id = ANY($1)

-- optional filter on something else
-- proven
SELECT * FROM boats WHERE harbour_id = $1 AND ($2 IS NULL OR kind = $2)

-- many optional filters
-- proven
SELECT * FROM boats WHERE harbour_id = $1 AND ($2 IS NULL OR kind = $2) AND ($3 IS NULL OR length > $3) AND ($4 IS NULL OR name ILIKE $4) AND ($5 IS NULL OR archived_at < $5)

-- shared rows of a table that shares
-- proven
SELECT * FROM tags WHERE harbour_id = $1 OR harbour_id IS NULL

-- only the shared rows of a table that shares
-- proven
SELECT * FROM tags WHERE harbour_id IS NULL

-- rows without tenant of a table that does not share
-- weak TENSQL018
SELECT * FROM notices WHERE harbour_id = $1 OR harbour_id IS NULL

-- NULL branch of a NOT NULL tenant
-- proven
SELECT * FROM boats WHERE harbour_id = $1 OR harbour_id IS NULL

-- shared rows or a flag
-- violation
SELECT * FROM tags WHERE harbour_id = $1 OR harbour_id IS NULL OR $2

-- De Morgan
-- proven
SELECT * FROM boats WHERE NOT (harbour_id <> $1 OR kind = 'x')

-- De Morgan, the wrong way round
-- violation
SELECT * FROM boats WHERE NOT (harbour_id <> $1 AND kind = 'x')

-- NOT over a conjunction
-- violation TENSQL001
SELECT * FROM boats WHERE NOT (harbour_id = $1 AND kind = 'x')

-- NOT over a disjunction of equalities
-- violation TENSQL001
SELECT * FROM boats WHERE NOT (harbour_id = $1 OR kind = 'x')

-- distributed over two conjuncts
-- proven
SELECT * FROM boats WHERE (harbour_id = $1 OR kind = 'a') AND (harbour_id = $1 OR kind <> 'a') AND harbour_id = $1

-- nested alternatives, all scoped
-- proven
SELECT * FROM boats WHERE (kind = 'a' AND (harbour_id = $1 OR harbour_id = $2)) OR (kind = 'b' AND harbour_id = $1)

-- nested alternatives, one open
-- violation TENSQL006
SELECT * FROM boats WHERE (kind = 'a' AND (harbour_id = $1 OR length = 2)) OR (kind = 'b' AND harbour_id = $1)

-- EXISTS as an alternative
-- violation TENSQL006
SELECT * FROM boats b WHERE b.harbour_id = $1 OR EXISTS (SELECT 1 FROM sailors s WHERE s.id = b.owner_id AND s.id = $2)

-- IN as an alternative, both scoped
-- proven
SELECT * FROM boats b WHERE b.harbour_id = $1 OR b.harbour_id IN (SELECT h.id FROM harbours h WHERE h.id = $2)

-- UNION of scoped branches
-- proven
SELECT id FROM boats WHERE harbour_id = $1 UNION ALL SELECT id FROM berths WHERE harbour_id = $1

-- UNION with an open branch
-- violation TENSQL010
SELECT id FROM boats WHERE harbour_id = $1 UNION SELECT id FROM berths

-- UNION, filter on the outside
-- proven
SELECT * FROM (SELECT id, harbour_id FROM boats UNION ALL SELECT id, harbour_id FROM berths) u WHERE u.harbour_id = $1

-- UNION, filter on the outside, one branch hides the column
-- violation
SELECT * FROM (SELECT id, harbour_id FROM boats UNION ALL SELECT id, $1::uuid FROM berths) u WHERE u.harbour_id = $1

-- UNION, columns in another order
-- violation
SELECT * FROM (SELECT id, harbour_id FROM boats UNION ALL SELECT harbour_id, id FROM berths) u WHERE u.harbour_id = $1

-- INTERSECT scoped on one side by a shared column
-- proven
SELECT id, harbour_id FROM boats WHERE harbour_id = $1 INTERSECT SELECT boat_id, harbour_id FROM repairs

-- INTERSECT, the other side unscoped
-- violation
SELECT id FROM boats WHERE harbour_id = $1 INTERSECT SELECT berth_id FROM boats

-- EXCEPT, the other side tied by its composite foreign key
-- proven
SELECT id FROM sailors WHERE harbour_id = $1 EXCEPT SELECT owner_id FROM boats

-- EXCEPT with an unscoped side
-- violation
SELECT name FROM sailors WHERE harbour_id = $1 EXCEPT SELECT name FROM boats

-- EXCEPT with the tenant among the columns
-- proven
SELECT harbour_id, name FROM boats WHERE harbour_id = $1 EXCEPT SELECT harbour_id, number FROM berths

-- EXCEPT, only the removed side scoped
-- violation
SELECT id FROM sailors EXCEPT SELECT owner_id FROM boats WHERE harbour_id = $1

-- limited UNION filtered afterwards
-- violation TENSQL012
SELECT * FROM (SELECT id, harbour_id FROM boats UNION ALL SELECT id, harbour_id FROM berths LIMIT 10) u WHERE u.harbour_id = $1

-- UNION joined to a table by tenant
-- proven
SELECT r.* FROM repairs r JOIN (SELECT harbour_id FROM boats WHERE harbour_id = $1 UNION SELECT harbour_id FROM berths WHERE harbour_id = $1) u ON u.harbour_id = r.harbour_id

-- UNION joined to a table by tenant, one branch of another tenant column
-- violation
SELECT r.* FROM repairs r JOIN (SELECT harbour_id FROM boats WHERE harbour_id = $1 UNION SELECT boat_id FROM repairs WHERE harbour_id = $1) u ON u.harbour_id = r.harbour_id

-- NULL or not NULL, of rows that are shared
-- violation
SELECT label FROM tags WHERE harbour_id IS NULL OR harbour_id IS NOT NULL

-- NULL or itself, of rows that are shared
-- violation
SELECT label FROM tags WHERE harbour_id IS NULL OR harbour_id = harbour_id

-- not NULL or NULL, of the optional side
-- violation TENSQL010
SELECT b.name, s.name FROM boats b LEFT JOIN sailors s ON s.role = b.kind WHERE b.harbour_id = $1 AND (s.harbour_id IS NOT NULL OR s.harbour_id IS NULL)

-- not NULL or NULL, of the optional side whose ON has the tenant
-- violation
SELECT b.name, s.name FROM boats b LEFT JOIN sailors s ON s.id = b.owner_id AND s.harbour_id = $1 WHERE s.id IS NOT NULL OR s.id IS NULL
