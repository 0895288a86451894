-- multi-table update, both tied by tenant
-- proven
UPDATE boats b INNER JOIN sailors s ON s.harbour_id = b.harbour_id AND s.id = b.owner_id SET b.name = ?, s.role = ? WHERE b.harbour_id = ?

-- multi-table update, the second tied by name only
-- violation TENSQL002
UPDATE boats b, sailors s SET b.name = s.name, s.role = 'owner' WHERE b.harbour_id = ? AND s.name = b.kind

-- multi-table delete of a parent and its children
-- proven
DELETE b, p FROM boats b LEFT JOIN photos p ON p.boat_id = b.id WHERE b.harbour_id = ? AND b.id = ?

-- multi-table delete with USING
-- proven
DELETE FROM p USING photos AS p INNER JOIN boats AS b ON b.id = p.boat_id WHERE b.harbour_id = ?

-- multi-table delete whose predicate is in the ON of a left join
-- violation TENSQL003
DELETE p FROM photos p LEFT JOIN boats b ON b.id = p.boat_id AND b.harbour_id = ? WHERE p.url = ?

-- straight join
-- proven
SELECT STRAIGHT_JOIN b.name, r.cost FROM boats b STRAIGHT_JOIN repairs r ON r.boat_id = b.id AND r.harbour_id = b.harbour_id WHERE b.harbour_id = ?

-- forced index
-- proven
SELECT * FROM boats FORCE INDEX (boats_harbour) WHERE harbour_id = ? AND name = ?

-- double bar is OR
-- violation
SELECT * FROM boats WHERE harbour_id = ? || id = ?

-- double ampersand is AND
-- proven
SELECT * FROM boats WHERE harbour_id = ? && id = ?

-- xor
-- violation
SELECT * FROM boats WHERE harbour_id = ? XOR id = ?

-- null safe
-- proven
SELECT * FROM boats WHERE harbour_id <=> ?

-- null safe on a nullable tenant
-- weak TENSQL018
SELECT * FROM notices WHERE harbour_id <=> ?

-- bang negates the comparison
-- violation
SELECT * FROM boats WHERE !(harbour_id = ?)

-- insert with SET
-- proven
INSERT INTO boats SET id = ?, harbour_id = ?, name = ?

-- insert with SET and no tenant
-- violation TENSQL004
INSERT INTO boats SET id = ?, name = ?

-- on duplicate key of a table with global keys
-- violation TENSQL008
INSERT INTO boats (id, harbour_id, name) VALUES (?, ?, ?) ON DUPLICATE KEY UPDATE name = VALUES(name)

-- on duplicate key where all keys given have the tenant
-- proven
INSERT INTO berths (harbour_id, number, depth) VALUES (?, ?, ?) ON DUPLICATE KEY UPDATE depth = VALUES(depth)

-- on duplicate key with a row alias
-- proven
INSERT INTO berths (harbour_id, number, depth) VALUES (?, ?, ?) AS new ON DUPLICATE KEY UPDATE depth = new.depth

-- replace into
-- violation TENSQL008
REPLACE INTO boats (id, harbour_id, name) VALUES (?, ?, ?)

-- insert ignore
-- proven
INSERT IGNORE INTO sailors (id, harbour_id, email) VALUES (?, ?, ?)

-- update with order and limit
-- violation TENSQL002
UPDATE repairs SET status = 'running' WHERE status = 'queued' ORDER BY cost LIMIT 1

-- update of the tenant's with order and limit
-- proven
UPDATE repairs SET status = 'running' WHERE status = 'queued' AND harbour_id = ? ORDER BY cost LIMIT 1

-- delete quick with a limit
-- violation TENSQL003
DELETE QUICK FROM repairs WHERE status = 'done' LIMIT 100

-- having as a second where
-- proven
SELECT id, harbour_id AS h FROM boats HAVING h = ?

-- having on a maximum
-- violation
SELECT kind, MAX(harbour_id) AS h FROM boats GROUP BY kind HAVING h = ?

-- comment that MySQL executes
-- violation
SELECT * FROM boats WHERE harbour_id = ? /*!50000 OR 1 = 1 */

-- optimizer hint
-- proven
SELECT /*+ MAX_EXECUTION_TIME(1000) */ name FROM boats WHERE harbour_id = ?

-- hash comment
-- violation TENSQL001
SELECT * FROM boats WHERE id = ? # AND harbour_id = ?

-- backquotes and case
-- proven
SELECT `B`.`Name` FROM `boats` AS B WHERE `B`.`Harbour_ID` = ?

-- double quotes make a string
-- violation
SELECT * FROM boats WHERE "harbour_id" = ?

-- lock in share mode
-- proven
SELECT * FROM boats WHERE harbour_id = ? AND id = ? LOCK IN SHARE MODE

-- session variable set in the same text
-- violation TENSQL001
SELECT @h := harbour_id FROM boats WHERE id = ?

-- if in the condition
-- violation TENSQL005
SELECT * FROM boats WHERE IF(? IS NULL, TRUE, harbour_id = ?)

-- binary comparison
-- proven
SELECT * FROM boats WHERE BINARY harbour_id = ?

-- regular expression
-- violation TENSQL001
SELECT * FROM boats WHERE harbour_id REGEXP ?

-- find in set of the caller's
-- violation TENSQL001
SELECT * FROM boats WHERE FIND_IN_SET(name, ?) AND length > 3

-- load data
-- violation TENSQL014
LOAD DATA LOCAL INFILE 'x.csv' INTO TABLE boats FIELDS TERMINATED BY ','

-- select into outfile by id
-- violation TENSQL001
SELECT * FROM boats WHERE id = ? INTO OUTFILE '/tmp/x'

-- table statement
-- violation
TABLE boats LIMIT 10

-- cross database
-- proven
SELECT * FROM app.boats WHERE app.boats.harbour_id = ?

-- json table of the caller's list
-- proven
SELECT b.name FROM boats b JOIN JSON_TABLE(?, '$[*]' COLUMNS (id CHAR(36) PATH '$')) j ON j.id = b.id WHERE b.harbour_id = ?

-- two placeholders are two values
-- violation TENSQL010
SELECT s.email FROM boats b, sailors s WHERE b.harbour_id = ? AND b.owner_id = ? AND s.id = ?

-- the tenant set to another placeholder
-- violation TENSQL009
UPDATE boats SET harbour_id = ?, name = ? WHERE id = ? AND harbour_id = ?

-- between two placeholders
-- violation TENSQL001
SELECT * FROM boats WHERE harbour_id BETWEEN ? AND ?
