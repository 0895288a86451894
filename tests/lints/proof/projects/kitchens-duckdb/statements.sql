-- from first
-- proven
FROM meals SELECT title WHERE kitchen_id = $1

-- from first, all
-- violation
FROM meals

-- excluded columns
-- proven
SELECT * EXCLUDE (price) FROM meals WHERE kitchen_id = ? ORDER BY ALL

-- a list comprehension
-- proven
SELECT [t.upper() FOR t IN tags IF t <> ''] FROM meals WHERE kitchen_id = ?

-- positional and asof
-- proven
SELECT s.n, m.title FROM sold s ASOF JOIN meals m ON s.kitchen_id = m.kitchen_id AND s.meal_id >= m.meal_id WHERE s.kitchen_id = $k

-- pivot statement over all
-- violation
PIVOT sold ON meal_id USING sum(n)

-- summarize
-- violation
SUMMARIZE meals

-- qualify
-- proven
SELECT title FROM meals WHERE kitchen_id = ? QUALIFY row_number() OVER (PARTITION BY title ORDER BY price) = 1

-- group by all
-- proven
SELECT kitchen_id, date_trunc('day', at), sum(n) FROM sold WHERE kitchen_id = $1 GROUP BY ALL

-- insert by name
-- proven
INSERT INTO sold BY NAME SELECT $1 AS kitchen_id, 3 AS meal_id, now() AS at, 1 AS n

-- insert or replace
-- proven
INSERT OR REPLACE INTO meals VALUES ($1, $2, $3, $4, [])

-- anti join
-- proven
SELECT title FROM meals m ANTI JOIN sold s USING (kitchen_id, meal_id) WHERE m.kitchen_id = $1

-- anti join of all
-- violation
SELECT title FROM meals m ANTI JOIN sold s ON s.meal_id = m.meal_id WHERE m.kitchen_id = $1
