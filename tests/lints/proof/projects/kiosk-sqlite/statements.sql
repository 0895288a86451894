-- SQLAlchemy select
-- proven
SELECT items.store_id, items.sku, items.price FROM items WHERE items.store_id = ? AND items.price > ? ORDER BY items.sku LIMIT ? OFFSET ?

-- SQLAlchemy with an expanding IN
-- proven
SELECT sales.id FROM sales WHERE sales.store_id = ? AND sales.sku IN (?, ?, ?)

-- SQLAlchemy with an empty IN
-- proven
SELECT sales.id FROM sales WHERE sales.store_id IN (SELECT 1 FROM (SELECT 1) WHERE 1!=1)

-- SQLAlchemy get
-- violation TENSQL001
SELECT sales.id AS sales_id, sales.sku AS sales_sku FROM sales WHERE sales.id = ?

-- SQLAlchemy selectinload
-- violation TENSQL001
SELECT payments.sale_id AS payments_sale_id, payments.id AS payments_id FROM payments WHERE payments.sale_id IN (?, ?)

-- SQLAlchemy joinedload
-- proven
SELECT sales.id, payments_1.id AS id_1, payments_1.cents FROM sales LEFT OUTER JOIN payments AS payments_1 ON sales.id = payments_1.sale_id WHERE sales.store_id = ?

-- SQLAlchemy of a subquery
-- proven
SELECT anon_1.sku, anon_1.n FROM (SELECT sales.sku AS sku, count(*) AS n FROM sales WHERE sales.store_id = ? GROUP BY sales.sku) AS anon_1 WHERE anon_1.n > ?

-- SQLAlchemy outer join for what is missing
-- proven
SELECT items.sku FROM items LEFT OUTER JOIN sales ON sales.store_id = items.store_id AND sales.sku = items.sku WHERE items.store_id = ? AND sales.id IS NULL

-- upsert by the composite key
-- proven
INSERT INTO items (store_id, sku, price) VALUES (:store, :sku, :price) ON CONFLICT (store_id, sku) DO UPDATE SET price = excluded.price, doc = coalesce(excluded.doc, items.doc)

-- upsert by the number
-- violation TENSQL008
INSERT INTO sales (id, store_id, sku) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET qty = qty + 1

-- insert or replace by the number
-- violation TENSQL008
INSERT OR REPLACE INTO sales (id, store_id, sku, qty) VALUES (?1, ?2, ?3, ?4)

-- insert or ignore
-- proven
INSERT OR IGNORE INTO items (store_id, sku, price) VALUES ($store, $sku, 0)

-- update from
-- proven
UPDATE items SET price = u.price FROM (SELECT json_extract(value, '$.sku') AS sku, json_extract(value, '$.price') AS price FROM json_each(@updates)) AS u WHERE items.store_id = @store AND items.sku = u.sku

-- update from values of anybody
-- violation TENSQL002
UPDATE items SET price = u.price FROM (SELECT json_extract(value, '$.sku') AS sku, json_extract(value, '$.price') AS price FROM json_each(@updates)) AS u WHERE items.sku = u.sku

-- keyset pagination
-- proven
SELECT id, at FROM sales WHERE store_id = ? AND (at, id) < (?, ?) ORDER BY at DESC, id DESC LIMIT 50

-- keyset pagination on the store
-- violation
SELECT id FROM sales WHERE (store_id, id) > (?, ?) ORDER BY store_id, id LIMIT 50

-- the store as a row
-- proven
SELECT price FROM items WHERE (store_id, sku) = (?, ?)

-- the store as rows of values
-- proven
SELECT price FROM items WHERE (store_id, sku) IN (VALUES (?, ?), (?, ?))

-- glob
-- violation
SELECT sku FROM items WHERE store_id GLOB ?

-- the store IS
-- proven
SELECT sku FROM items WHERE store_id IS ?

-- the store ==
-- proven
SELECT sku FROM items WHERE store_id == ? AND label == ?

-- an untyped cast
-- violation
SELECT sku FROM items WHERE CAST(store_id AS INTEGER) = ?

-- a rowid
-- violation TENSQL001
SELECT sku FROM sales WHERE rowid = ?

-- delete with returning
-- proven
DELETE FROM sales WHERE store_id = ? AND at < datetime('now', '-1 year') RETURNING id, sku

-- delete with returning of anybody's count
-- violation TENSQL010
DELETE FROM sales WHERE store_id = ? RETURNING id, (SELECT count(*) FROM sales)

-- payments through the sales, by IN
-- proven
SELECT sum(cents) FROM payments WHERE sale_id IN (SELECT id FROM sales WHERE store_id = ?)

-- the view
-- violation
SELECT id FROM big_sales WHERE qty > ?

-- a queue claimed for the store
-- proven
UPDATE queue SET done = 1 WHERE id = (SELECT id FROM queue WHERE done = 0 AND store_id = ? ORDER BY id LIMIT 1) RETURNING job

-- a queue claimed for anybody
-- violation
UPDATE queue SET done = 1 WHERE id = (SELECT id FROM queue WHERE done = 0 ORDER BY id LIMIT 1) RETURNING job

-- a pragma and the vat
-- proven ; proven
PRAGMA foreign_keys = ON; SELECT rate FROM vat_rates WHERE code = ?

-- attach (no row is touched; first labelled opaque)
-- proven
ATTACH DATABASE ? AS other
