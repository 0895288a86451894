-- the first rows of the own
-- proven
SELECT num FROM shipments WHERE organization_id = :org AND ROWNUM <= 10

-- the first rows of all, filtered later
-- violation TENSQL012
SELECT num FROM (SELECT * FROM shipments WHERE ROWNUM <= 10) WHERE organization_id = :org

-- outer join by plus signs
-- proven
SELECT s.num, c.name FROM shipments s, carriers c WHERE s.carrier_id = c.id (+) AND c.organization_id (+) = s.organization_id AND s.organization_id = :org

-- plus signs on the compared side
-- violation
SELECT s.num, c.name FROM shipments s, carriers c WHERE s.carrier_id (+) = c.id AND s.organization_id (+) = :org

-- NVL of the parameter
-- violation TENSQL005
SELECT num FROM shipments WHERE organization_id = NVL(:org, organization_id)

-- decode of the organization
-- proven
SELECT num FROM shipments WHERE DECODE(organization_id, :org, 1, 0) = 1

-- merge from dual
-- proven
MERGE INTO settings t USING (SELECT :org AS organization_id, :k AS k, :v AS v FROM dual) s ON (t.organization_id = s.organization_id AND t.k = s.k) WHEN MATCHED THEN UPDATE SET t.v = s.v WHEN NOT MATCHED THEN INSERT (organization_id, k, v) VALUES (s.organization_id, s.k, s.v)

-- merge whose only action is guarded
-- proven
MERGE INTO settings t USING (SELECT :k AS k, :v AS v FROM dual) s ON (t.k = s.k) WHEN MATCHED THEN UPDATE SET t.v = s.v WHERE t.organization_id = :org

-- down the tree by id
-- violation
SELECT num FROM shipments START WITH organization_id = :org AND parent_id IS NULL CONNECT BY PRIOR id = parent_id

-- down the tree with the organization
-- proven
SELECT num FROM shipments START WITH organization_id = :org AND parent_id IS NULL CONNECT BY PRIOR id = parent_id AND PRIOR organization_id = organization_id

-- quoted capitals
-- proven
SELECT "NUM" FROM "SHIPMENTS" WHERE "ORGANIZATION_ID" = :1

-- quoted small letters are another table
-- opaque TENSQL000
SELECT num FROM "shipments" WHERE id = :1

-- the context's organization
-- proven
DELETE FROM shipments WHERE organization_id = SYS_CONTEXT('APP_CTX', 'ORGANIZATION_ID')

-- minus everybody's
-- violation
SELECT num FROM shipments WHERE organization_id = :org MINUS SELECT num FROM shipments WHERE status = 'X'

-- the table of an hour ago with a hint
-- proven
SELECT /*+ INDEX(s) PARALLEL(4) */ s.num FROM shipments AS OF TIMESTAMP SYSTIMESTAMP - INTERVAL '1' HOUR s WHERE s.organization_id = :org FETCH FIRST 5 ROWS WITH TIES

-- a block
-- violation TENSQL002
BEGIN UPDATE shipments SET weight = 0 WHERE id = :id; END;

-- a generated key returned to the caller
-- proven
INSERT INTO shipments (id, organization_id) VALUES (shipment_seq.NEXTVAL, :org) RETURNING id INTO :id

-- delete without FROM
-- proven
DELETE shipments s WHERE s.organization_id = :org AND s.status = 'X'

-- delete without FROM, by id
-- violation TENSQL003
DELETE shipments WHERE id = :id

-- several tables at once
-- proven
INSERT ALL INTO shipments (id, organization_id) VALUES (1, :org) SELECT 1 FROM dual

-- the first rows of everybody beside the own
-- violation
SELECT num FROM shipments WHERE organization_id = :org UNION SELECT num FROM shipments WHERE ROWNUM < 5

-- a collection of numbers
-- proven
SELECT s.num FROM shipments s, TABLE(sys.odcinumberlist(1, 2)) t WHERE s.id = t.COLUMN_VALUE AND s.organization_id = :org
