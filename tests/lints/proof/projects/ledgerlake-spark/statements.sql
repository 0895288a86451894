-- explode
-- proven
SELECT e.entry_id, l FROM entries e LATERAL VIEW explode(labels) t AS l WHERE e.merchant_id = :merchant

-- the merge of a delta
-- proven
MERGE INTO entries t USING (SELECT :merchant AS merchant_id, :id AS entry_id, :a AS amount) s ON t.merchant_id = s.merchant_id AND t.entry_id = s.entry_id WHEN MATCHED THEN UPDATE SET t.amount = s.amount WHEN NOT MATCHED THEN INSERT (merchant_id, entry_id, amount) VALUES (s.merchant_id, s.entry_id, s.amount)

-- the merge of a delta by entry
-- violation
MERGE INTO entries t USING (SELECT :merchant AS merchant_id, :id AS entry_id, :a AS amount) s ON t.entry_id = s.entry_id WHEN MATCHED THEN UPDATE SET t.amount = s.amount

-- an anti join
-- proven
SELECT e.entry_id FROM entries e LEFT ANTI JOIN payouts p ON p.merchant_id = e.merchant_id AND p.entry_id = e.entry_id WHERE e.merchant_id = :merchant

-- an overwritten partition (a constant tenant; first labelled proven)
-- weak TENSQL007
INSERT OVERWRITE TABLE payouts PARTITION (merchant_id = 7) SELECT payout_id, entry_id FROM payouts WHERE merchant_id = 7

-- an optimised table and a vacuum
-- proven ; proven
OPTIMIZE entries ZORDER BY (posted); VACUUM entries RETAIN 168 HOURS

-- time travel
-- violation
SELECT sum(amount) FROM entries VERSION AS OF 12 WHERE posted > :d

-- a transform
-- proven
SELECT entry_id, transform(labels, x -> upper(x)) FROM entries WHERE merchant_id = :merchant DISTRIBUTE BY entry_id SORT BY posted

-- cluster by all
-- violation
SELECT /*+ BROADCAST(p) */ p.payout_id FROM entries e JOIN payouts p ON e.entry_id = p.entry_id WHERE e.merchant_id = :merchant
