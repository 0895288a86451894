-- as it was an hour ago
-- proven
SELECT * FROM FIELDS AS OF TIMESTAMP (SYSTIMESTAMP - INTERVAL '1' HOUR) WHERE COOP_ID = :c

-- a pivot of the tenant's rows
-- proven
SELECT * FROM (SELECT COOP_ID, YEAR, TONS FROM HARVESTS WHERE COOP_ID = :c) PIVOT (SUM(TONS) FOR YEAR IN (2025 AS Y25, 2026 AS Y26))

-- two rows at once
-- proven
INSERT ALL INTO HARVESTS (COOP_ID, FIELD_ID, YEAR, TONS) VALUES (:c, :f, 2025, :t1) INTO HARVESTS (COOP_ID, FIELD_ID, YEAR, TONS) VALUES (:c, :f, 2026, :t2) SELECT 1 FROM DUAL

-- everybody's rows for the next year
-- violation
INSERT ALL WHEN TONS > 5 THEN INTO HARVESTS (COOP_ID, FIELD_ID, YEAR, TONS) VALUES (COOP_ID, FIELD_ID, YEAR + 1, TONS) SELECT COOP_ID, FIELD_ID, YEAR, TONS FROM HARVESTS WHERE YEAR = :y

-- merge by the key, with a delete
-- proven
MERGE INTO HARVESTS h USING (SELECT :c COOP_ID, :f FIELD_ID, :y YEAR, :t TONS FROM DUAL) s ON (h.COOP_ID = s.COOP_ID AND h.FIELD_ID = s.FIELD_ID AND h.YEAR = s.YEAR) WHEN MATCHED THEN UPDATE SET h.TONS = s.TONS DELETE WHERE h.TONS = 0 WHEN NOT MATCHED THEN INSERT (COOP_ID, FIELD_ID, YEAR, TONS) VALUES (s.COOP_ID, s.FIELD_ID, s.YEAR, s.TONS)

-- merge by a part of the key
-- violation
MERGE INTO HARVESTS h USING (SELECT :f FIELD_ID, :y YEAR, :t TONS FROM DUAL) s ON (h.FIELD_ID = s.FIELD_ID AND h.YEAR = s.YEAR) WHEN MATCHED THEN UPDATE SET h.TONS = s.TONS

-- an update that gives back
-- proven
UPDATE FIELDS SET NAME = :n WHERE ID = :i AND COOP_ID = :c RETURNING NAME INTO :o

-- the last of the tenant
-- proven
SELECT MAX(TONS) KEEP (DENSE_RANK LAST ORDER BY YEAR) FROM HARVESTS WHERE COOP_ID = :c

-- the last of each tenant
-- violation TENSQL001
SELECT MAX(TONS) KEEP (DENSE_RANK LAST ORDER BY YEAR) FROM HARVESTS GROUP BY COOP_ID

-- children, joined with a comma
-- proven
SELECT s.* FROM SAMPLES s, FIELDS f WHERE s.FIELD_ID = f.ID AND f.COOP_ID = :c

-- children, with marks that filter nothing
-- violation
SELECT s.* FROM SAMPLES s, FIELDS f WHERE s.FIELD_ID = f.ID (+) AND f.COOP_ID (+) = :c

-- a delete from a join
-- proven
DELETE FROM (SELECT s.* FROM SAMPLES s JOIN FIELDS f ON f.ID = s.FIELD_ID WHERE f.COOP_ID = :c)

-- a list in a collection, within the tenant
-- proven
SELECT f.* FROM TABLE(SYS.ODCINUMBERLIST(1, 2)) t JOIN FIELDS f ON f.ID = t.COLUMN_VALUE WHERE f.COOP_ID = :c

-- the tenant of an application context
-- proven
SELECT * FROM FIELDS WHERE COOP_ID = SYS_CONTEXT('APP_CTX', 'COOP_ID')

-- a block that deletes for everybody
-- violation TENSQL003
BEGIN DELETE FROM SAMPLES WHERE PH < 3; END;

-- a tenth of the tenant's rows
-- proven
SELECT * FROM FIELDS WHERE COOP_ID = :c ORDER BY NAME OFFSET 10 ROWS FETCH NEXT 10 PERCENT ROWS ONLY

-- everybody's names in one text
-- violation TENSQL001
SELECT LISTAGG(NAME, ',') WITHIN GROUP (ORDER BY NAME) FROM FIELDS

-- a lock
-- proven
LOCK TABLE FIELDS IN EXCLUSIVE MODE

-- a count of the children of each
-- proven
SELECT f.NAME, (SELECT COUNT(*) FROM SAMPLES s WHERE s.FIELD_ID = f.ID) FROM FIELDS f WHERE f.COOP_ID = :c

-- a procedure that deletes for everybody
-- violation TENSQL003
{call CLOSE_YEAR(:y)}
