-- by the composite key
-- proven
SELECT title FROM tenders WHERE authority_id = $1 AND tender_no = $2

-- by the number, which every authority gives out
-- violation TENSQL001
SELECT title FROM tenders WHERE tender_no = $1

-- lots joined by the whole key
-- proven
SELECT t.title, l.title FROM tenders t JOIN lots l USING (authority_id, tender_no) WHERE authority_id = $1

-- lots joined by the number
-- violation
SELECT t.title, l.title FROM tenders t JOIN lots l USING (tender_no) WHERE t.authority_id = $1

-- a row of the key
-- proven
SELECT * FROM lots WHERE (authority_id, tender_no, lot_no) = ($1, $2, $3)

-- rows of the key by unnest
-- proven
SELECT l.* FROM lots l JOIN unnest($2::int[], $3::int[]) AS k(t, n) ON k.t = l.tender_no AND k.n = l.lot_no WHERE l.authority_id = $1

-- a row of the key that is greater
-- violation
SELECT * FROM lots WHERE (authority_id, tender_no) > ($1, $2) LIMIT 20

-- keyset within the authority
-- proven
SELECT * FROM lots WHERE authority_id = $1 AND (tender_no, lot_no) > ($2, $3) ORDER BY tender_no, lot_no LIMIT 20

-- bids by id
-- violation TENSQL001
SELECT amount FROM bids WHERE bid_id = $1

-- the best bid of each lot, laterally
-- proven
SELECT l.lot_no, b.amount FROM lots l LEFT JOIN LATERAL (SELECT amount FROM bids b WHERE (b.authority_id, b.tender_no, b.lot_no) = (l.authority_id, l.tender_no, l.lot_no) ORDER BY amount LIMIT 1) b ON true WHERE l.authority_id = $1

-- the best bid of each lot number of anybody
-- violation TENSQL010
SELECT l.lot_no, b.amount FROM lots l LEFT JOIN LATERAL (SELECT amount FROM bids b WHERE b.lot_no = l.lot_no ORDER BY amount LIMIT 1) b ON true WHERE l.authority_id = $1

-- attachments of the own bids
-- proven
SELECT a.file FROM attachments a WHERE a.bid_id IN (SELECT bid_id FROM bids WHERE authority_id = $1)

-- attachments of no own bid
-- violation
SELECT a.file FROM attachments a WHERE a.bid_id NOT IN (SELECT bid_id FROM bids WHERE authority_id = $1)

-- tenders that nobody has bid for
-- proven
SELECT t.tender_no FROM tenders t LEFT JOIN bids b ON b.authority_id = t.authority_id AND b.tender_no = t.tender_no WHERE t.authority_id = $1 AND b.bid_id IS NULL

-- the function of the setting
-- proven
SELECT title FROM tenders WHERE authority_id = my_authority()

-- the setting in a sub-select
-- proven
UPDATE tenders SET state = 'open', opened_at = now() WHERE authority_id = (SELECT current_setting('app.authority')::smallint) AND tender_no = $1 RETURNING *

-- the code names the authority
-- proven
SELECT t.title FROM tenders t JOIN authorities a USING (authority_id) WHERE a.code = $1

-- the person's authorities
-- weak TENSQL022
SELECT t.title FROM tenders t JOIN grants g ON g.authority_id = t.authority_id WHERE g.person_id = $1

-- the person's authority and the asked one
-- proven
SELECT t.title FROM tenders t JOIN grants g ON g.authority_id = t.authority_id AND g.person_id = $2 WHERE t.authority_id = $1

-- a security barrier is no tenant
-- violation
SELECT title FROM open_tenders WHERE title ILIKE $1

-- open tenders of the authority
-- proven
SELECT title FROM open_tenders WHERE authority_id = $1

-- a bid for an own lot, as it says
-- proven
INSERT INTO bids (authority_id, tender_no, lot_no, bidder, amount) VALUES ($1, $2, $3, $4, $5) RETURNING bid_id

-- an attachment to whatever bid
-- violation TENSQL019
INSERT INTO attachments (attachment_id, bid_id, file) VALUES ($1, $2, $3)

-- the next number
-- proven
INSERT INTO tenders (authority_id, tender_no, title) SELECT $1, COALESCE(MAX(tender_no), 0) + 1, $2 FROM tenders WHERE authority_id = $1

-- the next number over all
-- violation
INSERT INTO tenders (authority_id, tender_no, title) SELECT $1, COALESCE(MAX(tender_no), 0) + 1, $2 FROM tenders

-- an upsert by the key
-- proven
INSERT INTO lots (authority_id, tender_no, lot_no, title) VALUES ($1, $2, $3, $4) ON CONFLICT (authority_id, tender_no, lot_no) DO UPDATE SET title = EXCLUDED.title

-- merged lots
-- proven
MERGE INTO lots l USING (SELECT $1::smallint AS a, $2::int AS t, n, x FROM jsonb_to_recordset($3) AS r(n int, x text)) s ON l.authority_id = s.a AND l.tender_no = s.t AND l.lot_no = s.n WHEN MATCHED THEN UPDATE SET title = s.x WHEN NOT MATCHED THEN INSERT (authority_id, tender_no, lot_no, title) VALUES (s.a, s.t, s.n, s.x)

-- totals by cube
-- proven
SELECT tender_no, lot_no, sum(amount) FROM bids WHERE authority_id = $1 GROUP BY CUBE (tender_no, lot_no)

-- ranks over everybody, filtered
-- violation TENSQL012
SELECT * FROM (SELECT authority_id, bidder, rank() OVER (ORDER BY amount DESC) FROM bids) r WHERE authority_id = $1

-- ranks by authority, filtered
-- proven
SELECT * FROM (SELECT authority_id, bidder, rank() OVER (PARTITION BY authority_id ORDER BY amount DESC) FROM bids) r WHERE authority_id = $1

-- the tenant as text
-- proven
SELECT title FROM tenders WHERE authority_id::text = $1

-- the tenant as a prefix
-- violation
SELECT title FROM tenders WHERE authority_id::text LIKE $1 || '%'

-- null or not null
-- violation
SELECT title FROM tenders WHERE authority_id IS NOT NULL OR authority_id IS NULL

-- a number that is one of several
-- proven
SELECT title FROM tenders WHERE authority_id IN ($1, $2)

-- moved to another authority
-- violation TENSQL009
UPDATE tenders SET authority_id = $2 WHERE authority_id = $1 AND tender_no = $3

-- cascade by hand
-- proven
WITH gone AS (DELETE FROM bids WHERE authority_id = $1 AND tender_no = $2 RETURNING bid_id) DELETE FROM attachments WHERE bid_id IN (SELECT bid_id FROM gone)

-- codes beside the own tenders
-- proven
SELECT c.label FROM cpv_codes c WHERE EXISTS (SELECT 1 FROM tenders t WHERE t.authority_id = $1 AND t.title LIKE '%' || c.code || '%')

-- a person by email
-- proven
SELECT person_id FROM people WHERE email = $1
