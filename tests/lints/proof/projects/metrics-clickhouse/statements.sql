-- one per customer of the own
-- proven
SELECT id FROM orders FINAL PREWHERE status = 'x' WHERE org_id = {org:UInt64} LIMIT 1 BY customer_id

-- any customer, globally joined
-- proven
SELECT orders.id FROM orders GLOBAL ANY LEFT JOIN customers ON customers.id = orders.customer_id AND customers.org_id = orders.org_id WHERE orders.org_id = {org:UInt64}

-- items of the own
-- proven
SELECT id, i FROM orders ARRAY JOIN items AS i WHERE i = 'x' AND org_id = {org:UInt64}

-- a mutation by id
-- violation
ALTER TABLE orders UPDATE total = 0 WHERE id = {id:UInt64}
