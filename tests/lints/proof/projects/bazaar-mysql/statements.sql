-- Eloquent get with a global scope and soft deletes
-- proven
select * from `products` where `shop_id` = ? and `products`.`deleted_at` is null order by `title` asc limit 25 offset 50

-- Eloquent find
-- violation TENSQL001
select * from `products` where `products`.`id` = ? and `products`.`deleted_at` is null limit 1

-- Eloquent whereHas
-- proven
select * from `orders` where `shop_id` = ? and exists (select * from `order_items` where `orders`.`id` = `order_items`.`order_id` and `qty` > ?)

-- Eloquent orWhere after the scope
-- violation TENSQL006
select * from `products` where `shop_id` = ? and `title` like ? or `sku` = ? limit 10

-- Eloquent belongsToMany through the order
-- violation
select `products`.*, `order_items`.`order_id` as `pivot_order_id` from `products` inner join `order_items` on `products`.`id` = `order_items`.`product_id` where `order_items`.`order_id` in (1, 2, 3)

-- Eloquent belongsToMany with the scope
-- weak
select `products`.*, `order_items`.`qty` as `pivot_qty` from `products` inner join `order_items` on `products`.`id` = `order_items`.`product_id` where `order_items`.`order_id` = ? and `products`.`shop_id` = ?

-- Eloquent upsert
-- proven
insert into `products` (`shop_id`, `sku`, `title`) values (?, ?, ?), (?, ?, ?) as laravel_upsert_alias on duplicate key update `title` = `laravel_upsert_alias`.`title`

-- upsert on another's unique reference
-- violation TENSQL008
insert into `orders` (`shop_id`, `reference`, `total`) values (?, ?, ?) on duplicate key update `total` = values(`total`)

-- upsert that keeps another's row as it is (which row is met is still another's: its id is told by LAST_INSERT_ID)
-- violation
insert into `orders` (`id`, `shop_id`, `reference`, `total`) values (?, ?, ?, ?) on duplicate key update `total` = if(`shop_id` = values(`shop_id`), values(`total`), `total`)

-- insert ignore
-- proven
insert ignore into `carts` (`shop_id`, `token`, `payload`, `touched_at`) values (?, ?, ?, now())

-- replace by a key that holds the shop
-- proven
replace into `carts` (`shop_id`, `token`, `payload`, `touched_at`) values (?, ?, ?, now())

-- replace by an id
-- violation TENSQL008
REPLACE INTO products (id, shop_id, sku, title) VALUES (?, ?, ?, ?)

-- update with order and limit
-- proven
update `orders` set `status` = 'sent' where `shop_id` = ? and `status` = 'paid' order by `created_at` limit 100

-- update with order and limit, no shop
-- violation TENSQL002
update `orders` set `status` = 'sent' where `status` = 'paid' order by `created_at` limit 100

-- multi-table update
-- weak TENSQL011
update `order_items` oi inner join `orders` o on o.`id` = oi.`order_id` inner join `products` p on p.`id` = oi.`product_id` set p.`stock` = p.`stock` - oi.`qty` where o.`id` = ? and o.`shop_id` = ?

-- multi-table update, the shop on both
-- proven
update `order_items` oi inner join `orders` o on o.`id` = oi.`order_id` inner join `products` p on p.`id` = oi.`product_id` and p.`shop_id` = o.`shop_id` set p.`stock` = p.`stock` - oi.`qty` where o.`id` = ? and o.`shop_id` = ?

-- multi-table delete
-- proven
delete o, oi from `orders` o left join `order_items` oi on oi.`order_id` = o.`id` where o.`shop_id` = ? and o.`status` = 'new'

-- multi-table delete whose second table is anybody's
-- violation TENSQL003
delete c, p from `carts` c, `products` p where c.`shop_id` = ? and p.`deleted_at` < ?

-- delete using
-- proven
DELETE FROM oi USING order_items AS oi INNER JOIN orders AS o ON o.id = oi.order_id WHERE o.shop_id = :shop AND o.status = 'new'

-- JSON_OBJECT with a comparison
-- proven
SELECT JSON_OBJECT('id', p.id, 'sold_out', p.stock = 0, 'tags', p.attributes->'$.tags') FROM products p WHERE p.shop_id = ?

-- JSON_OBJECT with a comparison, no shop
-- violation TENSQL001
SELECT JSON_ARRAYAGG(JSON_OBJECT('id', id, 'mine', shop_id = ?)) FROM products

-- a JSON table of ids
-- violation
SELECT p.title FROM JSON_TABLE(?, '$[*]' COLUMNS (id BIGINT PATH '$')) j JOIN products p ON p.id = j.id

-- boolean full text
-- proven
SELECT id, MATCH (title) AGAINST (? IN BOOLEAN MODE) AS score FROM products WHERE shop_id = ? AND MATCH (title) AGAINST (? IN BOOLEAN MODE) HAVING score > 0.2 ORDER BY score DESC

-- straight join and hints
-- proven
SELECT /*+ BKA(o) MAX_EXECUTION_TIME(1000) */ SQL_CALC_FOUND_ROWS o.id FROM orders o FORCE INDEX (orders_shop) WHERE o.shop_id = ? LOCK IN SHARE MODE

-- a fake predicate in a comment
-- violation TENSQL001
SELECT id FROM orders /* WHERE shop_id = ? */ WHERE status = ? -- AND shop_id = ?

-- a fake predicate in a MySQL comment that runs
-- proven
SELECT id FROM orders WHERE status = ? /*!50000 AND shop_id = ? */

-- a hash comment
-- violation TENSQL001
SELECT id FROM orders WHERE status = ? # AND shop_id = ?

-- a predicate in a string
-- violation TENSQL001
SELECT id FROM orders WHERE status = ' AND shop_id = ? '

-- a tree of categories
-- proven
WITH RECURSIVE tree AS (SELECT id, parent_id, name, 0 AS depth FROM categories WHERE shop_id = ? AND parent_id IS NULL UNION ALL SELECT c.id, c.parent_id, c.name, t.depth + 1 FROM categories c JOIN tree t ON t.id = c.parent_id WHERE c.shop_id = ?) SELECT * FROM tree ORDER BY depth

-- a tree of categories that goes on by the key
-- weak TENSQL011
WITH RECURSIVE tree AS (SELECT id, parent_id, name FROM categories WHERE shop_id = ? AND parent_id IS NULL UNION ALL SELECT c.id, c.parent_id, c.name FROM categories c JOIN tree t ON t.id = c.parent_id) SELECT * FROM tree

-- the shop by its subdomain
-- proven
select `o`.* from `orders` `o` join `shops` `s` on `s`.`id` = `o`.`shop_id` where `s`.`subdomain` = ?

-- null-safe equality
-- proven
SELECT id FROM orders WHERE shop_id <=> ?

-- a like without wildcards
-- violation
SELECT id FROM orders WHERE shop_id LIKE ?

-- logical operators of MySQL
-- violation
SELECT id FROM orders WHERE shop_id = ? || status = ?

-- logical and of MySQL
-- proven
SELECT id FROM orders WHERE shop_id = ? && status = ?

-- insert select from the own
-- proven
INSERT INTO carts (shop_id, token, payload, touched_at) SELECT o.shop_id, UUID(), JSON_OBJECT('ref', o.reference), NOW() FROM orders o WHERE o.shop_id = ? AND o.id = ?

-- load data
-- violation
LOAD DATA LOCAL INFILE '/tmp/p.csv' INTO TABLE products FIELDS TERMINATED BY ',' (shop_id, sku, title)

-- all rows to a file
-- violation
SELECT * FROM orders INTO OUTFILE '/tmp/orders.csv'

-- explain for a connection, show, use
-- proven ; proven
SHOW TABLES; USE bazaar

-- the countries
-- proven
select `name` from `countries` where `iso` = 'NZ'
