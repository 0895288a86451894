-- from first
-- proven
FROM items WHERE shop_id = $shop

-- from first over all
-- violation
FROM items SELECT sku, price

-- an asof join in the shop
-- proven
SELECT i.sku, m.n FROM moves m ASOF JOIN counts i ON m.shop_id = i.shop_id AND m.n >= i.n WHERE m.shop_id = ?

-- a list comprehension
-- proven
SELECT [upper(t) FOR t IN tags IF t <> ''] FROM items WHERE shop_id = ?

-- unpivot
-- violation
UNPIVOT counts ON n INTO NAME what VALUE v

-- pivot statement over all
-- violation
PIVOT moves ON item_id USING sum(n) GROUP BY shop_id

-- pivot of the tenant's
-- proven
PIVOT (SELECT item_id, n FROM moves WHERE shop_id = ?) ON item_id USING sum(n)

-- positional join of all
-- violation
SELECT * FROM (SELECT * FROM items WHERE shop_id = ?) POSITIONAL JOIN moves

-- semi join
-- proven
SELECT * FROM items SEMI JOIN moves USING (shop_id) WHERE shop_id = ?

-- anti join by id
-- violation
SELECT * FROM items i ANTI JOIN moves m ON m.item_id = i.id WHERE i.shop_id = ?

-- insert or replace by key
-- proven
INSERT OR REPLACE INTO counts VALUES (?, ?, ?)

-- insert by name
-- proven
INSERT INTO counts BY NAME (SELECT shop_id, sku, 0 AS n FROM items WHERE shop_id = ?)

-- sampled
-- proven
SELECT sku FROM items WHERE shop_id = ? USING SAMPLE 10%

-- copy of the shop's
-- proven
COPY (SELECT * FROM totals WHERE shop_id = $1) TO 't.parquet' (FORMAT parquet)

-- a summary of all
-- violation
SUMMARIZE items

-- columns by expression
-- proven
SELECT COLUMNS('s.*') FROM items WHERE shop_id = ?
