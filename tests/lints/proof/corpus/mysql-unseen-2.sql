-- limited delete through a derived table
-- proven
DELETE FROM boats WHERE harbour_id = ? AND id IN (SELECT id FROM (SELECT id FROM boats WHERE harbour_id = ? LIMIT 5) t)

-- update ignore by id
-- violation TENSQL002
UPDATE IGNORE boats SET name = ? WHERE id = ?

-- variable from a row found by id
-- violation
SET @h = (SELECT harbour_id FROM boats WHERE id = 7)

-- into a variable, scoped
-- proven
SELECT name INTO @n FROM boats WHERE harbour_id = ? LIMIT 1

-- prepared from a literal without the tenant
-- violation
PREPARE s FROM 'SELECT * FROM boats WHERE id = ?'

-- duplicate key hands the row over
-- violation
INSERT INTO boats (id, harbour_id, name) VALUES (?, ?, ?) ON DUPLICATE KEY UPDATE harbour_id = VALUES(harbour_id)

-- sounds like
-- violation TENSQL001
SELECT * FROM boats WHERE harbour_id SOUNDS LIKE ?

-- like binary
-- violation TENSQL001
SELECT * FROM boats WHERE harbour_id LIKE BINARY ?

-- with before a delete
-- proven
WITH old AS (SELECT id FROM boats WHERE harbour_id = ? AND archived_at < NOW()) DELETE FROM boats WHERE harbour_id = ? AND id IN (SELECT id FROM old)

-- full text
-- violation TENSQL001
SELECT * FROM boats WHERE MATCH (name) AGAINST (? IN BOOLEAN MODE)

-- full text of the tenant's
-- proven
SELECT *, MATCH (name) AGAINST (?) AS score FROM boats WHERE harbour_id = ? AND MATCH (name) AGAINST (?)

-- left join as a filter
-- violation
SELECT b.* FROM boats b LEFT JOIN harbours h ON h.id = b.harbour_id AND h.id = ?

-- update left join, target scoped
-- proven
UPDATE boats b LEFT JOIN sailors s ON s.id = b.owner_id AND s.harbour_id = b.harbour_id SET b.kind = s.role WHERE b.harbour_id = ?

-- replace from a query
-- violation TENSQL008
REPLACE INTO boats SELECT * FROM boats WHERE harbour_id = ?

-- group with rollup
-- proven
SELECT kind, COUNT(*) FROM boats WHERE harbour_id = ? GROUP BY kind WITH ROLLUP

-- explain of an update
-- violation TENSQL002
EXPLAIN UPDATE boats SET name = 'x' WHERE id = 1

-- describe
-- proven
DESCRIBE boats

-- prepared from a text that is there
-- violation TENSQL003
PREPARE s FROM 'DELETE FROM boats'

-- prepared from the tenant's text
-- proven
PREPARE s FROM 'DELETE FROM boats WHERE harbour_id = ?'

-- prepared from a variable
-- opaque
PREPARE s FROM @sql
