-- two minus signs are no comment without a blank
-- violation
SELECT * FROM boats WHERE harbour_id = ? AND length > 5--1 OR 1 = 1

-- two minus signs and a blank are a comment
-- proven
SELECT * FROM boats WHERE harbour_id = ? AND length > 5 -- OR 1 = 1

-- bars are OR
-- violation
SELECT * FROM boats WHERE harbour_id = ? || kind = 'public'

-- ampersands are AND
-- proven
SELECT * FROM boats WHERE harbour_id = ? && kind = 'tug'

-- exclusive or
-- violation
SELECT * FROM boats WHERE harbour_id = ? XOR kind = 'public'

-- comparison compared
-- violation
SELECT * FROM boats WHERE harbour_id = ? = 0

-- exclamation mark
-- violation
SELECT * FROM boats WHERE !(harbour_id = ?)

-- null-safe equality
-- proven
SELECT * FROM boats WHERE harbour_id <=> ?

-- HAVING sees the alias of the select list
-- violation
SELECT ? AS harbour_id, name FROM boats HAVING harbour_id = ?

-- HAVING on the column
-- proven
SELECT id, harbour_id, name FROM boats HAVING harbour_id = ?

-- insert with SET
-- proven
INSERT INTO boats SET harbour_id = ?, name = ?

-- insert with SET, without the tenant
-- violation TENSQL004
INSERT INTO boats SET name = ?

-- insert that ignores
-- proven
INSERT IGNORE INTO boats (harbour_id, name) VALUES (?, ?)

-- replace without the tenant in every key
-- violation TENSQL008
REPLACE INTO boats (id, harbour_id, name) VALUES (?, ?, ?)

-- duplicate key with a row alias
-- violation TENSQL008
INSERT INTO boats (id, harbour_id, name) VALUES (?, ?, ?) AS new ON DUPLICATE KEY UPDATE name = new.name

-- duplicate key, only on keys with the tenant
-- proven
INSERT INTO berths (harbour_id, number, depth) VALUES (?, ?, ?) ON DUPLICATE KEY UPDATE depth = VALUES(depth)

-- duplicate key, guarded value by value
-- violation TENSQL008
INSERT INTO boats (id, harbour_id, name) VALUES (?, ?, ?) ON DUPLICATE KEY UPDATE name = IF(harbour_id = VALUES(harbour_id), VALUES(name), name)

-- update of two tables after a comma
-- proven
UPDATE boats b, repairs r SET b.name = ?, r.status = ? WHERE b.id = r.boat_id AND r.harbour_id = b.harbour_id AND b.harbour_id = ?

-- update of two tables after a comma, one open
-- violation
UPDATE boats b, repairs r SET b.name = ?, r.status = ? WHERE b.harbour_id = ?

-- update with a join, the joined one is scoped only
-- violation TENSQL002
UPDATE boats b JOIN repairs r ON r.status = b.name SET b.name = ? WHERE r.harbour_id = ?

-- update with a left join
-- proven
UPDATE boats b LEFT JOIN repairs r ON r.boat_id = b.id AND r.harbour_id = b.harbour_id SET b.name = ? WHERE b.harbour_id = ? AND r.id IS NULL

-- update limited
-- violation TENSQL002
UPDATE boats SET name = ? WHERE id = ? ORDER BY id LIMIT 1

-- delete from one of two
-- proven
DELETE r FROM repairs r JOIN boats b ON b.id = r.boat_id AND b.harbour_id = r.harbour_id WHERE b.harbour_id = ?

-- delete from both of two, the second open
-- violation TENSQL003
DELETE b, r FROM boats b JOIN repairs r ON r.status = b.name WHERE b.harbour_id = ?

-- delete with USING
-- proven
DELETE FROM r USING repairs AS r JOIN boats AS b ON b.id = r.boat_id AND b.harbour_id = r.harbour_id WHERE b.harbour_id = ?

-- index hints
-- proven
SELECT * FROM boats USE INDEX (by_harbour) WHERE harbour_id = ?

-- straight join
-- proven
SELECT STRAIGHT_JOIN b.* FROM boats b JOIN repairs r ON r.boat_id = b.id AND r.harbour_id = b.harbour_id WHERE b.harbour_id = ?

-- calculated rows
-- proven
SELECT SQL_CALC_FOUND_ROWS * FROM boats WHERE harbour_id = ? LIMIT 10

-- a list of one placeholder
-- proven
SELECT * FROM boats WHERE harbour_id IN (?)

-- binary comparison
-- proven
SELECT * FROM boats WHERE BINARY harbour_id = ?

-- binary key shown as text
-- proven
SELECT * FROM boats WHERE BIN_TO_UUID(harbour_id) = ?

-- binary key made of text
-- proven
SELECT * FROM boats WHERE harbour_id = UUID_TO_BIN(?)

-- hexadecimal key
-- proven
SELECT * FROM boats WHERE HEX(harbour_id) = ?

-- key in lower case
-- violation TENSQL001
SELECT * FROM boats WHERE LOWER(harbour_id) = LOWER(?)

-- found in a set of the caller
-- violation TENSQL001
SELECT * FROM boats WHERE FIND_IN_SET(harbour_id, ?)

-- IFNULL of the parameter and the column
-- violation TENSQL005
SELECT * FROM boats WHERE harbour_id = IFNULL(?, harbour_id)

-- optional by question marks
-- violation TENSQL005
SELECT * FROM boats WHERE (? IS NULL OR harbour_id = ?)

-- IF as a condition
-- violation
SELECT * FROM boats WHERE IF(?, harbour_id = ?, 1)

-- a condition in double quotes is a string
-- violation TENSQL001
SELECT * FROM boats WHERE name = "x AND harbour_id = 5" AND kind = ?

-- an escaped quote hides the predicate
-- violation TENSQL001
SELECT * FROM boats WHERE name = 'it\'s AND harbour_id = ? AND ' AND kind = ?

-- a comment from a hash sign
-- violation TENSQL001
SELECT * FROM boats WHERE name = ? # AND harbour_id = ?

-- grouped rows, the alias shadows
-- violation
SELECT kind AS harbour_id, COUNT(*) FROM boats GROUP BY kind HAVING harbour_id = ?

-- a window before the filter
-- violation TENSQL012
SELECT * FROM (SELECT b.*, ROW_NUMBER() OVER (ORDER BY length) AS n FROM boats b) x WHERE harbour_id = ?

-- a table renamed in a handler
-- opaque
HANDLER boats OPEN

-- load from a file
-- violation TENSQL014
LOAD DATA INFILE '/x' INTO TABLE boats

-- a stored procedure
-- opaque
CALL archive_boats(?)

-- the tenant as a session variable
-- proven
SELECT * FROM boats WHERE harbour_id = @harbour_id

-- truncate
-- violation TENSQL014
TRUNCATE boats

-- a session variable assigned on the way
-- opaque
SELECT * FROM boats WHERE (@h := harbour_id) IS NOT NULL AND harbour_id = @h
