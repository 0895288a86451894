-- orders of the seller
-- proven
SELECT * FROM orders WHERE seller_id = $1 AND state = 'open'

-- orders of the buyer, the other tenant of the row
-- weak TENSQL022
SELECT * FROM orders WHERE buyer_id = $1

-- orders of either side
-- weak
SELECT * FROM orders WHERE buyer_id = $1 OR seller_id = $1

-- orders of neither side
-- violation TENSQL001
SELECT * FROM orders WHERE state = $1

-- orders of either side or of anybody
-- violation TENSQL006
SELECT * FROM orders WHERE buyer_id = $1 OR seller_id = $1 OR state = 'open'

-- events through the seller's orders
-- proven
SELECT e.note FROM order_events e JOIN orders o ON o.id = e.order_id WHERE o.seller_id = $1

-- events through the buyer's orders
-- weak TENSQL022
SELECT e.note FROM order_events e JOIN orders o ON o.id = e.order_id WHERE o.buyer_id = $1

-- the listing of the buyer's order, through a composite key
-- weak TENSQL022
SELECT l.title FROM orders o JOIN listings l ON l.id = o.listing_id AND l.seller_id = o.seller_id WHERE o.buyer_id = $1

-- all listings
-- violation TENSQL001
SELECT id, title FROM listings WHERE live

-- the seller of the row changed
-- violation TENSQL009
UPDATE orders SET seller_id = $2 WHERE seller_id = $1 AND id = $3

-- the buyer of the row changed by the seller
-- proven
UPDATE orders SET buyer_id = $2 WHERE seller_id = $1 AND id = $3

-- paid by the buyer
-- weak TENSQL022
UPDATE orders SET state = 'paid' WHERE id = $1 AND buyer_id = $2

-- an event by anybody
-- violation TENSQL019
INSERT INTO order_events (id, order_id, note) VALUES ($1, $2, $3)

-- the seller's stars
-- proven
SELECT avg(stars) FROM reviews WHERE seller_id = $1

-- the sum of what both sides did
-- proven
SELECT sum(total) FROM (SELECT total FROM orders WHERE seller_id = $1 UNION ALL SELECT 0 FROM listings WHERE seller_id = $1) s

-- two sellers in one statement
-- weak TENSQL020
SELECT * FROM listings a JOIN listings b ON b.title = a.title WHERE a.seller_id = $1 AND b.seller_id = $2

-- an order placed at a seller's listing
-- proven
INSERT INTO orders (id, buyer_id, seller_id, listing_id) SELECT $1, $2, l.seller_id, l.id FROM listings l WHERE l.seller_id = $3 AND l.id = $4
