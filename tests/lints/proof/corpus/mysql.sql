-- by tenant with backticks
-- proven
SELECT * FROM `boats` WHERE `harbour_id` = ?

-- by id
-- violation TENSQL001
SELECT * FROM boats WHERE id = ?

-- column case does not matter
-- proven
SELECT * FROM boats WHERE Harbour_ID = ?

-- double pipe is OR
-- violation TENSQL006
SELECT * FROM boats WHERE harbour_id = ? || kind = 'x'

-- double ampersand is AND
-- proven
SELECT * FROM boats WHERE harbour_id = ? && kind = 'x'

-- XOR
-- violation
SELECT * FROM boats WHERE harbour_id = ? XOR kind = 'x'

-- null-safe equality on a NOT NULL tenant
-- proven
SELECT * FROM boats WHERE harbour_id <=> ?

-- hash comment
-- violation TENSQL001
SELECT * FROM boats WHERE id = ? # AND harbour_id = ?

-- comment that MySQL executes
-- violation
SELECT * FROM boats WHERE harbour_id = ? /*! OR 1 = 1 */

-- double quotes are strings
-- violation TENSQL001
SELECT * FROM boats WHERE name = "harbour_id = 1"

-- multi-table update, tied
-- proven
UPDATE repairs r JOIN boats b ON b.id = r.boat_id AND b.harbour_id = r.harbour_id SET r.cost = ? WHERE b.harbour_id = ?

-- multi-table update, target open
-- violation TENSQL002
UPDATE boats b JOIN sailors s ON s.name = b.name SET b.kind = ? WHERE s.harbour_id = ?

-- multi-table update by LEFT JOIN
-- violation TENSQL002
UPDATE boats b LEFT JOIN sailors s ON s.harbour_id = b.harbour_id AND b.harbour_id = ? SET b.kind = 'x'

-- multi-table delete, tied
-- proven
DELETE r FROM repairs r JOIN boats b ON b.id = r.boat_id AND b.harbour_id = r.harbour_id WHERE b.harbour_id = ?

-- multi-table delete, open
-- violation TENSQL003
DELETE b FROM boats b JOIN sailors s ON s.name = b.name WHERE s.harbour_id = ?

-- delete with limit
-- violation TENSQL003
DELETE FROM boats WHERE id = ? LIMIT 1

-- on duplicate key, every key given has the tenant
-- proven
INSERT INTO berths (harbour_id, number, depth) VALUES (?, ?, ?) ON DUPLICATE KEY UPDATE depth = VALUES(depth)

-- on duplicate key with the id given
-- violation TENSQL008
INSERT INTO berths (id, harbour_id, number) VALUES (?, ?, ?) ON DUPLICATE KEY UPDATE depth = VALUES(depth)

-- on duplicate key moves the row
-- violation
INSERT INTO boats (harbour_id, name, registration) VALUES (?, ?, ?) ON DUPLICATE KEY UPDATE harbour_id = VALUES(harbour_id)

-- replace with the id given
-- violation TENSQL008
REPLACE INTO berths (id, harbour_id, number) VALUES (?, ?, ?)

-- replace by keys with the tenant
-- proven
REPLACE INTO berths (harbour_id, number) VALUES (?, ?)

-- insert ignore
-- proven
INSERT IGNORE INTO berths (id, harbour_id, number) VALUES (?, ?, ?)

-- insert with SET
-- proven
INSERT INTO berths SET id = ?, harbour_id = ?, number = ?

-- insert with SET, no tenant
-- violation TENSQL004
INSERT INTO berths SET id = ?, number = ?

-- IFNULL with the column
-- violation TENSQL005
SELECT * FROM boats WHERE harbour_id = IFNULL(?, harbour_id)

-- IF as a condition
-- violation
SELECT * FROM boats WHERE IF(? IS NULL, TRUE, harbour_id = ?)

-- session variable
-- proven
SELECT * FROM boats WHERE harbour_id = @harbour

-- truncate
-- violation TENSQL014
TRUNCATE TABLE boats

-- straight join
-- violation TENSQL010
SELECT * FROM boats b STRAIGHT_JOIN sailors s ON s.name = b.name WHERE b.harbour_id = ?

-- load data
-- violation TENSQL014
LOAD DATA INFILE 'x' INTO TABLE boats

-- LEFT JOIN ON
-- violation TENSQL001
SELECT * FROM boats b LEFT JOIN berths p ON p.id = b.berth_id AND b.harbour_id = ?

-- group by tenant
-- proven
SELECT harbour_id, COUNT(*) FROM boats GROUP BY harbour_id HAVING harbour_id = ?

-- limit with offset
-- proven
SELECT * FROM boats WHERE harbour_id = ? LIMIT 5, 10

-- sub-select with limit
-- violation TENSQL012
SELECT * FROM (SELECT * FROM boats ORDER BY id LIMIT 5) b WHERE harbour_id = ?

-- format placeholders
-- proven
SELECT * FROM boats WHERE id = %s AND harbour_id = %s
