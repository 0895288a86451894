-- a field of a struct
-- proven
SELECT o.customer.email FROM sales.orders AS o WHERE o.org_id = @org

-- project, dataset and table in one pair of backticks
-- proven
SELECT id FROM `proj.sales.orders` WHERE org_id = @org

-- the organisation inside the items
-- violation
SELECT i.sku FROM sales.orders o, UNNEST(o.items) AS i WHERE i.org_id = @org

-- items by an outer join
-- proven
SELECT i.sku FROM sales.orders o LEFT JOIN UNNEST(o.items) AS i WHERE o.org_id = @org

-- tables by a pattern, of anybody
-- opaque TENSQL000
SELECT name FROM `sales.events_*` WHERE _TABLE_SUFFIX = '20260101' AND user = @user

-- latest per organisation
-- proven
SELECT id FROM sales.orders WHERE TRUE QUALIFY ROW_NUMBER() OVER (PARTITION BY org_id ORDER BY placed) = 1 AND org_id = @org

-- latest of all
-- violation
SELECT id FROM sales.orders WHERE TRUE QUALIFY ROW_NUMBER() OVER (ORDER BY placed) = 1 AND org_id = @org

-- a struct with a count of everybody's
-- violation TENSQL010
SELECT AS STRUCT o.id, (SELECT COUNT(1) FROM sales.orders) AS n FROM sales.orders o WHERE o.org_id = @org

-- an array of the own payments
-- proven
SELECT ARRAY(SELECT AS STRUCT p.* FROM sales.payments p WHERE p.order_id = o.id AND p.org_id = o.org_id) FROM sales.orders o WHERE o.org_id = @org

-- merge with an array of structs
-- proven
MERGE sales.orders t USING UNNEST([STRUCT(@id AS id, @org AS org_id)]) s ON t.id = s.id AND t.org_id = s.org_id WHEN MATCHED THEN DELETE

-- merge that replaces everything
-- violation
MERGE sales.orders t USING sales.staging s ON FALSE WHEN NOT MATCHED THEN INSERT (id, org_id, total) VALUES (id, org_id, total) WHEN NOT MATCHED BY SOURCE THEN DELETE

-- the table of an hour ago
-- proven
SELECT id FROM sales.orders FOR SYSTEM_TIME AS OF TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR) WHERE org_id = @org

-- all columns but one, then filtered
-- proven
WITH o AS (SELECT * EXCEPT (items) FROM sales.orders) SELECT id FROM o WHERE org_id = @org

-- the organisation replaced, then filtered
-- violation
WITH o AS (SELECT * REPLACE ('x' AS org_id) FROM sales.orders) SELECT id FROM o WHERE org_id = @org

-- begins with the organisation
-- violation TENSQL001
SELECT id FROM sales.orders WHERE STARTS_WITH(org_id, @org)

-- a pipe that groups
-- proven
FROM sales.orders |> WHERE org_id = @org |> AGGREGATE COUNT(*) AS n GROUP BY placed

-- or among the items
-- violation
SELECT * FROM sales.orders WHERE org_id = @org OR EXISTS (SELECT 1 FROM UNNEST(items) i WHERE i.org_id = @org)

-- a sum in the list by organisation
-- proven
SELECT (SELECT SUM(p.amount) FROM sales.payments p WHERE p.org_id = o.org_id) FROM sales.orders o WHERE o.org_id = @org
