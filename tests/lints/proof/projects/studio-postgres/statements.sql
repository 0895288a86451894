-- a mapper's find many
-- proven
SELECT "public"."Scene"."id", "public"."Scene"."title" FROM "public"."Scene" WHERE ("public"."Scene"."organizationId" = $1 AND "public"."Scene"."isDraft" = $2) ORDER BY "public"."Scene"."id" ASC LIMIT $3 OFFSET $4

-- a mapper's find unique
-- violation TENSQL001
SELECT "public"."Scene"."id", "public"."Scene"."title" FROM "public"."Scene" WHERE ("public"."Scene"."id" = $1 AND 1=1) LIMIT $2 OFFSET $3

-- a mapper's relation filter
-- proven
SELECT "t0"."id" FROM "public"."Shot" AS "t0" LEFT JOIN "public"."Scene" AS "j0" ON ("j0"."id") = ("t0"."sceneId") WHERE ("j0"."organizationId" = $1 AND ("j0"."id" IS NOT NULL))

-- a mapper's some
-- proven
SELECT "t0"."id" FROM "Scene" AS "t0" WHERE ("t0"."organizationId" = $1 AND ("t0"."id") IN (SELECT "t1"."sceneId" FROM "Shot" AS "t1" WHERE ("t1"."order" > $2 AND "t1"."sceneId" IS NOT NULL)))

-- a mapper's lateral aggregate
-- proven
SELECT "t0"."id", COALESCE("c0"."n", 0) AS "_count" FROM "Scene" AS "t0" LEFT JOIN LATERAL (SELECT COUNT(*) AS "n" FROM "Shot" AS "t1" WHERE "t1"."sceneId" = "t0"."id") AS "c0" ON true WHERE "t0"."organizationId" = $1

-- the case lost by the quotes' absence
-- opaque
SELECT title FROM Scene WHERE organizationId = $1

-- the join table through both
-- proven
SELECT "B" FROM "_AssetToShot" x JOIN "Asset" a ON a."id" = x."A" WHERE a."organizationId" = $1

-- the join table by one id
-- violation
SELECT "B" FROM "_AssetToShot" WHERE "A" = $1

-- an organisation by its slug (a tenant's unique name names it; first labelled weak)
-- proven
SELECT "id" FROM "Organization" WHERE "slug" = $1

-- scenes by the organisation's slug (a tenant's unique name names it; first labelled weak)
-- proven
SELECT s."title" FROM "Scene" s JOIN "Organization" o ON o."id" = s."organizationId" WHERE o."slug" = $1

-- an upsert by the tenant's key
-- proven
INSERT INTO "Asset" ("id","organizationId","key") VALUES ($1,$2,$3) ON CONFLICT ("organizationId","key") DO UPDATE SET "sceneId" = $4 WHERE ("public"."Asset"."organizationId" = $2 AND 1=1) RETURNING "id"

-- a scene of another tenant attached
-- proven
UPDATE "Asset" SET "sceneId" = $1 WHERE ("id" IN ($2) AND "organizationId" = $3)

-- shots of scenes by a list
-- violation TENSQL001
SELECT "id", "sceneId" FROM "Shot" WHERE "sceneId" IN ($1,$2,$3)

-- shots moved within the tenant
-- proven
UPDATE "Shot" AS s SET "order" = s."order" + 1 FROM "Scene" c WHERE c."id" = s."sceneId" AND c."organizationId" = $1 AND s."order" >= $2

-- shots moved to another's scene
-- violation TENSQL019
UPDATE "Shot" SET "sceneId" = $1 WHERE "id" = $2 AND "sceneId" IN (SELECT "id" FROM "Scene" WHERE "organizationId" = $3)
