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

-- a semi-join by the organization
-- proven
SELECT o.id FROM orders o LEFT SEMI JOIN refunds r ON r.order_id = o.id AND r.org_id = o.org_id WHERE org_id = :org

-- a semi-join that names the organization itself
-- proven
SELECT o.id FROM orders o LEFT SEMI JOIN refunds r ON r.org_id = o.org_id AND r.org_id = :org

-- an anti-join that names the organization itself
-- violation
SELECT o.id FROM orders o LEFT ANTI JOIN refunds r ON r.org_id = o.org_id AND r.org_id = :org

-- an anti-join, the organization without its table's name
-- proven
SELECT id FROM orders o LEFT ANTI JOIN refunds r ON r.order_id = o.id AND r.org_id = o.org_id WHERE org_id = :org

-- a semi-join with anybody's refunds
-- violation TENSQL010
SELECT o.id FROM orders o LEFT SEMI JOIN refunds r ON r.order_id = o.id WHERE o.org_id = :org

-- a temporary view, filtered when read
-- proven ; proven
CREATE OR REPLACE TEMP VIEW recent AS SELECT * FROM orders; SELECT id FROM recent WHERE org_id = :org

-- a temporary view of everybody, read
-- proven ; violation
CREATE OR REPLACE TEMP VIEW recent AS SELECT * FROM orders; SELECT id FROM recent

-- an earlier version of a table
-- proven
SELECT id FROM orders VERSION AS OF 3 WHERE org_id = :org

-- existence of any value is always true
-- violation
SELECT o.id FROM orders o WHERE EXISTS (SELECT any(r.id) FROM refunds r WHERE r.org_id = o.org_id AND r.org_id = :org)
