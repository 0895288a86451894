-- a partition by the tenant
-- proven
SELECT * FROM trips_2026 WHERE operator_id = $1

-- a partition by number
-- violation TENSQL001
SELECT * FROM trips_2026 WHERE id = $1

-- a generated column is no tenant
-- violation TENSQL001
SELECT count(*) FROM ONLY trips WHERE day = $1

-- a view over a view by the tenant
-- proven
SELECT total FROM sold_by_day WHERE operator_id = $1 AND day >= $2

-- a view over a view by day
-- violation TENSQL001
SELECT total FROM sold_by_day WHERE day = $1

-- the first of each tenant, of one tenant
-- proven
SELECT * FROM dearest WHERE operator_id = $1

-- a total over everybody in a view
-- violation TENSQL001
SELECT n FROM totals

-- a chain by a composite key
-- proven
WITH RECURSIVE train AS (SELECT operator_id, number, follows FROM coaches WHERE operator_id = $1 AND number = $2 UNION ALL SELECT c.operator_id, c.number, c.follows FROM coaches c JOIN train t ON c.operator_id = t.operator_id AND c.number = t.follows) SELECT number FROM train

-- a chain by half of a composite key
-- violation
WITH RECURSIVE train AS (SELECT operator_id, number, follows FROM coaches WHERE operator_id = $1 AND number = $2 UNION ALL SELECT c.operator_id, c.number, c.follows FROM coaches c JOIN train t ON c.number = t.follows) SELECT number FROM train

-- an update through a view
-- proven
UPDATE sold SET price = price * 0.9 WHERE operator_id = $1 AND id = $2

-- a delete through a view by id
-- violation TENSQL003
DELETE FROM sold WHERE id = $1

-- tickets for a coach
-- proven
INSERT INTO tickets (id, operator_id, seat_id) SELECT gen_random_uuid(), s.operator_id, s.id FROM seats s WHERE s.operator_id = $1 AND s.coach = $2 ON CONFLICT DO NOTHING RETURNING id

-- tickets for anybody's coach
-- violation
INSERT INTO tickets (id, operator_id, seat_id) SELECT gen_random_uuid(), $1, s.id FROM seats s WHERE s.coach = $2

-- deleted rows go into another table
-- proven
WITH gone AS (DELETE FROM tickets WHERE operator_id = $1 AND sold_at < $2 RETURNING id, price) INSERT INTO refunds (ticket_id, amount) SELECT id, price FROM gone

-- everybody's deleted rows are counted
-- violation TENSQL003
WITH gone AS (DELETE FROM tickets WHERE sold_at < $1 RETURNING id) SELECT count(*) FROM gone

-- a lateral row of the same tenant
-- proven
SELECT t.id, s.label FROM tickets t CROSS JOIN LATERAL (SELECT label FROM seats x WHERE x.id = t.seat_id AND x.operator_id = t.operator_id LIMIT 1) s WHERE t.operator_id = $1

-- a lateral row by a simple key
-- weak TENSQL011
SELECT t.id, s.label FROM tickets t CROSS JOIN LATERAL (SELECT label FROM seats x WHERE x.id = t.seat_id LIMIT 1) s WHERE t.operator_id = $1

-- a sample
-- proven
SELECT * FROM tickets TABLESAMPLE SYSTEM (1) WHERE operator_id = $1

-- a queue of one tenant
-- proven
SELECT id FROM tickets WHERE operator_id = $1 ORDER BY sold_at LIMIT 10 FOR UPDATE SKIP LOCKED

-- an update of a queue
-- proven
UPDATE tickets SET seat_id = NULL WHERE id IN (SELECT id FROM tickets WHERE operator_id = $1 ORDER BY sold_at LIMIT 10 FOR UPDATE SKIP LOCKED)

-- grouping sets of one tenant
-- proven
SELECT operator_id, line, count(*) FROM trips WHERE operator_id = $1 GROUP BY GROUPING SETS ((operator_id, line), (operator_id), ())

-- grouping sets, the tenant's group
-- proven
SELECT operator_id, count(*) FROM trips GROUP BY GROUPING SETS ((operator_id), ()) HAVING operator_id = $1

-- a cube, the tenant's groups and the totals
-- violation
SELECT operator_id, count(*) FROM trips GROUP BY CUBE (operator_id, line) HAVING operator_id = $1 OR operator_id IS NULL

-- a rank over everybody
-- violation TENSQL012
SELECT * FROM (SELECT *, row_number() OVER (ORDER BY price DESC) AS n FROM tickets) x WHERE operator_id = $1 AND n <= 3

-- a filter is no condition
-- violation TENSQL001
SELECT sum(price) FILTER (WHERE operator_id = $1) FROM tickets

-- refunds by their tickets
-- proven
DELETE FROM refunds r USING tickets t WHERE t.id = r.ticket_id AND t.operator_id = $1

-- a refund by its ticket's id
-- violation TENSQL003
DELETE FROM refunds WHERE ticket_id = $1

-- merge in three branches
-- proven
MERGE INTO tickets t USING (SELECT $1::uuid AS op, $2::uuid AS id, $3::numeric AS price) s ON t.operator_id = s.op AND t.id = s.id WHEN MATCHED AND s.price IS NULL THEN DELETE WHEN MATCHED THEN UPDATE SET price = s.price WHEN NOT MATCHED THEN INSERT (id, operator_id, price) VALUES (s.id, s.op, s.price)

-- merge by id
-- violation
MERGE INTO tickets t USING (SELECT $1::uuid AS op, $2::uuid AS id, $3::numeric AS price) s ON t.id = s.id WHEN MATCHED AND s.price IS NULL THEN DELETE WHEN MATCHED THEN UPDATE SET price = s.price WHEN NOT MATCHED THEN INSERT (id, operator_id, price) VALUES (s.id, s.op, s.price)

-- prepared and executed
-- proven ; proven
PREPARE mine AS SELECT * FROM tickets WHERE operator_id = $1; EXECUTE mine('00000000-0000-0000-0000-000000000001')

-- a block that deletes for everybody
-- violation TENSQL003
DO $$ BEGIN DELETE FROM tickets WHERE sold_at < now() - interval '1 year'; END $$

-- a variable of psql
-- proven
SELECT * FROM tickets WHERE operator_id = :'operator'

-- a temporary table of the tenant's rows
-- proven ; proven
CREATE TEMP TABLE mine AS SELECT * FROM tickets WHERE operator_id = $1; SELECT sum(price) FROM mine

-- everybody's tickets into a file
-- violation
COPY (SELECT * FROM tickets) TO '/tmp/tickets.csv'

-- a refund of anybody's ticket
-- violation TENSQL019
INSERT INTO refunds (ticket_id, amount) VALUES ($1, $2)

-- an upsert by id
-- violation TENSQL008
INSERT INTO tickets (id, operator_id, price) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET price = excluded.price

-- an upsert by id of the tenant's rows only
-- proven
INSERT INTO tickets (id, operator_id, price) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET price = excluded.price WHERE tickets.operator_id = excluded.operator_id

-- a list of ids of the tenant's
-- proven
SELECT t.* FROM unnest($1::uuid[]) AS u (v) JOIN tickets t ON t.id = u.v AND t.operator_id = $2

-- a table command
-- violation TENSQL001
TABLE tickets

-- a seat given to another tenant
-- violation TENSQL009
UPDATE seats SET operator_id = $1 WHERE id = $2 AND operator_id = $3

-- a child of a child that its key names the parent's parent of
-- proven
DELETE FROM extras WHERE ticket_id IN (SELECT id FROM tickets WHERE operator_id = $1)

-- a child of a child, joined to the parent's parent
-- proven
SELECT e.name FROM extras e JOIN tickets t ON t.id = e.ticket_id WHERE t.operator_id = $1

-- a child of a child by the other half of its key
-- violation
SELECT e.name FROM extras e JOIN meals m ON m.no = e.meal JOIN tickets t ON t.id = m.ticket_id WHERE t.operator_id = $1

-- a new child of a child of the tenant's
-- proven
INSERT INTO extras (ticket_id, meal, no) SELECT t.id, $2, 1 FROM tickets t WHERE t.operator_id = $1 AND t.id = $3

-- a child whose key need not hold
-- violation
SELECT w.text FROM wishes w JOIN tickets t ON t.id = w.ticket_id WHERE t.operator_id = $1

-- a child of a child by its whole key
-- proven
DELETE FROM extras WHERE (ticket_id, meal, no) IN (SELECT e.ticket_id, e.meal, e.no FROM extras e JOIN tickets t ON t.id = e.ticket_id WHERE t.operator_id = $1)
