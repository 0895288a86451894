-- polymorphic notes by owner
-- violation TENSQL001
SELECT body FROM notes WHERE owner_type = 'Deal' AND owner_id = ?

-- polymorphic notes by owner and tenant
-- proven
SELECT body FROM notes WHERE client_no = ? AND owner_type = 'Deal' AND owner_id = ?

-- polymorphic notes joined to their owner in the tenant
-- violation TENSQL010
SELECT n.body FROM deals d JOIN notes n ON n.owner_type = 'Deal' AND n.owner_id = d.id WHERE d.client_no = ?

-- polymorphic notes joined with the tenant
-- proven
SELECT n.body FROM deals d JOIN notes n ON n.owner_type = 'Deal' AND n.owner_id = d.id AND n.client_no = d.client_no WHERE d.client_no = ?

-- NULL-safe equality
-- proven
SELECT id FROM deals WHERE client_no <=> ? AND stage = 'open'

-- NULL-safe equality denied
-- violation
SELECT id FROM deals WHERE NOT (client_no <=> ?)

-- rows compared with rows
-- proven
SELECT id FROM deals WHERE (client_no, id) IN ((?, ?), (?, ?))

-- rows compared with a row of parameters
-- proven
SELECT * FROM people WHERE (client_no, mail) = (?, ?)

-- rows compared by order
-- violation
SELECT * FROM people WHERE (client_no, id) > (?, ?) ORDER BY client_no, id LIMIT 50

-- keyset pages inside of the tenant
-- proven
SELECT * FROM people WHERE client_no = ? AND (score, id) < (?, ?) ORDER BY score DESC, id DESC LIMIT 50

-- a page key that lets go of the tenant
-- violation
SELECT * FROM people WHERE client_no = ? AND score < ? OR score = ? AND id < ? ORDER BY score DESC LIMIT 50

-- exclusive or with the tenant
-- violation
SELECT id FROM deals WHERE client_no = ? XOR stage = 'open'

-- exclusive or with a falsehood
-- proven
SELECT id FROM deals WHERE (client_no = ?) XOR FALSE

-- an upsert whose only key has no tenant
-- violation TENSQL008
INSERT INTO deals (client_no, stage, code) VALUES (?, 'new', ?) ON DUPLICATE KEY UPDATE stage = VALUES(stage)

-- an upsert by the tenant's key
-- proven
INSERT INTO counters (client_no, name, n) VALUES (?, ?, 1) ON DUPLICATE KEY UPDATE n = n + 1

-- an upsert that takes the counter along
-- proven
INSERT INTO counters (client_no, name, n) VALUES (?, ?, 1) AS fresh ON DUPLICATE KEY UPDATE n = LAST_INSERT_ID(counters.n + fresh.n)

-- replace by a key without the tenant
-- violation TENSQL008
REPLACE INTO deals (id, client_no, stage) VALUES (?, ?, 'open')

-- replace by the tenant's key
-- proven
REPLACE INTO counters SET client_no = ?, name = ?, n = ?

-- insert ignore
-- proven
INSERT IGNORE INTO people (client_no, mail) VALUES (?, ?)

-- several tables deleted, one tied
-- proven
DELETE d, i FROM deals d JOIN deal_items i ON i.deal_id = d.id WHERE d.client_no = ? AND d.stage = 'lost'

-- several tables deleted, an unowned join between
-- violation
DELETE d, n FROM deals d JOIN notes n ON n.owner_id = d.id WHERE d.client_no = ?

-- update of two tables
-- proven
UPDATE deals d JOIN people p ON p.id = d.person_id AND p.client_no = d.client_no SET d.stage = 'cold', p.score = 0 WHERE p.client_no = ?

-- update with a left join that filters on the right
-- proven
UPDATE people p LEFT JOIN deals d ON d.client_no = p.client_no AND d.person_id = p.id SET p.score = 0 WHERE p.client_no = ? AND d.id IS NULL

-- update ordered and limited without the tenant
-- violation TENSQL002
UPDATE deals SET stage = 'stale' WHERE stage = 'open' ORDER BY id LIMIT 100

-- load of a file without the tenant
-- violation
LOAD DATA LOCAL INFILE 'people.csv' INTO TABLE people FIELDS TERMINATED BY ',' (client_no, mail)

-- load of a file with the tenant set
-- violation
LOAD DATA LOCAL INFILE 'people.csv' INTO TABLE people FIELDS TERMINATED BY ',' (mail, score) SET client_no = 7

-- select into outfile of the tenant
-- proven
SELECT mail FROM people WHERE client_no = ? INTO OUTFILE '/tmp/p.csv'

-- a hint and comments around the tenant
-- proven
SELECT /*+ INDEX(d d_c) NO_ICP(d) */ d.id FROM deals AS d FORCE INDEX (PRIMARY) WHERE /* tenant */ d.client_no = ? -- AND 1=0

-- the tenant in a comment only
-- violation TENSQL001
SELECT d.id FROM deals AS d WHERE d.stage = ? /* AND d.client_no = ? */

-- the tenant in a versioned comment, which runs
-- proven
SELECT d.id FROM deals AS d WHERE d.stage = ? /*!50000 AND d.client_no = ? */

-- a variable holds the tenant
-- proven
SELECT id FROM deals WHERE client_no = @client

-- a tenant as a prefix
-- violation
SELECT id FROM deals WHERE client_no LIKE CONCAT(?, '%')

-- string arithmetic on the tenant
-- violation
SELECT id FROM deals WHERE client_no = ? + 0 OR client_no = client_no

-- a view by the tenant
-- proven
SELECT SUM(amount) FROM open_deals WHERE client_no = :client

-- an anti join by NOT IN that is about another tenant's rows (deals that name own people are the client's, by the key; first labelled violation)
-- proven
SELECT p.id FROM people p WHERE p.client_no = ? AND p.id NOT IN (SELECT d.person_id FROM deals d WHERE d.stage = 'open' AND d.person_id IS NOT NULL)

-- straight join and using
-- proven
SELECT STRAIGHT_JOIN p.mail FROM people p JOIN deals d USING (client_no) WHERE client_no = ?

-- natural join of tables that share tenant and id
-- proven
SELECT * FROM people NATURAL JOIN deals WHERE people.client_no = ?

-- the tenant of one union arm only (the rule is that of a second relation; first labelled violation TENSQL001)
-- violation
SELECT id FROM deals WHERE client_no = ? UNION ALL SELECT id FROM people WHERE id = ?

-- items found by their deal in the tenant
-- proven
SELECT i.* FROM deal_items i INNER JOIN deals d ON d.id = i.deal_id AND d.client_no = ?

-- an item added to anybody's deal
-- violation TENSQL019
INSERT INTO deal_items (deal_id, sku, qty) VALUES (?, ?, ?)

-- an item added to the tenant's deal
-- proven
INSERT INTO deal_items (deal_id, sku, qty) SELECT d.id, ?, ? FROM deals d WHERE d.id = ? AND d.client_no = ?

-- truncate
-- violation TENSQL014
TRUNCATE TABLE notes

-- locked for share
-- proven
SELECT amount FROM deals WHERE client_no = ? AND id = ? LOCK IN SHARE MODE

-- ORM alias style
-- proven
SELECT `t0`.`id` AS `t0_id`, `t0`.`stage` AS `t0_stage` FROM `deals` `t0` WHERE ((`t0`.`client_no` = ?) AND (`t0`.`id` IN (?, ?, ?))) LIMIT 21

-- a prepared statement by name
-- opaque
EXECUTE find_deal USING @id
