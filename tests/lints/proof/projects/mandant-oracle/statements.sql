-- an account of the mandant
-- proven
SELECT text FROM konten WHERE mandant = :m AND konto = :k

-- an account by number
-- violation TENSQL001
SELECT text FROM konten WHERE konto = :k

-- a tree that stays with the mandant
-- proven
SELECT konto, LEVEL FROM konten START WITH mandant = :m AND ober IS NULL CONNECT BY PRIOR konto = ober AND PRIOR mandant = mandant

-- a tree that leaves the mandant
-- violation
SELECT konto, LEVEL FROM konten START WITH mandant = :m AND ober IS NULL CONNECT BY PRIOR konto = ober

-- a tree filtered afterwards
-- violation
SELECT konto, SYS_CONNECT_BY_PATH(konto, '/') FROM konten WHERE mandant = :m START WITH ober IS NULL CONNECT BY PRIOR konto = ober

-- the old outer join
-- proven
SELECT b.nummer, p.betrag FROM belege b, posten p WHERE p.beleg_id (+) = b.id AND p.mandant (+) = b.mandant AND b.mandant = :m

-- the tenant on the optional side only
-- violation
SELECT b.nummer, p.betrag FROM belege b, posten p WHERE p.beleg_id (+) = b.id AND p.mandant (+) = :m

-- rownum with the tenant
-- proven
SELECT * FROM (SELECT b.* FROM belege b WHERE b.mandant = :m ORDER BY datum DESC) WHERE ROWNUM <= 10

-- rownum before the tenant
-- violation TENSQL012
SELECT * FROM (SELECT b.*, ROWNUM rn FROM belege b) WHERE mandant = :m AND rn <= 10

-- merge
-- proven
MERGE INTO konten k USING (SELECT :m AS mandant, :k AS konto, :t AS text FROM dual) s ON (k.mandant = s.mandant AND k.konto = s.konto) WHEN MATCHED THEN UPDATE SET k.text = s.text DELETE WHERE s.text IS NULL WHEN NOT MATCHED THEN INSERT (mandant, konto, text) VALUES (s.mandant, s.konto, s.text)

-- merge by account number
-- violation
MERGE INTO konten k USING (SELECT :m AS mandant, :k AS konto, :t AS text FROM dual) s ON (k.konto = s.konto) WHEN MATCHED THEN UPDATE SET k.text = s.text

-- insert all with the mandant
-- proven
INSERT ALL INTO belege (mandant, nummer) VALUES (:m, :n) INTO konten (mandant, konto) VALUES (:m, :k) SELECT 1 FROM dual

-- insert all from all
-- violation
INSERT ALL INTO konten (mandant, konto) VALUES (:m, konto) SELECT konto FROM konten WHERE text = :t

-- the application's context
-- proven
SELECT nummer FROM belege WHERE mandant = SYS_CONTEXT('APP_CTX', 'MANDANT')

-- nvl that gives the column
-- violation TENSQL005
SELECT nummer FROM belege WHERE mandant = NVL(:m, mandant)

-- decode that gives the column
-- violation
SELECT nummer FROM belege WHERE mandant = DECODE(:m, NULL, mandant, :m)

-- minus of the tenant's sets
-- proven
SELECT konto FROM konten WHERE mandant = :m MINUS SELECT konto FROM posten WHERE mandant = :m

-- minus of all
-- violation
SELECT konto FROM konten WHERE mandant = :m MINUS SELECT konto FROM posten

-- attachments by their document
-- proven
SELECT a.inhalt FROM anhang a JOIN belege b ON b.id = a.beleg_id WHERE b.mandant = :m AND a.id = :id

-- an anonymous block
-- violation
BEGIN UPDATE posten SET betrag = 0 WHERE id = :id; END;

-- an anonymous block with text run
-- opaque
BEGIN EXECUTE IMMEDIATE 'UPDATE posten SET betrag = 0 WHERE ' || :w; END;

-- an update through a subquery
-- proven
UPDATE (SELECT p.betrag FROM posten p WHERE p.mandant = :m) SET betrag = 0

-- an update by a correlated row
-- proven
UPDATE posten p SET (betrag, konto) = (SELECT q.betrag, q.konto FROM posten q WHERE q.mandant = p.mandant AND q.id = :q) WHERE p.mandant = :m AND p.id = :p

-- an update by an uncorrelated row
-- violation TENSQL010
UPDATE posten p SET betrag = (SELECT q.betrag FROM posten q WHERE q.id = :q) WHERE p.mandant = :m AND p.id = :p

-- fetch first with ties
-- proven
SELECT betrag FROM posten WHERE mandant = :m ORDER BY betrag DESC FETCH FIRST 5 ROWS WITH TIES

-- listagg within the mandant
-- proven
SELECT LISTAGG(p.konto, ',') WITHIN GROUP (ORDER BY p.konto) FROM posten p WHERE p.mandant = :m GROUP BY p.beleg_id

-- a flashback
-- proven
SELECT nummer FROM belege AS OF TIMESTAMP SYSTIMESTAMP - INTERVAL '1' HOUR WHERE mandant = :m

-- for update of
-- proven
SELECT b.id FROM belege b JOIN posten p ON p.mandant = b.mandant AND p.beleg_id = b.id WHERE b.mandant = :m FOR UPDATE OF p.betrag NOWAIT
