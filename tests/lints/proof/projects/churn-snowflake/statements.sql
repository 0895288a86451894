-- flatten
-- proven
SELECT e.event_id, f.value:name::string FROM events e, LATERAL FLATTEN(input => e.payload:items) f WHERE e.org_id = :1

-- variant path and qualify
-- proven
SELECT c.customer_id, c.props:plan.name::varchar FROM customers c WHERE c.org_id = ? QUALIFY ROW_NUMBER() OVER (PARTITION BY c.email ORDER BY c.customer_id DESC) = 1

-- qualify over all
-- violation
SELECT customer_id FROM customers QUALIFY ROW_NUMBER() OVER (PARTITION BY org_id ORDER BY customer_id) = 1

-- the org inside the payload
-- violation
SELECT event_id FROM events WHERE payload:org_id::number = ?

-- time travel
-- proven
SELECT * FROM customers AT (OFFSET => -60*5) WHERE org_id = %(org)s

-- merge
-- proven
MERGE INTO customers t USING (SELECT ? AS org_id, ? AS customer_id, ? AS email) s ON t.org_id = s.org_id AND t.customer_id = s.customer_id WHEN MATCHED THEN UPDATE SET t.email = s.email WHEN NOT MATCHED THEN INSERT (org_id, customer_id, email) VALUES (s.org_id, s.customer_id, s.email)

-- insert overwrite
-- violation
INSERT OVERWRITE INTO events SELECT * FROM events WHERE org_id = ?

-- copy into from a stage
-- violation
COPY INTO events FROM @stage/events FILE_FORMAT = (TYPE = JSON)

-- unload of all
-- violation
COPY INTO @stage/out FROM (SELECT * FROM events) FILE_FORMAT = (TYPE = PARQUET)

-- ilike any
-- proven
SELECT email FROM customers WHERE org_id = ? AND email ILIKE ANY ('%a%', '%b%')

-- a sample of the own, by key joined
-- violation
SELECT c.email, e.kind FROM customers c SAMPLE (10) JOIN events e ON e.customer_id = c.customer_id WHERE c.org_id = ?

-- pivot with any
-- proven
SELECT * FROM (SELECT kind, customer_id FROM events WHERE org_id = ?) PIVOT (COUNT(customer_id) FOR kind IN ('a', 'b')) AS p
