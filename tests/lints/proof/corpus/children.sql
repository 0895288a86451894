-- child by its own id
-- violation TENSQL001
SELECT * FROM logbooks WHERE id = $1

-- child by its parent's id
-- violation TENSQL001
SELECT * FROM logbooks WHERE boat_id = $1

-- child joined to its proven parent
-- proven
SELECT l.* FROM logbooks l JOIN boats b ON b.id = l.boat_id WHERE b.harbour_id = $1

-- child joined to an open parent
-- violation
SELECT l.* FROM logbooks l JOIN boats b ON b.id = l.boat_id WHERE l.id = $1

-- child IN its proven parents
-- proven
SELECT * FROM logbooks WHERE boat_id IN (SELECT id FROM boats WHERE harbour_id = $1)

-- child with an EXISTS on the parent
-- proven
SELECT * FROM photos p WHERE EXISTS (SELECT 1 FROM boats b WHERE b.id = p.boat_id AND b.harbour_id = $1)

-- child LEFT JOINed to its parent
-- violation
SELECT p.* FROM photos p LEFT JOIN boats b ON b.id = p.boat_id AND b.harbour_id = $1

-- child on the nullable side
-- proven
SELECT * FROM boats b LEFT JOIN photos p ON p.boat_id = b.id WHERE b.harbour_id = $1

-- child joined on another column
-- violation TENSQL010
SELECT * FROM boats b JOIN photos p ON p.id = b.id WHERE b.harbour_id = $1

-- grandchild through both parents
-- proven
SELECT e.* FROM entries e JOIN logbooks l ON l.id = e.logbook_id JOIN boats b ON b.id = l.boat_id WHERE b.harbour_id = $1

-- grandchild, chain broken
-- violation
SELECT e.* FROM entries e JOIN logbooks l ON l.id = e.logbook_id JOIN boats b ON b.harbour_id = $1

-- grandchild by nested IN
-- proven
SELECT * FROM entries WHERE logbook_id IN (SELECT id FROM logbooks WHERE boat_id IN (SELECT id FROM boats WHERE harbour_id = $1))

-- two children of one proven parent
-- proven
SELECT * FROM logbooks l JOIN photos p ON p.boat_id = l.boat_id JOIN boats b ON b.id = l.boat_id WHERE b.harbour_id = $1

-- siblings, only one tied to a proven parent
-- proven
SELECT p.* FROM photos p WHERE p.boat_id IN (SELECT l.boat_id FROM logbooks l JOIN boats b ON b.id = l.boat_id WHERE b.harbour_id = $1)

-- siblings by something that is no parent key
-- violation TENSQL010
SELECT * FROM logbooks l JOIN photos p ON p.url = l.title JOIN boats b ON b.id = l.boat_id WHERE b.harbour_id = $1

-- child with the same parent as a row whose foreign key carries the tenant
-- proven
SELECT l.* FROM logbooks l JOIN repairs r ON r.boat_id = l.boat_id WHERE r.harbour_id = $1

-- child with the same parent as a row with a simple foreign key
-- weak TENSQL011
SELECT l.* FROM logbooks l JOIN invoices i ON i.boat_id = l.boat_id WHERE i.harbour_id = $1

-- scalar count of children
-- proven
SELECT b.id, (SELECT count(*) FROM photos p WHERE p.boat_id = b.id) FROM boats b WHERE b.harbour_id = $1

-- children of a parent proven by OR branches
-- proven
SELECT l.* FROM logbooks l JOIN boats b ON b.id = l.boat_id WHERE b.harbour_id = $1 OR (b.harbour_id = $1 AND b.kind = 'x')

-- child by unique key of itself
-- proven
SELECT a.* FROM entries a JOIN entries x ON x.id = a.id JOIN logbooks l ON l.id = x.logbook_id JOIN boats b ON b.id = l.boat_id WHERE b.harbour_id = $1

-- update child by id
-- violation TENSQL002
UPDATE logbooks SET title = $1 WHERE id = $2

-- update child through its parent
-- proven
UPDATE logbooks l SET title = $1 FROM boats b WHERE b.id = l.boat_id AND l.id = $2 AND b.harbour_id = $3

-- update child with IN
-- proven
UPDATE logbooks SET title = $1 WHERE id = $2 AND boat_id IN (SELECT id FROM boats WHERE harbour_id = $3)

-- delete child by id
-- violation TENSQL003
DELETE FROM photos WHERE id = $1

-- delete child through its parent
-- proven
DELETE FROM photos p USING boats b WHERE b.id = p.boat_id AND b.harbour_id = $1 AND p.id = $2

-- re-parent by a bare parameter
-- violation TENSQL019
UPDATE photos SET boat_id = $1 WHERE boat_id IN (SELECT id FROM boats WHERE harbour_id = $2)

-- re-parent to a proven row
-- proven
UPDATE photos SET boat_id = (SELECT id FROM boats WHERE id = $1 AND harbour_id = $2) WHERE boat_id IN (SELECT id FROM boats WHERE harbour_id = $2)

-- re-parent to an open row
-- violation
UPDATE photos SET boat_id = (SELECT id FROM boats WHERE name = $1) WHERE boat_id IN (SELECT id FROM boats WHERE harbour_id = $2)

-- attach to a bare parent
-- violation TENSQL019
INSERT INTO photos (id, boat_id, url) VALUES ($1, $2, $3)

-- attach to a proven parent
-- proven
INSERT INTO photos (id, boat_id, url) SELECT $1, id, $3 FROM boats WHERE id = $2 AND harbour_id = $4

-- attach to an open parent
-- violation
INSERT INTO photos (id, boat_id, url) SELECT $1, id, $3 FROM boats WHERE id = $2

-- attach with a scalar sub-select of a proven parent
-- proven
INSERT INTO photos (id, boat_id) VALUES ($1, (SELECT id FROM boats WHERE id = $2 AND harbour_id = $3))

-- attach guarded by WHERE EXISTS
-- proven
INSERT INTO photos (id, boat_id) SELECT $1, $2 WHERE EXISTS (SELECT 1 FROM boats b WHERE b.id = $2 AND b.harbour_id = $3)

-- attach a copy of a proven sibling
-- proven
INSERT INTO photos (id, boat_id, url) SELECT $1, p.boat_id, p.url FROM photos p JOIN boats b ON b.id = p.boat_id WHERE p.id = $2 AND b.harbour_id = $3
