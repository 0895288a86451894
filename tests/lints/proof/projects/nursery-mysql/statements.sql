-- an update of two tables, both in the tenant
-- proven
UPDATE batches b JOIN plants p ON p.id = b.plant_id SET b.qty = 0 WHERE p.farm_id = ? AND b.farm_id = ?

-- an update by another table's tenant
-- weak TENSQL011
UPDATE batches b JOIN plants p ON p.id = b.plant_id SET b.qty = 0 WHERE p.farm_id = ?

-- children by their parents
-- proven
UPDATE waterings w JOIN batches b ON b.id = w.batch_id SET w.litres = ? WHERE b.farm_id = ?

-- everybody's children
-- violation TENSQL002
UPDATE waterings w, batches b SET w.litres = 1 WHERE b.id = w.batch_id

-- a delete from two tables
-- proven
DELETE w, b FROM waterings w JOIN batches b ON b.id = w.batch_id WHERE b.farm_id = ?

-- everything that is not found in the tenant
-- violation TENSQL003
DELETE w FROM waterings w LEFT JOIN batches b ON b.id = w.batch_id AND b.farm_id = ? WHERE b.id IS NULL

-- a delete with USING
-- proven
DELETE FROM w USING waterings AS w INNER JOIN batches AS b ON w.batch_id = b.id WHERE b.farm_id = ? AND b.qty = 0

-- replace by an id
-- violation TENSQL008
REPLACE INTO plants (id, farm_id, code) VALUES (?, ?, ?)

-- replace by a key of the tenant's
-- proven
REPLACE INTO prices (farm_id, plant_id, valid_from, amount) VALUES (?, ?, ?, ?)

-- an upsert by a key of the tenant's
-- proven
INSERT INTO prices (farm_id, plant_id, valid_from, amount) VALUES (?, ?, ?, ?) ON DUPLICATE KEY UPDATE amount = VALUES(amount)

-- an upsert that an id may meet
-- violation TENSQL008
INSERT INTO plants (id, farm_id, code) VALUES (?, ?, ?) ON DUPLICATE KEY UPDATE code = VALUES(code)

-- rows of a document of the row
-- proven
SELECT p.name, j.colour FROM plants p, JSON_TABLE(p.attrs, '$[*]' COLUMNS (colour VARCHAR(9) PATH '$.c')) j WHERE p.farm_id = ?

-- a text that is made of the tenant
-- violation TENSQL001
SELECT * FROM plants WHERE label = CONCAT(?, '-', ?)

-- parents of a plant
-- weak TENSQL011
WITH RECURSIVE line AS (SELECT id, parent_plant_id FROM plants WHERE farm_id = ? AND id = ? UNION ALL SELECT p.id, p.parent_plant_id FROM plants p JOIN line l ON p.id = l.parent_plant_id) SELECT * FROM line

-- a partition
-- proven
SELECT * FROM prices PARTITION (p0) WHERE farm_id = ?

-- a page and how many there are
-- proven ; proven
SELECT SQL_CALC_FOUND_ROWS * FROM plants WHERE farm_id = ? LIMIT 20; SELECT FOUND_ROWS()

-- a shared lock
-- proven
SELECT id FROM plants WHERE farm_id = ? LOCK IN SHARE MODE

-- a watering of the tenant's batch
-- proven
INSERT INTO waterings (batch_id, litres) SELECT id, ? FROM batches WHERE farm_id = ? AND id = ?

-- a watering of anybody's batch
-- violation TENSQL019
INSERT INTO waterings (batch_id, litres) VALUES (?, ?)

-- a branch that has no row
-- proven
SELECT * FROM plants WHERE farm_id = ? UNION SELECT * FROM plants WHERE farm_id IS NULL

-- the tenant decides what is shown
-- violation TENSQL001
SELECT IF(p.farm_id = ?, p.name, NULL) FROM plants p

-- equal or both null, where null cannot be
-- proven
SELECT * FROM plants WHERE farm_id <=> ?

-- a variable that is a constant
-- proven ; weak TENSQL007
SET @f := 3; SELECT * FROM plants WHERE farm_id = @f
