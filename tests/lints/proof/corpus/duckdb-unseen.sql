-- from first
-- proven
FROM boats SELECT name WHERE harbour_id = $1

-- from first without a predicate
-- violation TENSQL001
FROM boats

-- group by all
-- proven
SELECT kind, count(*) FROM boats WHERE harbour_id = $1 GROUP BY ALL

-- list contains
-- proven
SELECT * FROM boats WHERE list_contains($1, harbour_id)

-- in an unnested list
-- proven
SELECT * FROM boats WHERE harbour_id IN (SELECT unnest($1))

-- asof join without the tenant
-- violation TENSQL010
SELECT b.name, r.cost FROM boats b ASOF JOIN repairs r ON r.cost <= b.length WHERE b.harbour_id = $1

-- exclude and replace
-- proven
SELECT * EXCLUDE (registration) REPLACE (upper(name) AS name) FROM boats WHERE harbour_id = $1

-- copy of a query
-- proven
COPY (SELECT * FROM boats WHERE harbour_id = $1) TO 'boats.parquet' (FORMAT parquet)

-- insert or replace
-- violation TENSQL008
INSERT OR REPLACE INTO boats (id, harbour_id, name) VALUES ($1, $2, $3)

-- summary of everybody
-- violation
SUMMARIZE boats

-- pivot of everybody
-- violation
PIVOT boats ON kind USING count(*)

-- using sample
-- proven
SELECT * FROM boats WHERE harbour_id = $1 USING SAMPLE 10 ROWS

-- file read as a table
-- opaque
SELECT * FROM 'boats.parquet' WHERE id = $1

-- semi join on tenant
-- weak TENSQL022
SELECT b.name FROM boats b SEMI JOIN memberships m ON m.harbour_id = b.harbour_id AND m.user_id = $1
