-- json table of the row's own
-- proven
SELECT t.id, j.x FROM tours t, JSON_TABLE(t.meta, '$[*]' COLUMNS (x INT PATH '$.x')) AS j WHERE t.company_id = ?

-- group_concat with having
-- proven
SELECT truck_id, GROUP_CONCAT(day ORDER BY day SEPARATOR ';') d FROM tours WHERE company_id = ? GROUP BY truck_id HAVING COUNT(*) > 3

-- having as a where
-- proven
SELECT id, company_id FROM trucks HAVING company_id = ?

-- a partition chosen
-- violation TENSQL001
SELECT id FROM tours PARTITION (p0) WHERE day = ?

-- a partition chosen by the tenant
-- proven
SELECT id FROM tours PARTITION (p0) WHERE company_id = ? AND day = ?

-- a simple key to the truck
-- weak TENSQL011
SELECT k.plate FROM tours t JOIN trucks k ON k.id = t.truck_id WHERE t.company_id = ?

-- a key to the truck with the tenant
-- proven
SELECT k.plate FROM tours t JOIN trucks k ON k.id = t.truck_id AND k.company_id = t.company_id WHERE t.company_id = ?

-- derived table with a user variable counter (what a variable holds while it is assigned is not followed; first labelled proven)
-- opaque
SELECT @n := @n + 1, x.plate FROM (SELECT plate FROM trucks WHERE company_id = ? ORDER BY km) x, (SELECT @n := 0) v

-- update joined to totals of the tenant
-- proven
UPDATE trucks k JOIN (SELECT truck_id, COUNT(*) n FROM tours WHERE company_id = ? GROUP BY truck_id) s ON s.truck_id = k.id SET k.km = s.n WHERE k.company_id = ?

-- update joined to totals of all (only the totals of the own trucks' key are met; first labelled violation)
-- weak TENSQL011
UPDATE trucks k JOIN (SELECT truck_id, COUNT(*) n FROM tours GROUP BY truck_id) s ON s.truck_id = k.id SET k.km = s.n WHERE k.company_id = ?

-- insert set
-- proven
INSERT INTO trucks SET company_id = ?, plate = ?

-- insert select of another's by plate
-- violation
INSERT INTO trucks (company_id, plate) SELECT ?, plate FROM trucks WHERE plate LIKE ?

-- delete with order and limit
-- proven
DELETE FROM tours WHERE company_id = ? ORDER BY day LIMIT 1000

-- regexp on the tenant
-- violation
SELECT id FROM trucks WHERE company_id REGEXP ?

-- bit and on the tenant
-- violation
SELECT id FROM trucks WHERE company_id & ? = ?

-- tenant in an if
-- violation
SELECT id FROM trucks WHERE IF(? > 0, company_id = ?, TRUE)

-- tenant in a field call
-- violation
SELECT id FROM trucks WHERE FIELD(company_id, ?, ?) > 0

-- tenant in find_in_set
-- violation
SELECT id FROM trucks WHERE FIND_IN_SET(company_id, ?)

-- index hint and straight join order
-- proven
SELECT t.id FROM trucks k USE INDEX (c) STRAIGHT_JOIN tours t ON t.truck_id = k.id AND t.company_id = k.company_id WHERE k.company_id = ?

-- with rollup
-- proven
SELECT truck_id, COUNT(*) FROM tours WHERE company_id = ? GROUP BY truck_id WITH ROLLUP

-- handler
-- opaque
HANDLER trucks OPEN

-- table statement
-- violation
TABLE trucks

-- reference data
-- weak
SELECT name FROM countries WHERE code = ?

-- stops through their tour
-- proven
SELECT s.place FROM stops s JOIN tours t ON t.id = s.tour_id WHERE t.company_id = ? AND t.id = ?

-- a stop moved to another's tour
-- violation TENSQL019
UPDATE stops s JOIN tours t ON t.id = s.tour_id SET s.tour_id = ? WHERE t.company_id = ? AND s.id = ?
