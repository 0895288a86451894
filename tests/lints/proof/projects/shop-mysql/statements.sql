-- null-safe with nullif of the parameter
-- proven
SELECT id FROM orders WHERE store_id <=> NULLIF(?, 0)

-- not before a difference
-- proven
SELECT id FROM orders WHERE NOT store_id <> ?

-- updated through a limited derived table of the own
-- proven
UPDATE orders o JOIN (SELECT id FROM orders WHERE store_id = ? ORDER BY placed LIMIT 10) x ON x.id = o.id SET o.total = 0

-- two tables updated, the second by a simple key
-- weak TENSQL011
UPDATE orders, customers SET orders.total = 0, customers.email = '' WHERE orders.customer_id = customers.id AND orders.store_id = ?

-- orders deleted with their lines
-- proven
DELETE o, l FROM orders o LEFT JOIN order_lines l ON l.order_id = o.id WHERE o.store_id = ?

-- a preference upserted
-- proven
INSERT INTO preferences (store_id, name, value) VALUES (?, ?, ?) ON DUPLICATE KEY UPDATE value = VALUES(value)

-- an address upserted that is unique over all stores
-- violation TENSQL008
INSERT INTO customers (store_id, email) VALUES (?, ?) ON DUPLICATE KEY UPDATE email = VALUES(email)

-- preferences copied from the first store
-- weak
INSERT INTO preferences (store_id, name, value) SELECT ?, p.name, p.value FROM preferences p WHERE p.store_id = 1

-- replace without a column list
-- proven
REPLACE INTO preferences VALUES (?, 'theme', ?)

-- or nothing
-- proven
SELECT id FROM orders WHERE store_id = ? OR 0

-- or null
-- proven
SELECT id FROM orders WHERE store_id = ? OR NULL

-- if the parameter is empty
-- violation TENSQL005
SELECT id FROM orders WHERE IF(? = '', 1, store_id = ?)

-- if the parameter is positive
-- violation TENSQL005
SELECT id FROM orders WHERE store_id = IF(? > 0, ?, store_id)

-- rollup without its total
-- proven
SELECT store_id, SUM(total) FROM orders GROUP BY store_id WITH ROLLUP HAVING store_id = ?

-- rollup with its total
-- violation
SELECT store_id, SUM(total) FROM orders GROUP BY store_id WITH ROLLUP HAVING store_id = ? OR store_id IS NULL

-- a JSON table of keys, scoped
-- proven
SELECT o.id FROM orders o JOIN JSON_TABLE(?, '$[*]' COLUMNS (id INT PATH '$')) j ON j.id = o.id WHERE o.store_id = ?

-- a JSON table of keys
-- violation
SELECT o.id FROM orders o JOIN JSON_TABLE(?, '$[*]' COLUMNS (id INT PATH '$')) j ON j.id = o.id

-- updated through a common table expression by its key
-- proven
WITH t AS (SELECT id, total FROM orders WHERE store_id = ?) UPDATE orders JOIN t USING (id) SET orders.total = t.total + 1

-- the table statement
-- violation TENSQL001
TABLE orders

-- a partition
-- proven
SELECT id FROM orders PARTITION (p1) WHERE store_id = ?

-- the tenant in a constant text
-- weak TENSQL007
SELECT id FROM orders WHERE store_id = '1 OR 1=1'

-- the store converted to text
-- proven
SELECT id FROM orders WHERE CONVERT(store_id, CHAR) = ?

-- an optional search beside the store
-- proven
SELECT id FROM orders WHERE store_id = :store AND (:q IS NULL OR number LIKE CONCAT('%', :q, '%'))

-- straight join without a condition
-- violation
SELECT l.sku FROM order_lines l STRAIGHT_JOIN orders o WHERE o.store_id = ?

-- lines deleted whose order is nobody else's
-- violation TENSQL003
DELETE FROM order_lines WHERE NOT EXISTS (SELECT 1 FROM orders o WHERE o.id = order_lines.order_id AND o.store_id <> ?)

-- a line inserted under an own order by its number
-- proven
INSERT INTO order_lines (order_id, sku, qty) SELECT o.id, ?, 1 FROM orders o WHERE o.number = ? AND o.store_id = ?

-- insert with SET and a total of everybody
-- violation TENSQL010
INSERT INTO orders SET store_id = ?, number = ?, total = (SELECT MAX(o2.total) FROM orders o2)

-- the store set to itself
-- proven
UPDATE orders SET store_id = store_id, total = ? WHERE store_id = ? AND id = ?

-- a comment that the server executes
-- violation
SELECT id FROM orders WHERE store_id = ? /*! OR 1=1 */

-- a comment that it executes from a version on
-- violation
SELECT id FROM orders WHERE store_id = ? /*!50000 OR total > 0 */

-- dearer than any of everybody's
-- violation TENSQL010
SELECT o.id FROM orders o WHERE o.store_id = ? AND o.total > ANY (SELECT total FROM orders)

-- coupons of no store
-- weak TENSQL018
SELECT code FROM coupons WHERE store_id = ? OR store_id IS NULL

-- an order by its number, the store in ON
-- violation
SELECT * FROM orders o LEFT JOIN customers c ON c.id = o.customer_id AND c.store_id = ? WHERE o.number = ?

-- totals from the lines
-- proven
UPDATE orders SET total = (SELECT SUM(qty) FROM order_lines WHERE order_id = orders.id) WHERE store_id = ?

-- a line under any order
-- violation
INSERT INTO order_lines (order_id, sku) VALUES (?, ?)
