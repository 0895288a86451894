-- lateral view explode
-- proven
SELECT c.id, code FROM claims c LATERAL VIEW explode(c.codes) t AS code WHERE c.insurer_id = :insurer

-- NULL-safe joins
-- proven
SELECT c.id, p.paid FROM claims c JOIN payments p ON p.insurer_id <=> c.insurer_id AND p.claim_id = c.id WHERE c.insurer_id = :i

-- insert overwrite of a partition
-- violation
INSERT OVERWRITE TABLE payments SELECT * FROM payments WHERE insurer_id = :i

-- insert overwrite of the tenant's partition
-- violation
INSERT OVERWRITE claims PARTITION (insurer_id) SELECT id, amount, codes, at, insurer_id FROM claims

-- left semi by id
-- violation
SELECT * FROM claims c LEFT SEMI JOIN payments p ON p.claim_id = c.id WHERE c.insurer_id = :i

-- left anti by both
-- proven
SELECT * FROM claims c LEFT ANTI JOIN payments p ON p.claim_id = c.id AND p.insurer_id = c.insurer_id WHERE c.insurer_id = :i

-- merge with all stars
-- violation
MERGE INTO policies t USING updates s ON t.id = s.id WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *

-- a hint
-- proven
SELECT /*+ BROADCAST(p) */ c.id FROM claims c JOIN policies p ON p.insurer_id = c.insurer_id WHERE c.insurer_id = ?

-- version as of
-- proven
SELECT id FROM claims VERSION AS OF 12 WHERE insurer_id = :i

-- cube
-- proven
SELECT codes[0], sum(amount) FROM claims WHERE insurer_id = :i GROUP BY CUBE (codes[0])

-- delete by date
-- violation TENSQL003
DELETE FROM claims WHERE at < current_timestamp() - INTERVAL 7 YEARS

-- table sample before the tenant
-- proven
SELECT id FROM claims TABLESAMPLE (10 PERCENT) WHERE insurer_id = :i
