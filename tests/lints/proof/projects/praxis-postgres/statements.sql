-- Django filter
-- proven
SELECT "care_patient"."id", "care_patient"."clinic_id", "care_patient"."first_name" FROM "care_patient" WHERE ("care_patient"."clinic_id" = %s AND UPPER("care_patient"."last_name"::text) LIKE UPPER(%s)) ORDER BY "care_patient"."last_name" ASC LIMIT 21

-- Django get by pk
-- violation TENSQL001
SELECT "care_patient"."id", "care_patient"."first_name" FROM "care_patient" WHERE "care_patient"."id" = %s LIMIT 21

-- Django get by pk in the clinic, with the values a log shows
-- weak TENSQL007
SELECT "care_patient"."id" FROM "care_patient" WHERE ("care_patient"."clinic_id" = 3 AND "care_patient"."id" = 17) LIMIT 21

-- Django exists
-- proven
SELECT 1 AS "a" FROM "care_appointment" WHERE ("care_appointment"."clinic_id" = %s AND "care_appointment"."starts"::date = %s) LIMIT 1

-- Django select_related down a key
-- proven
SELECT "care_note"."id", "care_note"."body", "care_patient"."full_name" FROM "care_note" INNER JOIN "care_patient" ON ("care_note"."patient_id" = "care_patient"."id") WHERE "care_patient"."clinic_id" = %(clinic)s

-- Django select_related with an author of any clinic
-- weak TENSQL011
SELECT "care_note"."id", "care_staff"."role" FROM "care_note" INNER JOIN "care_patient" ON ("care_note"."patient_id" = "care_patient"."id") LEFT OUTER JOIN "care_staff" ON ("care_note"."author_id" = "care_staff"."id") WHERE "care_patient"."clinic_id" = %s

-- Django prefetch_related of the tags
-- violation
SELECT ("care_patient_tags"."patient_id") AS "_prefetch_related_val_patient_id", "care_tag"."id", "care_tag"."label" FROM "care_tag" INNER JOIN "care_patient_tags" ON ("care_tag"."id" = "care_patient_tags"."tag_id") WHERE "care_patient_tags"."patient_id" IN (%s, %s, %s)

-- Django exclude over a relation
-- proven
SELECT "care_patient"."id" FROM "care_patient" WHERE ("care_patient"."clinic_id" = %s AND NOT (EXISTS(SELECT 1 AS "a" FROM "care_note" U1 WHERE (U1."body"::text LIKE %s AND U1."patient_id" = ("care_patient"."id")) LIMIT 1)))

-- Django exclude of the clinic
-- violation
SELECT "care_patient"."id" FROM "care_patient" WHERE NOT ("care_patient"."clinic_id" = %s)

-- Django Q or
-- violation TENSQL006
SELECT "care_appointment"."id" FROM "care_appointment" WHERE ("care_appointment"."clinic_id" = %s OR "care_appointment"."state" = %s)

-- Django Q or within the clinic
-- proven
SELECT "care_appointment"."id" FROM "care_appointment" WHERE ("care_appointment"."clinic_id" = %s AND ("care_appointment"."state" = %s OR "care_appointment"."starts" > %s))

-- Django annotate with a count of notes
-- proven
SELECT "care_patient"."id", COUNT("care_note"."id") AS "n" FROM "care_patient" LEFT OUTER JOIN "care_note" ON ("care_patient"."id" = "care_note"."patient_id") WHERE "care_patient"."clinic_id" = %s GROUP BY "care_patient"."id" HAVING COUNT("care_note"."id") > %s

-- Django Subquery with OuterRef
-- proven
SELECT "care_patient"."id", (SELECT U0."body" FROM "care_note" U0 WHERE U0."patient_id" = ("care_patient"."id") ORDER BY U0."created" DESC LIMIT 1) AS "last" FROM "care_patient" WHERE "care_patient"."clinic_id" = %s

-- Django Subquery whose OuterRef is no key
-- violation TENSQL010
SELECT "care_patient"."id", (SELECT U0."id" FROM "care_patient" U0 WHERE U0."born" = ("care_patient"."born") ORDER BY U0."id" LIMIT 1) AS "twin" FROM "care_patient" WHERE "care_patient"."clinic_id" = %s

-- Django shared tags
-- proven
SELECT "care_tag"."label" FROM "care_tag" WHERE ("care_tag"."clinic_id" = %s OR "care_tag"."clinic_id" IS NULL)

-- Django tags that are not null
-- violation
SELECT "care_tag"."label" FROM "care_tag" WHERE ("care_tag"."clinic_id" IS NOT NULL AND "care_tag"."label" = %s)

-- Django only the shared tags
-- proven
SELECT "care_tag"."label" FROM "care_tag" WHERE "care_tag"."clinic_id" IS NULL

-- Django update
-- proven
UPDATE "care_appointment" SET "state" = %s WHERE ("care_appointment"."clinic_id" = %s AND "care_appointment"."id" = %s)

-- Django save by pk
-- violation TENSQL002
UPDATE "care_patient" SET "clinic_id" = %s, "first_name" = %s, "last_name" = %s WHERE "care_patient"."id" = %s

-- Django save moves the patient
-- violation TENSQL009
UPDATE "care_patient" SET "clinic_id" = %(new)s WHERE ("care_patient"."id" = %(pk)s AND "care_patient"."clinic_id" = %(clinic)s)

-- Django bulk_update
-- proven
UPDATE "care_appointment" SET "state" = (CASE WHEN ("care_appointment"."id" = %s) THEN %s WHEN ("care_appointment"."id" = %s) THEN %s ELSE NULL END)::varchar(10) WHERE ("care_appointment"."clinic_id" = %s AND "care_appointment"."id" IN (%s, %s))

-- Django bulk_create
-- proven
INSERT INTO "care_patient" ("clinic_id", "first_name", "last_name", "born") VALUES (%s, %s, %s, %s), (%s, %s, %s, %s) RETURNING "care_patient"."id"

-- Django bulk_create with unnest
-- proven
INSERT INTO "care_appointment" ("clinic_id", "patient_id", "starts", "state") SELECT * FROM UNNEST((%s)::bigint[], (%s)::bigint[], (%s)::timestamp with time zone[], (%s)::varchar[]) RETURNING "care_appointment"."id"

-- Django update_or_create of a member
-- proven
INSERT INTO "care_staff" ("clinic_id", "user_id", "role") VALUES (%s, %s, %s) ON CONFLICT("clinic_id", "user_id") DO UPDATE SET "role" = EXCLUDED."role" RETURNING "care_staff"."id"

-- Django delete collects
-- proven
DELETE FROM "care_note" WHERE "care_note"."patient_id" IN (SELECT U0."id" FROM "care_patient" U0 WHERE (U0."clinic_id" = %s AND U0."born" < %s))

-- Django delete by ids
-- violation TENSQL003
DELETE FROM "care_patient_tags" WHERE "care_patient_tags"."patient_id" IN (%s, %s)

-- full text in the clinic
-- proven
SELECT "id", ts_rank("search", websearch_to_tsquery('english'::regconfig, %s)) AS rank, ts_headline('english', full_name, plainto_tsquery(%s)) FROM care_patient WHERE clinic_id = %s AND search @@ (websearch_to_tsquery('english'::regconfig, %s)) ORDER BY rank DESC

-- full text everywhere
-- violation TENSQL001
SELECT "id" FROM care_patient WHERE search @@ to_tsquery('simple', %s)

-- a partition named directly, by the clinic
-- proven
SELECT count(*) FROM care_appointment_2025 WHERE clinic_id = %s

-- a partition named directly, by time
-- violation TENSQL001
SELECT count(*) FROM care_appointment_default WHERE starts < %s

-- a partition emptied
-- violation TENSQL014
TRUNCATE care_appointment_2025

-- a generated name is no tenant
-- violation TENSQL001
SELECT id FROM care_patient WHERE full_name = %s

-- a server-side cursor of Django's
-- proven
DECLARE "_django_curs_1400_sync_1" NO SCROLL CURSOR WITHOUT HOLD FOR SELECT "care_patient"."id" FROM "care_patient" WHERE "care_patient"."clinic_id" = %s

-- a server-side cursor over everybody
-- violation TENSQL001
DECLARE "_django_curs_1400_sync_2" NO SCROLL CURSOR WITHOUT HOLD FOR SELECT "care_patient"."id" FROM "care_patient"

-- a session of the framework
-- proven
SELECT "django_session"."session_key", "django_session"."session_data" FROM "django_session" WHERE ("django_session"."expire_date" > %s AND "django_session"."session_key" = %s) LIMIT 21
