-- broadcast, tied null-safe
-- proven
SELECT /*+ BROADCAST(c) */ o.id, c.name FROM orders o JOIN customers c ON o.customer_id = c.id AND o.org_id <=> c.org_id WHERE o.org_id = :org

-- items exploded
-- proven
SELECT o.id, item FROM orders o LATERAL VIEW explode(o.items) t AS item WHERE o.org_id = :org

-- overwritten with the own
-- violation TENSQL014
INSERT OVERWRITE TABLE orders SELECT * FROM orders WHERE org_id = :org

-- without anybody's refunds
-- violation TENSQL010
SELECT o.id FROM orders o LEFT ANTI JOIN refunds r ON r.order_id = o.id WHERE o.org_id = :org
