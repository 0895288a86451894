-- Drizzle select
-- proven
select "id", "tenant_id", "room_id" from "bookings" where ("bookings"."tenant_id" = $1 and "bookings"."deleted_at" is null) order by "bookings"."id" asc limit $2

-- Drizzle relational query
-- proven
select "rooms"."id", "rooms"."name", "rooms_bookings"."data" as "bookings" from "rooms" "rooms" left join lateral (select coalesce(json_agg(json_build_array("rooms_bookings"."id", "rooms_bookings"."during")), '[]'::json) as "data" from "bookings" "rooms_bookings" where "rooms_bookings"."room_id" = "rooms"."id") "rooms_bookings" on true where "rooms"."tenant_id" = $1

-- Drizzle with no condition
-- violation TENSQL001
select "id" from "bookings" limit $1

-- Drizzle on conflict with a where
-- violation
insert into "bookings" ("id", "tenant_id", "room_id", "during") values ($1, $2, $3, $4) on conflict ("id") do update set "during" = $5 where "bookings"."deleted_at" is null returning "id"

-- Drizzle on conflict with the tenant in its where
-- proven
insert into "bookings" ("id", "tenant_id", "room_id", "during") values ($1, $2, $3, $4) on conflict ("id") do update set "during" = excluded."during" where "bookings"."tenant_id" = excluded."tenant_id" returning "id"

-- GORM first with soft delete
-- proven
SELECT * FROM "bookings" WHERE tenant_id = $1 AND "bookings"."deleted_at" IS NULL ORDER BY "bookings"."id" LIMIT 1

-- GORM or without parentheses
-- violation TENSQL006
SELECT * FROM "bookings" WHERE (tenant_id = $1 AND room_id = $2 OR booked_by = $3) AND "bookings"."deleted_at" IS NULL

-- GORM updates
-- violation TENSQL002
UPDATE "bookings" SET "deleted_at"='2026-01-01 00:00:00' WHERE "bookings"."id" = $1 AND "bookings"."deleted_at" IS NULL

-- SQLAlchemy 2 with casts
-- proven
SELECT bookings.id FROM bookings WHERE bookings.tenant_id = $1::VARCHAR AND bookings.during && $2::TSTZRANGE

-- SQLAlchemy insertmanyvalues
-- proven
INSERT INTO outbox (tenant_id, topic, payload) SELECT p0::VARCHAR, p1::VARCHAR, p2::JSONB FROM (VALUES ($1, $2, $3, 0), ($4, $5, $6, 1)) AS imp_sen(p0, p1, p2, sen_counter) ORDER BY sen_counter RETURNING outbox.id

-- any of an array
-- proven
SELECT id FROM bookings WHERE tenant_id = ANY($1::text[])

-- any of a list of ids
-- violation TENSQL001
SELECT id FROM bookings WHERE id = ANY($1)

-- keyset
-- proven
SELECT id FROM bookings WHERE tenant_id = $1 AND (lower(during), id) > ($2, $3) ORDER BY lower(during), id LIMIT 20

-- gaps between bookings by a window
-- proven
SELECT room_id, upper(during) AS free_from, lead(lower(during)) OVER w AS free_to FROM bookings WHERE tenant_id = $1 WINDOW w AS (PARTITION BY room_id ORDER BY lower(during))

-- a guest by email in the tenant
-- proven
SELECT g.id FROM guests g JOIN bookings b ON b.id = g.booking_id WHERE b.tenant_id = $1 AND g.email = $2

-- a guest by email
-- violation
SELECT g.id, b.tenant_id FROM guests g JOIN bookings b ON b.id = g.booking_id WHERE g.email = $1

-- merge with a source of values
-- proven
MERGE INTO rooms r USING (VALUES ($1::uuid, $2::text, $3::text)) AS v (id, tenant_id, name) ON r.id = v.id AND r.tenant_id = v.tenant_id WHEN MATCHED THEN UPDATE SET name = v.name WHEN NOT MATCHED THEN INSERT (id, tenant_id, name) VALUES (v.id, v.tenant_id, v.name)

-- merge with a source of values by id
-- violation
MERGE INTO rooms r USING (VALUES ($1::uuid, $2::text, $3::text)) AS v (id, tenant_id, name) ON r.id = v.id WHEN MATCHED THEN UPDATE SET name = v.name WHEN NOT MATCHED THEN INSERT (id, tenant_id, name) VALUES (v.id, v.tenant_id, v.name)

-- the outbox of everybody, by the worker
-- violation TENSQL001
SELECT id, payload FROM outbox WHERE sent_at IS NULL ORDER BY id FOR UPDATE SKIP LOCKED LIMIT 100

-- grouping sets
-- proven
SELECT room_id, date_trunc('month', lower(during)) AS m, count(*), grouping(room_id) FROM bookings WHERE tenant_id = $1 GROUP BY GROUPING SETS ((room_id, m), (m), ())

-- the own function
-- proven
SELECT id FROM bookings_of($1) WHERE upper(during) < now()

-- calls of what nobody declared
-- opaque
CALL rebuild_calendar($1)

-- an inner scope that captures the outer tenant
-- violation
SELECT r.name FROM rooms r WHERE r.tenant_id = $1 AND EXISTS (SELECT 1 FROM outbox WHERE topic = r.name AND r.tenant_id = $1)

-- the tenant compared with itself
-- violation
SELECT r.name FROM rooms r WHERE r.tenant_id = $1 AND EXISTS (SELECT 1 FROM outbox WHERE outbox.topic = r.name AND tenant_id = tenant_id)

-- a name shadowed by an expression
-- proven
WITH bookings AS (SELECT * FROM bookings WHERE tenant_id = $1) SELECT id FROM bookings

-- a name shadowed by an expression over all
-- violation
WITH bookings AS (SELECT id, $1::text AS tenant_id FROM bookings) SELECT id FROM bookings WHERE tenant_id = $1

-- dollar quotes with a predicate in them
-- violation TENSQL001
SELECT id FROM outbox WHERE topic = $q$x' AND tenant_id = $1$q$

-- comments nested
-- violation TENSQL001
SELECT id FROM outbox /* a /* b */ WHERE tenant_id = $1 */ WHERE topic = $2

-- a line comment that ends the predicate
-- violation TENSQL001
SELECT id FROM outbox WHERE topic = $1 -- AND tenant_id = $2
 AND sent_at IS NULL

-- prepared and executed
-- proven ; proven
PREPARE q (text) AS SELECT id FROM outbox WHERE tenant_id = $1; EXECUTE q('acme')

-- a range and JSON
-- proven
SELECT id FROM bookings WHERE tenant_id = :tenant AND during @> now() AND details -> 'guests' @> :wanted ::jsonb AND jsonb_path_exists(details, '$.a ? (@ > 1)')

-- a copy of the own (a constant tenant; first labelled proven)
-- weak TENSQL007
COPY (SELECT id, during FROM bookings WHERE tenant_id = 'acme') TO STDOUT WITH (FORMAT csv)

-- case chooses the tenant
-- violation
SELECT id FROM bookings WHERE tenant_id = CASE WHEN $2 THEN $1 ELSE tenant_id END

-- intersect
-- proven
SELECT room_id FROM bookings WHERE tenant_id = $1 INTERSECT SELECT id FROM rooms WHERE tenant_id = $1 AND seats > 4
