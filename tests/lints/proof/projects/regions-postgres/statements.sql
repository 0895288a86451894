-- both parts of the tenant
-- proven
SELECT value FROM readings WHERE region = $1 AND tenant_no = $2 AND meter_id = $3

-- the number alone, which every region gives out
-- violation
SELECT value FROM readings WHERE tenant_no = $1

-- the region alone
-- violation
SELECT value FROM readings WHERE region = $1

-- both parts as a row
-- proven
SELECT value FROM readings WHERE (region, tenant_no) = ($1, $2)

-- both parts joined
-- proven
SELECT m.label, r.value FROM meters m JOIN readings r ON r.region = m.region AND r.tenant_no = m.tenant_no AND r.meter_id = m.meter_id WHERE m.region = $1 AND m.tenant_no = $2

-- the number joined, the region forgotten
-- violation
SELECT m.label, r.value FROM meters m JOIN readings r ON r.tenant_no = m.tenant_no AND r.meter_id = m.meter_id WHERE m.region = $1 AND m.tenant_no = $2

-- both parts written
-- proven
INSERT INTO tariffs (region, tenant_no, price) VALUES ($1, $2, $3)

-- neither part
-- violation
UPDATE tariffs SET price = price * 1.1
