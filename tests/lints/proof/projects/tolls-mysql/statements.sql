-- a page of passages
-- proven
SELECT SQL_CALC_FOUND_ROWS `id`, `plate`, `cents` FROM `passages` FORCE INDEX (PRIMARY) WHERE `operator_id` = ? AND `at` BETWEEN ? AND ? ORDER BY `at` DESC LIMIT ?, ?

-- passages through a gate
-- weak TENSQL011
SELECT p.plate FROM passages p JOIN lanes l ON l.id = p.lane_id JOIN gates g ON g.id = l.gate_id WHERE p.operator_id = ?

-- passages through a gate of the operator's
-- proven
SELECT p.plate FROM passages p JOIN lanes l ON l.id = p.lane_id JOIN gates g ON g.id = l.gate_id WHERE g.operator_id = ? AND p.operator_id = g.operator_id

-- lanes of a gate
-- violation TENSQL001
SELECT id, direction FROM lanes WHERE gate_id = ?

-- lanes of the operator's gates
-- proven
SELECT l.* FROM lanes l STRAIGHT_JOIN gates g ON l.gate_id = g.id WHERE g.operator_id = :op

-- the tariff of each class
-- proven
SELECT c.label, t.cents FROM vehicle_classes c LEFT JOIN tariffs t ON t.class = c.id AND t.operator_id = ?

-- the tariff of each class of everybody
-- violation
SELECT c.label, t.cents FROM vehicle_classes c LEFT JOIN tariffs t ON t.class = c.id WHERE c.id = ?

-- a tariff set or changed
-- proven
INSERT INTO tariffs (operator_id, class, cents) VALUES (?, ?, ?) ON DUPLICATE KEY UPDATE cents = VALUES(cents)

-- a gate put in the place of another
-- violation TENSQL008
REPLACE INTO gates (id, operator_id, name) VALUES (?, ?, ?)

-- a tariff put in the place of another
-- proven
REPLACE INTO tariffs SET operator_id = ?, class = ?, cents = ?

-- a passage without its operator
-- violation TENSQL004
INSERT INTO passages (lane_id, plate, cents, at) VALUES (?, ?, ?, NOW())

-- a passage through a lane that is looked up
-- proven
INSERT INTO passages (operator_id, lane_id, plate, cents) SELECT g.operator_id, l.id, ?, ? FROM lanes l JOIN gates g ON g.id = l.gate_id WHERE l.id = ? AND g.operator_id = ?

-- a passage for whomever the lane is
-- violation TENSQL004
INSERT INTO passages (operator_id, lane_id, plate, cents) SELECT g.operator_id, l.id, ?, ? FROM lanes l JOIN gates g ON g.id = l.gate_id WHERE l.id = ?

-- old passages go
-- violation TENSQL003
DELETE FROM passages WHERE at < DATE_SUB(NOW(), INTERVAL 2 YEAR) LIMIT 1000

-- old passages of the operator go
-- proven
DELETE QUICK FROM passages WHERE operator_id = ? AND at < DATE_SUB(NOW(), INTERVAL 2 YEAR) ORDER BY id LIMIT 1000

-- passages of a gate's lanes go
-- proven
DELETE p FROM passages p INNER JOIN lanes l ON l.id = p.lane_id INNER JOIN gates g ON g.id = l.gate_id AND g.operator_id = ? WHERE g.id = ? AND p.operator_id = g.operator_id

-- prices rise
-- violation TENSQL002
UPDATE passages p JOIN tariffs t ON t.class = 1 SET p.cents = t.cents WHERE t.operator_id = ?

-- prices rise for the operator
-- proven
UPDATE passages p, tariffs t SET p.cents = t.cents WHERE t.operator_id = p.operator_id AND p.operator_id = ? AND t.class = ?

-- a procedure that is handed the operator
-- proven
CALL passages_of(?, ?)

-- a procedure that is handed a passage
-- violation TENSQL002
CALL void_passage(?)

-- a procedure nobody knows
-- opaque TENSQL013
CALL monthly_report(?)

-- one of two conditions
-- violation TENSQL006
SELECT * FROM passages WHERE operator_id = ? AND plate = ? OR plate = ?

-- the operator or zero
-- violation
SELECT * FROM gates WHERE operator_id = ? OR ? = 0

-- an operator written in
-- weak TENSQL007
SELECT COUNT(*) FROM gates WHERE operator_id = 17

-- a user at sign-in
-- violation TENSQL001
SELECT id, operator_id FROM users WHERE email = ? LIMIT 1

-- a variable that a row has set
-- proven ; violation
SET @op = ?; SELECT @op := operator_id FROM gates WHERE id = ?
