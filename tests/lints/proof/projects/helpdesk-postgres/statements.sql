-- ActiveRecord has_many
-- proven
SELECT "tickets".* FROM "tickets" WHERE "tickets"."account_id" = $1 AND "tickets"."status" IN ($2, $3) ORDER BY "tickets"."created_at" DESC LIMIT $4 /*application:Desk,controller:tickets,action:index*/

-- ActiveRecord find
-- violation TENSQL001
SELECT "tickets".* FROM "tickets" WHERE "tickets"."id" = $1 LIMIT $2

-- ActiveRecord find_by through the account
-- proven
SELECT "desk"."tickets".* FROM "desk"."tickets" WHERE "desk"."tickets"."account_id" = $1 AND "desk"."tickets"."id" = $2 LIMIT $3

-- ActiveRecord preload
-- violation TENSQL001
SELECT "comments".* FROM "comments" WHERE "comments"."ticket_id" IN ($1, $2, $3)

-- ActiveRecord eager_load
-- violation TENSQL010
SELECT "tickets"."id" AS t0_r0, "tickets"."subject" AS t0_r1, "comments"."id" AS t1_r0, "comments"."body" AS t1_r1 FROM "tickets" LEFT OUTER JOIN "comments" ON "comments"."ticket_id" = "tickets"."id" WHERE "tickets"."account_id" = $1

-- ActiveRecord eager_load with the account in ON
-- proven
SELECT "tickets"."id" AS t0_r0, "comments"."id" AS t1_r0 FROM "tickets" LEFT OUTER JOIN "comments" ON "comments"."account_id" = "tickets"."account_id" AND "comments"."ticket_id" = "tickets"."id" WHERE "tickets"."account_id" = $1

-- ActiveRecord where.missing
-- proven
SELECT "tickets".* FROM "tickets" LEFT OUTER JOIN "comments" ON "comments"."account_id" = "tickets"."account_id" AND "comments"."ticket_id" = "tickets"."id" WHERE "tickets"."account_id" = $1 AND "comments"."id" IS NULL

-- ActiveRecord where.missing without the account
-- violation
SELECT "tickets".* FROM "tickets" LEFT OUTER JOIN "comments" ON "comments"."ticket_id" = "tickets"."id" WHERE "tickets"."account_id" = $1 AND "comments"."id" IS NULL

-- ActiveRecord exists?
-- proven
SELECT 1 AS one FROM "agents" WHERE "agents"."email" = $1 AND "agents"."account_id" = $2 LIMIT $3

-- ActiveRecord uniqueness validation without a scope
-- violation TENSQL001
SELECT 1 AS one FROM "agents" WHERE "agents"."email" = $1 LIMIT $2

-- ActiveRecord or
-- violation TENSQL006
SELECT "tickets".* FROM "tickets" WHERE ("tickets"."account_id" = $1 OR "tickets"."assignee_id" = $2)

-- ActiveRecord pluck distinct
-- proven
SELECT DISTINCT "tickets"."assignee_id" FROM "tickets" WHERE "tickets"."account_id" = $1 AND "tickets"."assignee_id" IS NOT NULL

-- ActiveRecord find_in_batches
-- proven
SELECT "tickets".* FROM "tickets" WHERE "tickets"."account_id" = $1 AND "tickets"."id" > $2 ORDER BY "tickets"."id" ASC LIMIT $3

-- ActiveRecord none
-- proven
SELECT "tickets".* FROM "tickets" WHERE 1=0

-- ActiveRecord update of a record
-- violation TENSQL002
UPDATE "tickets" SET "status" = $1, "updated_at" = $2 WHERE "tickets"."id" = $3

-- ActiveRecord update_all with a limit
-- proven
UPDATE "tickets" SET "status" = $1 WHERE "tickets"."id" IN (SELECT "tickets"."id" FROM "tickets" WHERE "tickets"."account_id" = $2 ORDER BY "tickets"."id" LIMIT $3)

-- ActiveRecord insert_all (a constant tenant; first labelled proven)
-- weak TENSQL007
INSERT INTO "agents" ("account_id","email") VALUES (1, 'a@b'), (1, 'c@d') ON CONFLICT DO NOTHING RETURNING "id"

-- ActiveRecord destroy in the account
-- proven
DELETE FROM "comments" WHERE "comments"."account_id" = $1 AND "comments"."ticket_id" = $2

-- the twin in the archive
-- violation TENSQL001
SELECT subject FROM archive.tickets WHERE closed_at > $1

-- the twin in the archive by account
-- proven
SELECT subject FROM archive.tickets WHERE account_id = $1

-- moved to the archive
-- proven
WITH gone AS (DELETE FROM desk.tickets WHERE account_id = $1 AND status = 9 RETURNING id, account_id, subject) INSERT INTO archive.tickets (id, account_id, subject, closed_at) SELECT id, account_id, subject, now() FROM gone

-- moved to the archive, everybody's
-- violation
WITH gone AS (DELETE FROM desk.tickets WHERE status = 9 RETURNING id, account_id, subject) INSERT INTO archive.tickets (id, account_id, subject, closed_at) SELECT id, account_id, subject, now() FROM gone

-- built-in macros and the own
-- proven
SELECT title FROM desk.macros WHERE account_id IS NULL OR account_id = $1

-- built-in macros renamed
-- violation TENSQL002
UPDATE desk.macros SET title = $2 WHERE account_id = $1 OR account_id IS NULL

-- macros of all but the own
-- violation
SELECT title FROM desk.macros WHERE account_id IS DISTINCT FROM $1

-- a comment beside the ticket of the account
-- proven
INSERT INTO desk.comments (account_id, ticket_id, body) SELECT t.account_id, t.id, $3 FROM desk.tickets t WHERE t.id = $2 AND t.account_id = $1

-- the internal table of the framework
-- proven
SELECT "ar_internal_metadata"."value" FROM "ar_internal_metadata" WHERE "ar_internal_metadata"."key" = $1

-- an advisory lock
-- proven
SELECT pg_try_advisory_lock(4385921)

-- an anti-join by EXCEPT
-- proven
SELECT id FROM desk.tickets WHERE account_id = $1 EXCEPT SELECT ticket_id FROM desk.comments WHERE account_id = $1

-- an anti-join by EXCEPT of all
-- violation
SELECT id FROM desk.tickets WHERE account_id = $1 EXCEPT SELECT ticket_id FROM desk.comments
