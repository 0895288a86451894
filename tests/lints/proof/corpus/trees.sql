-- down by the key
-- weak TENSQL011
WITH RECURSIVE t AS (SELECT id, parent_id FROM repairs WHERE harbour_id = $1 UNION ALL SELECT r.id, r.parent_id FROM repairs r JOIN t ON r.parent_id = t.id) SELECT * FROM t

-- up by the key
-- weak TENSQL011
WITH RECURSIVE t AS (SELECT id, parent_id FROM repairs WHERE harbour_id = $1 UNION ALL SELECT r.id, r.parent_id FROM repairs r JOIN t ON r.id = t.parent_id) SELECT * FROM t

-- down with the tenant, then the rows themselves
-- proven
WITH RECURSIVE t AS (SELECT id, parent_id FROM repairs WHERE harbour_id = $1 UNION ALL SELECT r.id, r.parent_id FROM repairs r JOIN t ON r.parent_id = t.id AND r.harbour_id = $1) SELECT x.* FROM t JOIN repairs x ON x.id = t.id

-- down with the tenant from anybody's
-- violation TENSQL001
WITH RECURSIVE t AS (SELECT id, parent_id FROM repairs WHERE status = $2 UNION ALL SELECT r.id, r.parent_id FROM repairs r JOIN t ON r.parent_id = t.id AND r.harbour_id = $1) SELECT x.* FROM t JOIN repairs x ON x.id = t.id

-- by something that is no key
-- violation TENSQL010
WITH RECURSIVE t AS (SELECT id, status FROM repairs WHERE harbour_id = $1 UNION ALL SELECT r.id, r.status FROM repairs r JOIN t ON r.status = t.status) SELECT * FROM t

-- the key of the first rows is another table's in the step
-- violation TENSQL010
WITH RECURSIVE t AS (SELECT id, parent_id FROM repairs WHERE harbour_id = $1 UNION ALL SELECT b.id, r.parent_id FROM repairs r JOIN t ON r.parent_id = t.id JOIN boats b ON b.name = r.status) SELECT * FROM t

-- written by the keys of the tree
-- weak TENSQL011
WITH RECURSIVE t AS (SELECT id, parent_id FROM repairs WHERE harbour_id = $1 UNION ALL SELECT r.id, r.parent_id FROM repairs r JOIN t ON r.parent_id = t.id) UPDATE repairs SET status = 'x' WHERE id IN (SELECT id FROM t)

-- none among the children
-- proven
SELECT b.name FROM boats b WHERE b.harbour_id = $1 AND b.id NOT IN (SELECT l.boat_id FROM logbooks l)

-- none among rows that may have no owner
-- violation TENSQL010
SELECT s.name FROM sailors s WHERE s.harbour_id = $1 AND s.id NOT IN (SELECT b.berth_id FROM boats b)

-- whether it is among the children
-- proven
SELECT b.name, b.id IN (SELECT l.boat_id FROM logbooks l) AS logged FROM boats b WHERE b.harbour_id = $1

-- a side that may be NULL is among whatever there is
-- violation TENSQL010
SELECT b.name FROM boats b LEFT JOIN visits v ON v.boat_id = b.id AND v.harbour_id = b.harbour_id WHERE b.harbour_id = $1 AND v.boat_id NOT IN (SELECT l.boat_id FROM logbooks l)

-- among the first few of all
-- violation
SELECT b.name FROM boats b WHERE b.harbour_id = $1 AND b.id NOT IN (SELECT l.boat_id FROM logbooks l ORDER BY l.title LIMIT 5)
