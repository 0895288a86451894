-- backslash escapes the quote
-- violation TENSQL001
SELECT * FROM boats WHERE name = '\' AND harbour_id = ' AND id = ?

-- select modifiers and index hints
-- proven
SELECT SQL_CALC_FOUND_ROWS * FROM boats FORCE INDEX (PRIMARY) WHERE harbour_id = ? LOCK IN SHARE MODE

-- on duplicate key with an expression
-- proven
INSERT INTO berths (harbour_id, number, depth) VALUES (?, ?, ?) ON DUPLICATE KEY UPDATE depth = VALUES(depth) + 1

-- on duplicate key with a row alias
-- proven
INSERT INTO berths (harbour_id, number, depth) VALUES (?, ?, ?) AS n ON DUPLICATE KEY UPDATE depth = n.depth

-- on duplicate key over a globally unique column
-- violation TENSQL008
INSERT INTO boats (harbour_id, name, registration) VALUES (?, ?, ?) ON DUPLICATE KEY UPDATE kind = 'x'

-- update with order and limit
-- proven
UPDATE boats SET kind = 'x' WHERE harbour_id = ? ORDER BY id LIMIT 5

-- delete from two tables
-- proven
DELETE b, r FROM boats b JOIN repairs r ON r.boat_id = b.id AND r.harbour_id = b.harbour_id WHERE b.harbour_id = ?

-- delete from two tables, the second open
-- violation TENSQL003
DELETE b, s FROM boats b JOIN sailors s ON s.name = b.name WHERE b.harbour_id = ?

-- delete USING, MySQL's way
-- violation TENSQL003
DELETE FROM b USING boats b JOIN sailors s ON s.name = b.name WHERE s.harbour_id = ?

-- replace from a query over another table's ids
-- violation TENSQL008
REPLACE INTO berths (id, harbour_id, number) SELECT id, harbour_id, name FROM sailors WHERE harbour_id = ?

-- replace of the very rows that were selected
-- proven
REPLACE INTO berths (id, harbour_id, number) SELECT id, harbour_id, number FROM berths WHERE harbour_id = ?

-- double-quoted string as a value
-- weak TENSQL007
SELECT * FROM boats WHERE harbour_id = "00000000-0000-0000-0000-00000000000a"

-- NULL-safe inequality
-- violation
SELECT * FROM boats WHERE NOT (harbour_id <=> ?)

-- NULL-safe equality over NULLs
-- weak TENSQL018
SELECT * FROM notices WHERE harbour_id <=> ?

-- two columns updated in two tables, one open
-- violation TENSQL002
UPDATE boats b, sailors s SET b.kind = 'x', s.role = 'y' WHERE b.name = s.name AND b.harbour_id = ?

-- binary comparison
-- proven
SELECT * FROM boats WHERE BINARY harbour_id = ?

-- group_concat over everybody
-- violation TENSQL001
SELECT GROUP_CONCAT(name SEPARATOR ',') FROM boats

-- union in parentheses
-- proven
(SELECT id FROM boats WHERE harbour_id = ?) UNION (SELECT id FROM berths WHERE harbour_id = ?) LIMIT 5

-- exclamation mark negates
-- violation
SELECT * FROM boats WHERE !(harbour_id = ?)

-- letters that a collation may find equal
-- violation
SELECT * FROM boats WHERE NOT ('é' = 'e' AND harbour_id <> ?)

-- MariaDB's ANALYZE runs the statement
-- violation TENSQL001
ANALYZE SELECT * FROM boats

-- variable set from an open query
-- violation TENSQL001
SET @harbour = (SELECT harbour_id FROM boats WHERE id = ?)

-- variable set from a scoped query
-- proven
SET @n = (SELECT COUNT(*) FROM boats WHERE harbour_id = ?)

-- optimizer hint
-- proven
SELECT /*+ MAX_EXECUTION_TIME(1000) */ * FROM boats WHERE harbour_id = ?
