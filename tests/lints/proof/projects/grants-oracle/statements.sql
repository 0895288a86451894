-- the first grants
-- proven
SELECT id, amount FROM grants_made WHERE foundation_id = :f AND ROWNUM <= 10

-- the first grants of everybody
-- violation TENSQL001
SELECT * FROM (SELECT g.* FROM grants_made g ORDER BY amount DESC) t WHERE ROWNUM <= 10

-- grants and programmes by the old outer join
-- proven
SELECT g.id, p.title FROM grants_made g, programmes p WHERE g.programme_id = p.id(+) AND g.foundation_id = p.foundation_id(+) AND g.foundation_id = :f

-- grants and programmes by the old outer join on the number
-- weak TENSQL011
SELECT g.id, p.title FROM grants_made g, programmes p WHERE g.programme_id = p.id(+) AND g.foundation_id = :f

-- a tree of programmes
-- proven
SELECT id, title, LEVEL FROM programmes START WITH parent_id IS NULL AND foundation_id = :f CONNECT BY PRIOR id = parent_id AND PRIOR foundation_id = foundation_id

-- a tree of programmes from any root
-- violation
SELECT id, title, LEVEL FROM programmes START WITH id = :p CONNECT BY PRIOR id = parent_id

-- instalments of a grant
-- violation TENSQL001
SELECT no, amount FROM instalments WHERE grant_id = :g

-- instalments of the foundation's grants
-- proven
SELECT i.no, i.amount FROM instalments i INNER JOIN grants_made g ON g.id = i.grant_id WHERE g.foundation_id = :f AND i.due < SYSDATE

-- instalments of grants in a set
-- proven
SELECT i.no FROM instalments i WHERE (i.grant_id) IN (SELECT g.id FROM grants_made g WHERE g.foundation_id = :f)

-- grants without instalments
-- proven
SELECT g.id FROM grants_made g WHERE g.foundation_id = :f AND NOT EXISTS (SELECT NULL FROM instalments i WHERE i.grant_id = g.id)

-- grants minus the paid ones
-- proven
SELECT id FROM grants_made WHERE foundation_id = :f MINUS SELECT grant_id FROM instalments WHERE amount = 0

-- grants minus the foundation's paid ones
-- proven
SELECT id FROM grants_made WHERE foundation_id = :f MINUS SELECT i.grant_id FROM instalments i JOIN grants_made g ON g.id = i.grant_id WHERE g.foundation_id = :f

-- merged from dual
-- proven
MERGE INTO programmes t USING (SELECT :id AS id, :f AS foundation_id, :title AS title FROM dual) s ON (t.id = s.id AND t.foundation_id = s.foundation_id) WHEN MATCHED THEN UPDATE SET t.title = s.title WHEN NOT MATCHED THEN INSERT (id, foundation_id, title) VALUES (s.id, s.foundation_id, s.title)

-- merged from dual by the number
-- violation
MERGE INTO programmes t USING (SELECT :id AS id, :f AS foundation_id, :title AS title FROM dual) s ON (t.id = s.id) WHEN MATCHED THEN UPDATE SET t.title = s.title WHEN NOT MATCHED THEN INSERT (id, foundation_id, title) VALUES (s.id, s.foundation_id, s.title)

-- an instalment of a grant that nobody looked at
-- violation TENSQL019
INSERT INTO instalments (grant_id, no, amount) VALUES (:g, 1, :a)

-- an instalment of a grant that is looked up
-- proven
INSERT INTO instalments (grant_id, no, amount) SELECT g.id, 1, g.amount FROM grants_made g WHERE g.id = :g AND g.foundation_id = :f

-- two rows at once
-- proven
INSERT ALL INTO programmes (id, foundation_id, title) VALUES (:a, :f, 'x') INTO programmes (id, foundation_id, title) VALUES (:b, :f, 'y') SELECT * FROM dual

-- a block that closes
-- opaque TENSQL013
BEGIN close_grant(:f, :g); END;

-- a call that closes
-- proven
CALL close_grant(:f, :g)

-- a call by names
-- proven
CALL close_grant(p_grant => :g, p_foundation => :f)

-- a call that pays everybody
-- violation TENSQL002
{call pay_all(?)}

-- the sum by programme and in all
-- proven
SELECT programme_id, SUM(amount) FROM grants_made WHERE foundation_id = :f GROUP BY ROLLUP (programme_id)

-- a row locked by its number
-- violation TENSQL001
SELECT * FROM grants_made WHERE id = :g FOR UPDATE NOWAIT

-- a correlated update
-- proven
UPDATE grants_made g SET amount = (SELECT NVL(SUM(i.amount), 0) FROM instalments i WHERE i.grant_id = g.id) WHERE g.foundation_id = :f

-- the empty text that is NULL
-- violation TENSQL005
SELECT * FROM grants_made WHERE foundation_id = NVL(:f, foundation_id)
