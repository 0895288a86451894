-- nobody's repair by both columns
-- proven
SELECT b.name FROM boats b WHERE b.harbour_id = $1 AND NOT EXISTS (SELECT 1 FROM repairs r WHERE r.boat_id = b.id AND r.harbour_id = b.harbour_id)

-- nobody's repair by a key that carries the tenant
-- proven
SELECT b.name FROM boats b WHERE b.harbour_id = $1 AND NOT EXISTS (SELECT 1 FROM repairs r WHERE r.boat_id = b.id)

-- nobody's invoice by a simple key
-- weak TENSQL011
SELECT b.name FROM boats b WHERE b.harbour_id = $1 AND NOT EXISTS (SELECT 1 FROM invoices i WHERE i.boat_id = b.id)

-- nobody's boat of the same name
-- violation
SELECT b.name FROM boats b WHERE b.harbour_id = $1 AND NOT EXISTS (SELECT 1 FROM boats o WHERE o.name = b.name AND o.id <> b.id)

-- no other boat of the same name in the harbour
-- proven
SELECT b.name FROM boats b WHERE b.harbour_id = $1 AND NOT EXISTS (SELECT 1 FROM boats o WHERE o.name = b.name AND o.id <> b.id AND o.harbour_id = $1)

-- the tenant asked of the outer row inside only
-- violation
SELECT b.name FROM boats b WHERE NOT EXISTS (SELECT 1 FROM repairs r WHERE r.boat_id = b.id AND b.harbour_id = $1)

-- boats with nothing, twice negated
-- proven
SELECT b.name FROM boats b WHERE b.harbour_id = $1 AND NOT (EXISTS (SELECT 1 FROM logbooks l WHERE l.boat_id = b.id) OR EXISTS (SELECT 1 FROM photos p WHERE p.boat_id = b.id))

-- harbours where every boat is long
-- weak TENSQL022
SELECT m.harbour_id FROM memberships m WHERE m.user_id = $1 AND NOT EXISTS (SELECT 1 FROM boats b WHERE b.harbour_id = m.harbour_id AND NOT b.length > 9)

-- a left join that finds nothing, by a child
-- proven
SELECT b.name FROM boats b LEFT JOIN logbooks l ON l.boat_id = b.id WHERE b.harbour_id = $1 AND l.id IS NULL

-- a left join that finds nothing, by a child of anything
-- violation
SELECT b.name FROM boats b LEFT JOIN logbooks l ON l.title = b.name WHERE b.harbour_id = $1 AND l.id IS NULL

-- a left join that finds nothing, by a grandchild
-- proven
SELECT b.name FROM boats b LEFT JOIN logbooks l ON l.boat_id = b.id LEFT JOIN entries e ON e.logbook_id = l.id WHERE b.harbour_id = $1 AND e.id IS NULL

-- a left join that finds nothing, the tenant asked of what is not there
-- violation
SELECT b.name FROM boats b LEFT JOIN repairs r ON r.boat_id = b.id WHERE r.harbour_id = $1 OR r.id IS NULL

-- a right join that finds nothing
-- proven
SELECT b.name FROM repairs r RIGHT JOIN boats b ON r.boat_id = b.id WHERE b.harbour_id = $1 AND r.id IS NULL

-- not among the ids of the harbour
-- proven
SELECT name FROM boats WHERE harbour_id = $1 AND id NOT IN (SELECT boat_id FROM repairs WHERE harbour_id = $1)

-- not among ids that may be NULL
-- violation
SELECT number FROM berths WHERE harbour_id = $1 AND id NOT IN (SELECT berth_id FROM boats)

-- not among ids of all
-- proven
SELECT name FROM boats WHERE harbour_id = $1 AND id NOT IN (SELECT boat_id FROM repairs)

-- not among names of all
-- violation
SELECT name FROM boats WHERE harbour_id = $1 AND name NOT IN (SELECT number FROM berths)

-- other than all names
-- violation
SELECT name FROM boats WHERE harbour_id = $1 AND name <> ALL (SELECT title FROM logbooks)

-- none is counted
-- proven
SELECT b.name FROM boats b WHERE b.harbour_id = $1 AND (SELECT count(*) FROM repairs r WHERE r.boat_id = b.id) = 0

-- none of anybody's is counted
-- violation
SELECT b.name FROM boats b WHERE b.harbour_id = $1 AND (SELECT count(*) FROM berths p WHERE p.number = b.name) = 0

-- except the repaired
-- proven
SELECT id FROM boats WHERE harbour_id = $1 EXCEPT SELECT boat_id FROM repairs WHERE harbour_id = $1

-- except whatever is called so
-- violation
SELECT name FROM boats WHERE harbour_id = $1 EXCEPT SELECT number FROM berths

-- repaired and invoiced
-- weak TENSQL011
SELECT id FROM boats WHERE harbour_id = $1 INTERSECT SELECT boat_id FROM invoices

-- a boat that some list has
-- proven
SELECT b.name FROM boats b WHERE b.harbour_id = $1 AND b.id = ANY (ARRAY(SELECT r.boat_id FROM repairs r WHERE r.harbour_id = $1))

-- a boat that anybody's list has
-- violation
SELECT b.name FROM boats b WHERE b.harbour_id = $1 AND b.name = ANY (ARRAY(SELECT p.number FROM berths p))

-- those with something, by a lateral
-- proven
SELECT b.name FROM boats b CROSS JOIN LATERAL (SELECT 1 FROM repairs r WHERE r.boat_id = b.id LIMIT 1) x WHERE b.harbour_id = $1

-- deleted where nothing is left
-- proven
DELETE FROM logbooks l USING boats b WHERE b.id = l.boat_id AND b.harbour_id = $1 AND NOT EXISTS (SELECT 1 FROM entries e WHERE e.logbook_id = l.id)

-- deleted where nothing of the harbour's is left
-- violation
DELETE FROM logbooks l WHERE NOT EXISTS (SELECT 1 FROM boats b WHERE b.id = l.boat_id AND b.harbour_id = $1)

-- put in unless it is there
-- proven
INSERT INTO berths (id, harbour_id, number) SELECT $2, $1, $3 WHERE NOT EXISTS (SELECT 1 FROM berths WHERE harbour_id = $1 AND number = $3)

-- put in unless anybody has it
-- violation
INSERT INTO berths (id, harbour_id, number) SELECT $2, $1, $3 WHERE NOT EXISTS (SELECT 1 FROM berths WHERE number = $3)
