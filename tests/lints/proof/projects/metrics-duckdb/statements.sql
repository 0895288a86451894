-- the nearest price of the own
-- proven
SELECT o.id, p.price FROM orders o ASOF LEFT JOIN prices p ON o.org_id = p.org_id AND o.ts >= p.ts WHERE o.org_id = $1

-- the nearest price of anybody
-- violation TENSQL010
SELECT o.id, p.price FROM orders o ASOF JOIN prices p ON o.ts >= p.ts WHERE o.org_id = $1

-- groups chosen by having
-- proven
SELECT org_id, list(total) FROM orders GROUP BY ALL HAVING org_id = $1

-- pivot over everybody
-- violation
PIVOT orders ON status USING sum(total) GROUP BY org_id
