-- qualified per customer within the account
-- proven
SELECT id FROM orders WHERE account_id = ? QUALIFY ROW_NUMBER() OVER (PARTITION BY customer_id ORDER BY placed DESC) = 1

-- the account among what qualifies
-- violation
SELECT id FROM orders QUALIFY account_id = ? AND RANK() OVER (ORDER BY total) = 1

-- the account among what qualifies, ranked per account
-- proven
SELECT id FROM orders QUALIFY RANK() OVER (PARTITION BY account_id ORDER BY total) = 1 AND account_id = ?

-- quoted capitals
-- proven
SELECT o."ID" FROM "ORDERS" o WHERE o."ACCOUNT_ID" = :acct

-- quoted small letters are another table
-- opaque TENSQL000
SELECT * FROM "orders" WHERE id = ?

-- the nearest quote of anybody
-- violation TENSQL010
SELECT t.id, q.price FROM trades t ASOF JOIN quotes q MATCH_CONDITION (t.ts >= q.ts) ON t.symbol = q.symbol WHERE t.account_id = ?

-- the nearest quote of the account
-- proven
SELECT t.id, q.price FROM trades t ASOF JOIN quotes q MATCH_CONDITION (t.ts >= q.ts) ON t.symbol = q.symbol AND t.account_id = q.account_id WHERE t.account_id = ?

-- pivoted per account
-- proven
SELECT * FROM (SELECT account_id, status, total FROM orders WHERE account_id = ?) PIVOT (SUM(total) FOR status IN ('open', 'paid')) AS p

-- merge with two actions
-- proven
MERGE INTO orders t USING (SELECT ? AS account_id, ? AS id, ? AS total) s ON t.id = s.id AND t.account_id = s.account_id WHEN MATCHED AND s.total = 0 THEN DELETE WHEN MATCHED THEN UPDATE SET total = s.total

-- a temporary table of the own
-- proven ; proven
CREATE OR REPLACE TEMPORARY TABLE mine AS SELECT * FROM orders WHERE account_id = ?; SELECT count(*) FROM mine

-- overwritten with the own
-- violation TENSQL014
INSERT OVERWRITE INTO orders SELECT * FROM orders WHERE account_id = ?

-- the changes since
-- proven
SELECT id FROM orders CHANGES (INFORMATION => DEFAULT) AT (TIMESTAMP => ?) WHERE account_id = ?

-- equal or both null
-- proven
SELECT id FROM orders WHERE EQUAL_NULL(account_id, ?)

-- deleted by the customer's account
-- weak TENSQL011
DELETE FROM orders USING customers c WHERE orders.customer_id = c.id AND c.account_id = ?

-- everything but the total
-- proven
SELECT * EXCLUDE (total) RENAME (id AS order_id) FROM orders WHERE account_id = ? LIMIT 5

-- or what the parameter says
-- violation TENSQL005
SELECT id FROM orders WHERE account_id = ?::NUMBER OR IFF(?, TRUE, FALSE)

-- a union by name
-- opaque
SELECT * FROM orders WHERE account_id = ? UNION ALL BY NAME SELECT * FROM orders
