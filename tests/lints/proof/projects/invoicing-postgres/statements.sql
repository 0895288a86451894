-- Prisma findMany with IN of one and take
-- proven
SELECT "public"."Invoice"."id", "public"."Invoice"."workspaceId", "public"."Invoice"."customerId", "public"."Invoice"."number", "public"."Invoice"."status"::text, "public"."Invoice"."total" FROM "public"."Invoice" WHERE ("public"."Invoice"."workspaceId" = $1 AND "public"."Invoice"."status" IN (CAST($2::text AS "public"."InvoiceStatus"),CAST($3::text AS "public"."InvoiceStatus"))) ORDER BY "public"."Invoice"."dueAt" DESC LIMIT $4 OFFSET $5

-- Prisma findMany with an empty IN
-- proven
SELECT "public"."Invoice"."id" FROM "public"."Invoice" WHERE 1=0 LIMIT $1 OFFSET $2

-- Prisma findMany with an empty where
-- violation TENSQL001
SELECT "public"."Invoice"."id", "public"."Invoice"."total" FROM "public"."Invoice" WHERE 1=1 OFFSET $1

-- Prisma findUnique by the compound unique
-- proven
SELECT "public"."Customer"."id", "public"."Customer"."email" FROM "public"."Customer" WHERE ("public"."Customer"."workspaceId" = $1 AND "public"."Customer"."email" = $2 AND 1=1) LIMIT $3 OFFSET $4

-- Prisma includes lines of the invoices it has read
-- violation TENSQL001
SELECT "public"."InvoiceLine"."id", "public"."InvoiceLine"."invoiceId" FROM "public"."InvoiceLine" WHERE "public"."InvoiceLine"."invoiceId" IN ($1,$2,$3,$4,$5) OFFSET $6

-- Prisma relation filter some (two parameters for the tenant may differ; first labelled proven)
-- weak TENSQL020
SELECT "public"."Customer"."id" FROM "public"."Customer" WHERE ("public"."Customer"."workspaceId" = $1 AND ("public"."Customer"."id") IN (SELECT "t1"."customerId" FROM "public"."Invoice" AS "t1" WHERE ("t1"."workspaceId" = $2 AND "t1"."total" > $3 AND "t1"."customerId" IS NOT NULL))) LIMIT $4

-- Prisma relation filter some without a tenant inside
-- weak TENSQL011
SELECT "public"."Customer"."id" FROM "public"."Customer" WHERE ("public"."Customer"."workspaceId" = $1 AND ("public"."Customer"."id") IN (SELECT "t1"."customerId" FROM "public"."Invoice" AS "t1" WHERE ("t1"."total" > $2 AND "t1"."customerId" IS NOT NULL)))

-- Prisma relation filter none
-- weak TENSQL011
SELECT "public"."Customer"."id" FROM "public"."Customer" WHERE ("public"."Customer"."workspaceId" = $1 AND ("public"."Customer"."id") NOT IN (SELECT "t1"."customerId" FROM "public"."Invoice" AS "t1" WHERE ((NOT "t1"."status" = CAST($2::text AS "public"."InvoiceStatus")) AND "t1"."customerId" IS NOT NULL)))

-- Prisma relation filter is, by a join
-- proven
SELECT "t0"."id", "t0"."sku" FROM "public"."InvoiceLine" AS "t0" LEFT JOIN "public"."Invoice" AS "j1" ON ("j1"."id") = ("t0"."invoiceId") WHERE ("j1"."workspaceId" = $1 AND ("j1"."id" IS NOT NULL) AND "t0"."quantity" > $2) OFFSET $3

-- Prisma relation filter isNot, by a join
-- violation
SELECT "t0"."id" FROM "public"."InvoiceLine" AS "t0" LEFT JOIN "public"."Invoice" AS "j1" ON ("j1"."id") = ("t0"."invoiceId") WHERE ((NOT ("j1"."workspaceId" = $1 AND ("j1"."id" IS NOT NULL))))

-- Prisma relationJoins of many
-- proven
SELECT "t1"."id", "t1"."number", "Invoice_lines"."__prisma_data__" AS "lines" FROM "public"."Invoice" AS "t1" LEFT JOIN LATERAL (SELECT COALESCE(JSONB_AGG("__prisma_data__"), '[]') AS "__prisma_data__" FROM (SELECT "t4"."__prisma_data__" FROM (SELECT JSONB_BUILD_OBJECT('id', "t3"."id", 'sku', "t3"."sku") AS "__prisma_data__" FROM (SELECT "t2".* FROM "public"."InvoiceLine" AS "t2" WHERE "t1"."id" = "t2"."invoiceId" /* root select */) AS "t3" /* inner select */) AS "t4" /* middle select */) AS "t5" /* outer select */) AS "Invoice_lines" ON true WHERE "t1"."workspaceId" = $1 LIMIT $2

-- Prisma relationJoins of one, by a simple key
-- weak TENSQL011
SELECT "t0"."id", "Invoice_customer"."__prisma_data__" AS "customer" FROM "public"."Invoice" AS "t0" LEFT JOIN LATERAL (SELECT JSONB_BUILD_OBJECT('id', "t1"."id", 'email', "t1"."email") AS "__prisma_data__" FROM (SELECT "t0_1".* FROM "public"."Customer" AS "t0_1" WHERE "t0"."customerId" = "t0_1"."id" LIMIT $1) AS "t1") AS "Invoice_customer" ON true WHERE "t0"."workspaceId" = $2

-- Prisma count of relations
-- weak TENSQL011
SELECT "t0"."id", COALESCE("aggr_selection_0_Invoice"."_aggr_count_invoices", 0) AS "_aggr_count_invoices" FROM "public"."Customer" AS "t0" LEFT JOIN (SELECT "t1"."customerId", COUNT(*) AS "_aggr_count_invoices" FROM "public"."Invoice" AS "t1" WHERE 1=1 GROUP BY "t1"."customerId") AS "aggr_selection_0_Invoice" ON ("t0"."id" = "aggr_selection_0_Invoice"."customerId") WHERE "t0"."workspaceId" = $1

-- Prisma aggregate
-- proven
SELECT COUNT(*), SUM("total") FROM (SELECT "public"."Invoice"."id", "public"."Invoice"."total" FROM "public"."Invoice" WHERE "public"."Invoice"."workspaceId" = $1 OFFSET $2) AS "sub"

-- Prisma aggregate of the first of all
-- violation TENSQL001
SELECT COUNT(*), SUM("total") FROM (SELECT "public"."Invoice"."id", "public"."Invoice"."total" FROM "public"."Invoice" WHERE 1=1 ORDER BY "public"."Invoice"."id" ASC LIMIT $1 OFFSET $2) AS "sub"

-- Prisma groupBy
-- proven
SELECT SUM("public"."Invoice"."total"), "public"."Invoice"."status"::text FROM "public"."Invoice" WHERE "public"."Invoice"."workspaceId" = $1 GROUP BY "public"."Invoice"."status" HAVING SUM("public"."Invoice"."total") > $2 ORDER BY "public"."Invoice"."status" ASC OFFSET $3

-- Prisma create
-- proven
INSERT INTO "public"."Customer" ("id","workspaceId","email","metadata") VALUES ($1,$2,$3,$4) RETURNING "public"."Customer"."id", "public"."Customer"."workspaceId"

-- Prisma create of an invoice line
-- violation TENSQL019
INSERT INTO "public"."InvoiceLine" ("id","invoiceId","amount") VALUES ($1,$2,$3) RETURNING "public"."InvoiceLine"."id"

-- Prisma createMany skipping duplicates
-- proven
INSERT INTO "public"."Customer" ("id","workspaceId","email") VALUES ($1,$2,$3), ($4,$5,$6) ON CONFLICT DO NOTHING

-- Prisma updateMany
-- proven
UPDATE "public"."Invoice" SET "status" = CAST($1::text AS "public"."InvoiceStatus") WHERE ("public"."Invoice"."workspaceId" = $2 AND "public"."Invoice"."dueAt" < $3)

-- Prisma update
-- violation TENSQL002
UPDATE "public"."Invoice" SET "total" = $1 WHERE ("public"."Invoice"."id" = $2 AND 1=1) RETURNING "public"."Invoice"."id", "public"."Invoice"."total"

-- Prisma update with an extended unique where
-- proven
UPDATE "public"."Invoice" SET "total" = ("public"."Invoice"."total" + $1) WHERE ("public"."Invoice"."id" = $2 AND "public"."Invoice"."workspaceId" = $3) RETURNING "public"."Invoice"."id"

-- Prisma native upsert
-- proven
INSERT INTO "public"."Customer" ("id","workspaceId","email") VALUES ($1,$2,$3) ON CONFLICT ("workspaceId","email") DO UPDATE SET "deletedAt" = $4 WHERE ("public"."Customer"."workspaceId" = $5 AND "public"."Customer"."email" = $6 AND 1=1) RETURNING "public"."Customer"."id"

-- Prisma native upsert by id
-- violation TENSQL008
INSERT INTO "public"."Customer" ("id","workspaceId","email") VALUES ($1,$2,$3) ON CONFLICT ("id") DO UPDATE SET "deletedAt" = $4 WHERE ("public"."Customer"."id" = $5 AND 1=1) RETURNING "public"."Customer"."id"

-- Prisma deleteMany over a relation
-- proven
DELETE FROM "public"."InvoiceLine" WHERE ("public"."InvoiceLine"."id") IN (SELECT "t0"."id" FROM "public"."InvoiceLine" AS "t0" LEFT JOIN "public"."Invoice" AS "j0" ON ("j0"."id") = ("t0"."invoiceId") WHERE ("j0"."workspaceId" = $1 AND ("j0"."id" IS NOT NULL) AND "t0"."id" IS NOT NULL))

-- Prisma cursor, the cursor row of anybody
-- violation
SELECT "public"."Invoice"."id" FROM "public"."Invoice", (SELECT "public"."Invoice"."dueAt" AS "Invoice_dueAt_0" FROM "public"."Invoice" WHERE ("public"."Invoice"."id") = ($1)) AS "order_cmp" WHERE ("public"."Invoice"."workspaceId" = $2 AND "public"."Invoice"."dueAt" <= "order_cmp"."Invoice_dueAt_0") ORDER BY "public"."Invoice"."dueAt" DESC LIMIT $3

-- the memberships of the caller, joined to their workspaces
-- weak TENSQL022
SELECT w."id", w."slug" FROM "Workspace" w JOIN "Membership" m ON m."workspaceId" = w."id" WHERE m."userId" = $1

-- a raw query with the workspace through the user's membership
-- weak TENSQL022
SELECT i."id" FROM "Invoice" i WHERE i."workspaceId" IN (SELECT m."workspaceId" FROM "Membership" m WHERE m."userId" = $1)

-- a raw query with the workspace through its member and its slug
-- proven
SELECT i."id" FROM "Invoice" i JOIN "Workspace" w ON w."id" = i."workspaceId" JOIN "Membership" m ON m."workspaceId" = w."id" AND m."userId" = $2 WHERE w."slug" = $1

-- the next number of the workspace, locked
-- proven
SELECT COALESCE(MAX("number"), 0) + 1 AS next FROM (SELECT "number" FROM "Invoice" WHERE "workspaceId" = $1 FOR UPDATE) t

-- the metadata of the own by a JSON path
-- proven
SELECT "id" FROM "Customer" WHERE "workspaceId" = $1 AND "metadata" #>> '{billing,vat}' = $2 AND "metadata" @? '$.tags[*] ? (@ == "vip")'

-- the currencies
-- proven
SELECT "code" FROM "Currency" ORDER BY "code"

-- a transaction of Prisma's
-- proven ; proven ; violation ; proven
BEGIN; SELECT 1; UPDATE "Invoice" SET "status" = 'VOID' WHERE "id" = $1; COMMIT
