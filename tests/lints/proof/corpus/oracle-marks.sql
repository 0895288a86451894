-- marks on the scoped side
-- violation
SELECT b.name, r.cost FROM boats b, repairs r WHERE b.harbour_id = r.harbour_id (+) AND r.harbour_id (+) = :h

-- marks on the other side
-- proven
SELECT b.name, r.cost FROM boats b, repairs r WHERE b.id = r.boat_id (+) AND b.harbour_id = r.harbour_id (+) AND b.harbour_id = :h

-- a chain of marks
-- proven
SELECT b.name, e.body FROM boats b, logbooks l, entries e WHERE b.id = l.boat_id (+) AND l.id = e.logbook_id (+) AND b.harbour_id = :h

-- the first table is marked
-- proven
SELECT r.cost, b.name FROM repairs r, boats b WHERE r.harbour_id (+) = b.harbour_id AND r.boat_id (+) = b.id AND b.harbour_id = :h

-- an unmarked condition on the marked table makes the join inner
-- proven
SELECT b.name FROM boats b, repairs r WHERE b.id = r.boat_id (+) AND b.harbour_id = r.harbour_id (+) AND r.harbour_id = :h

-- marks in an alternative
-- violation
SELECT b.name FROM boats b, repairs r WHERE b.harbour_id = :h AND (b.id = r.boat_id (+) OR b.kind = r.status (+))

-- marks on both sides
-- opaque
SELECT b.name FROM boats b, repairs r WHERE b.harbour_id (+) = r.harbour_id (+) AND b.harbour_id = :h

-- marks in a sub-select
-- violation
SELECT x.name FROM (SELECT b.name FROM boats b, repairs r WHERE b.id = r.boat_id (+) AND r.harbour_id (+) = :h) x

-- marks without a qualifier
-- opaque
SELECT name FROM boats, repairs WHERE boats.id = boat_id (+) AND boats.harbour_id = :h

-- numbered by the pseudo-column, then filtered
-- violation TENSQL012
SELECT name FROM (SELECT ROWNUM AS n, b.* FROM boats b) WHERE n <= 10 AND harbour_id = :h

-- cut off within the harbour
-- proven
SELECT name FROM (SELECT b.* FROM boats b WHERE b.harbour_id = :h ORDER BY name) WHERE ROWNUM <= 10

-- a quote with a delimiter of its own holds the predicate
-- violation TENSQL001
SELECT name FROM boats WHERE name = q'[it's AND harbour_id = :h]'

-- a quote with a delimiter of its own beside the predicate
-- proven
SELECT name FROM boats WHERE name = q'{it's}' AND harbour_id = :h

-- decode of the parameter
-- violation
SELECT name FROM boats WHERE DECODE(:h, NULL, 1, 1) = 1
