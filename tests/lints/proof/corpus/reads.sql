-- by tenant
-- proven
SELECT * FROM boats WHERE harbour_id = $1

-- by tenant, value on the left
-- proven
SELECT * FROM boats WHERE $1 = harbour_id

-- by tenant and id
-- proven
SELECT name FROM boats WHERE id = $1 AND harbour_id = $2

-- by id only
-- violation TENSQL001
SELECT * FROM boats WHERE id = $1

-- no predicate at all
-- violation TENSQL001
SELECT * FROM boats

-- the tenant in the select list only
-- violation TENSQL001
SELECT name, harbour_id FROM boats WHERE id = $1

-- the tenant in ORDER BY only
-- violation TENSQL001
SELECT name FROM boats ORDER BY harbour_id

-- the comparison in ORDER BY only
-- violation TENSQL001
SELECT name FROM boats ORDER BY harbour_id = $1 DESC

-- the tenant in a comment only
-- violation TENSQL001
SELECT name FROM boats WHERE id = $1 /* harbour_id = $2 */

-- the tenant in a line comment only
-- violation TENSQL001
SELECT name FROM boats WHERE id = $1 -- AND harbour_id = $2

-- the tenant in a string only
-- violation TENSQL001
SELECT name FROM boats WHERE name = 'harbour_id = $1'

-- the comparison as a selected value
-- violation TENSQL001
SELECT name, harbour_id = $1 AS mine FROM boats

-- the comparison inside an aggregate filter
-- violation TENSQL001
SELECT count(*) FILTER (WHERE harbour_id = $1) FROM boats

-- the comparison inside CASE in the select list
-- violation TENSQL001
SELECT sum(CASE WHEN harbour_id = $1 THEN length ELSE 0 END) FROM boats

-- inequality
-- violation TENSQL001
SELECT * FROM boats WHERE harbour_id <> $1

-- greater or equal
-- violation TENSQL001
SELECT * FROM boats WHERE harbour_id >= $1

-- BETWEEN two parameters
-- violation TENSQL001
SELECT * FROM boats WHERE harbour_id BETWEEN $1 AND $2

-- BETWEEN the same parameter twice
-- proven
SELECT * FROM boats WHERE harbour_id BETWEEN $1 AND $1

-- LIKE a parameter
-- violation TENSQL001
SELECT * FROM boats WHERE harbour_id::text LIKE $1

-- regular expression
-- violation TENSQL001
SELECT * FROM boats WHERE harbour_id::text ~ $1

-- compared with itself
-- violation TENSQL001
SELECT * FROM boats WHERE harbour_id = harbour_id

-- IS NOT NULL
-- violation TENSQL001
SELECT * FROM boats WHERE harbour_id IS NOT NULL

-- compared with another column of the row
-- violation TENSQL001
SELECT * FROM boats WHERE harbour_id = owner_id

-- negated equality
-- violation TENSQL001
SELECT * FROM boats WHERE NOT harbour_id = $1

-- double negation
-- proven
SELECT * FROM boats WHERE NOT (NOT harbour_id = $1)

-- negated inequality
-- proven
SELECT * FROM boats WHERE NOT (harbour_id <> $1)

-- NOT IN
-- violation TENSQL001
SELECT * FROM boats WHERE harbour_id NOT IN ($1, $2)

-- upper case and odd white space
-- proven
select	NAME from BOATS where HARBOUR_ID=$1

-- quoted lower case
-- proven
SELECT "name" FROM "boats" WHERE "harbour_id" = $1

-- schema-qualified
-- proven
SELECT * FROM public.boats WHERE public.boats.harbour_id = $1

-- aliased
-- proven
SELECT b.name FROM boats AS b WHERE b.harbour_id = $1

-- camelCase table scoped by its quoted column
-- proven
SELECT * FROM "AuditLog" WHERE "harbourId" = $1

-- camelCase table by id
-- violation TENSQL001
SELECT * FROM "AuditLog" WHERE id = $1

-- global table
-- proven
SELECT * FROM countries WHERE code = $1

-- no table
-- proven
SELECT 1

-- system catalog
-- proven
SELECT relname FROM pg_catalog.pg_class

-- system catalog named in a comment beside an owned table
-- violation TENSQL001
SELECT * FROM boats WHERE kind = $2 /* pg_ */

-- tenant root by its key
-- proven
SELECT * FROM harbours WHERE id = $1

-- tenant root by another unique column
-- proven
SELECT * FROM harbours WHERE code = $1

-- all tenants
-- violation TENSQL001
SELECT id, name FROM harbours

-- limit after the filter
-- proven
SELECT * FROM boats WHERE harbour_id = $1 ORDER BY name LIMIT 10 OFFSET 20

-- grouped after the filter
-- proven
SELECT kind, count(*) FROM boats WHERE harbour_id = $1 GROUP BY kind HAVING count(*) > 1

-- HAVING on a group key
-- proven
SELECT harbour_id, count(*) FROM boats GROUP BY harbour_id HAVING harbour_id = $1

-- HAVING on an aggregate
-- violation TENSQL001
SELECT kind, count(*) FROM boats GROUP BY kind HAVING min(harbour_id::text) = $1

-- table row locked
-- proven
SELECT * FROM boats WHERE harbour_id = $1 FOR UPDATE SKIP LOCKED

-- TABLE command
-- violation TENSQL001
TABLE boats

-- ONLY
-- proven
SELECT * FROM ONLY boats WHERE harbour_id = $1

-- aggregate over the tenant
-- proven
SELECT count(*) FROM boats WHERE harbour_id = $1

-- aggregate over everybody
-- violation TENSQL001
SELECT count(*) FROM boats

-- window within the tenant
-- proven
SELECT name, rank() OVER (ORDER BY length) FROM boats WHERE harbour_id = $1

-- alias list renames another column to the tenant's name
-- violation TENSQL001
SELECT * FROM boats AS b(id, x, harbour_id) WHERE b.harbour_id = $1

-- alias list renames the tenant column
-- proven
SELECT * FROM boats AS b(id, t) WHERE b.t = $1

-- unclassified table without a tenant predicate
-- opaque TENSQL000
SELECT * FROM legacy WHERE id = $1

-- unknown table
-- opaque TENSQL000
SELECT * FROM mystery WHERE id = $1

-- unknown table scoped by a tenant column's name
-- weak TENSQL000
SELECT * FROM mystery WHERE harbour_id = $1

-- wider level
-- violation TENSQL021
SELECT * FROM charters WHERE fleet_id = $1

-- wider level and the right one
-- proven
SELECT * FROM charters WHERE fleet_id = $1 AND harbour_id = $2

-- never true
-- proven
SELECT * FROM boats WHERE 1 = 0

-- row comparison
-- proven
SELECT * FROM boats WHERE (harbour_id, id) = ($1, $2)

-- row comparison with ROW
-- proven
SELECT * FROM boats WHERE ROW(harbour_id, id) = ROW($1, $2)

-- row IN a list of rows
-- proven
SELECT * FROM boats WHERE (harbour_id, id) IN (($1, $2), ($1, $3))

-- row inequality
-- violation TENSQL001
SELECT * FROM boats WHERE (harbour_id, id) > ($1, $2)

-- nothing but a semicolon follows
-- proven
SELECT * FROM boats WHERE harbour_id = $1;

-- JSONB operator beside numbered placeholders
-- proven
SELECT * FROM boats WHERE harbour_id = $1 AND to_jsonb(name) ? 'x'

-- placeholders without spaces
-- proven
SELECT * FROM boats WHERE harbour_id=$1 AND kind IN ($2,$3,$4)

-- pyformat
-- proven
SELECT * FROM boats WHERE harbour_id = %(harbour)s AND id = %(id)s

-- format
-- proven
SELECT * FROM boats WHERE id = %s AND harbour_id = %s

-- question marks
-- proven
SELECT * FROM boats WHERE id = ? AND harbour_id = ?

-- named
-- proven
SELECT * FROM boats WHERE id = :id AND harbour_id = :harbour::uuid

-- at-sign
-- proven
SELECT * FROM boats WHERE id = @id AND harbour_id = @harbour

-- principal key
-- weak TENSQL022
SELECT * FROM memberships WHERE user_id = $1

-- principal key by hash
-- weak TENSQL022
SELECT harbour_id FROM api_keys WHERE hash = $1

-- principal column compared with a literal
-- violation TENSQL001
SELECT * FROM memberships WHERE user_id IS NOT NULL

-- none of everybody's rows
-- proven
SELECT * FROM berths LIMIT 0

-- none of everybody's rows, as the standard says it
-- proven
SELECT * FROM berths FETCH FIRST 0 ROWS ONLY

-- none of the rows of one branch
-- violation
(SELECT * FROM berths LIMIT 0) UNION SELECT * FROM berths

-- as many rows as the caller says
-- violation TENSQL001
SELECT * FROM berths LIMIT $1

-- rows by a list of people, joined
-- violation TENSQL001
SELECT b.* FROM memberships m JOIN berths b ON b.harbour_id = m.harbour_id WHERE m.user_id = ANY ($1)
