-- a negated disjunction of the difference
-- proven
SELECT id FROM visits WHERE NOT (practice_id <> $1 OR status = 'void')

-- the difference is not true
-- violation
SELECT id FROM visits WHERE (practice_id <> $1) IS NOT TRUE

-- not that sameness is not true
-- proven
SELECT id FROM visits WHERE NOT (practice_id IS NOT DISTINCT FROM $1) IS NOT TRUE

-- the comparison is known
-- violation
SELECT id FROM visits WHERE (practice_id = $1) IS NOT UNKNOWN

-- nullif of the tenant is null
-- proven
SELECT id FROM visits WHERE NULLIF(practice_id, $1) IS NULL

-- an unknown comparison counts as false
-- proven
SELECT id, fee FROM visits WHERE COALESCE(practice_id = $1, false)

-- an unknown comparison counts as true
-- violation
SELECT id, fee FROM visits WHERE COALESCE(practice_id = $1, true)

-- at least true
-- proven
SELECT id FROM visits WHERE (practice_id = $1) >= true

-- at most true
-- violation
SELECT id FROM visits WHERE (practice_id = $1) <= true

-- record numbers of other practices excluded
-- violation TENSQL010
SELECT p.id FROM patients p WHERE p.practice_id = $1 AND p.mrn NOT IN (SELECT x.mrn FROM patients x WHERE x.practice_id <> $1)

-- record numbers of the own practice excluded
-- proven
SELECT p.id FROM patients p WHERE p.practice_id = $1 AND p.mrn NOT IN (SELECT x.mrn FROM patients x WHERE x.practice_id = $1 AND x.email IS NULL)

-- a join in the parentheses of an outer join
-- proven
SELECT p.mrn, v.id, d.name FROM patients p LEFT JOIN (visits v JOIN doctors d ON d.id = v.doctor_id AND d.practice_id = $1) ON v.patient_id = p.id AND v.practice_id = $1 WHERE p.practice_id = $1

-- an outer join in the parentheses of an outer join, the last by a simple key
-- weak TENSQL011
SELECT p.mrn, d.name FROM patients p LEFT JOIN (visits v LEFT JOIN doctors d ON d.id = v.doctor_id) ON v.patient_id = p.id AND v.practice_id = p.practice_id WHERE p.practice_id = $1

-- a full join whose either side is the practice's
-- proven
SELECT p.mrn, v.fee FROM patients p FULL JOIN visits v ON v.patient_id = p.id AND v.practice_id = p.practice_id WHERE COALESCE(p.practice_id, v.practice_id) = $1

-- a full join on a word whose either side is the practice's
-- violation
SELECT p.mrn, v.fee FROM patients p FULL JOIN visits v ON v.status = p.mrn WHERE COALESCE(p.practice_id, v.practice_id) = $1

-- a right join that the condition on the left makes inner
-- proven
SELECT d.name, p.mrn FROM doctors d LEFT JOIN visits v ON v.doctor_id = d.id AND v.practice_id = $1 RIGHT JOIN patients p ON p.id = v.patient_id AND p.practice_id = $1 WHERE d.practice_id = $1

-- a right join whose left side hangs on keys
-- weak TENSQL011
SELECT d.name, p.mrn FROM doctors d JOIN visits v ON v.doctor_id = d.id RIGHT JOIN patients p ON p.id = v.patient_id WHERE p.practice_id = $1

-- using twice, an outer join last
-- proven
SELECT s.role, t.title FROM patients p JOIN staff s USING (practice_id) LEFT JOIN templates t USING (practice_id) WHERE practice_id = $1

-- using in a right join, the nullable side compared
-- proven
SELECT t.title, s.role FROM templates t RIGHT JOIN staff s USING (practice_id) WHERE t.practice_id = $1

-- using in a full join, the merged column compared
-- proven
SELECT title, role FROM staff s FULL JOIN templates t USING (practice_id) WHERE practice_id = $1

-- natural join on the wrong identifier
-- violation TENSQL010
SELECT body FROM visits NATURAL LEFT JOIN visit_notes WHERE practice_id = $1

-- a sum per patient by a key that carries the practice
-- proven
SELECT p.mrn, x.total FROM patients p, LATERAL (SELECT sum(v.fee) AS total FROM visits v WHERE v.patient_id = p.id) x WHERE p.practice_id = $1

-- a lateral count joined on true, tied by the practice
-- proven
SELECT d.name, x.n FROM doctors d LEFT JOIN LATERAL (SELECT count(*) AS n FROM visits v WHERE v.doctor_id = d.id AND v.practice_id = d.practice_id) x ON true WHERE d.practice_id = $1

-- a lateral count of everybody's, the practice only in its ON
-- violation TENSQL010
SELECT d.name, x.n FROM doctors d LEFT JOIN LATERAL (SELECT count(*) AS n FROM visits v WHERE v.fee > 100) x ON d.practice_id = $1 WHERE d.practice_id = $1

-- grouping sets of which having keeps the practice's
-- proven
SELECT practice_id, status, count(*) FROM visits GROUP BY GROUPING SETS ((practice_id, status), (status)) HAVING practice_id = $1

-- a rollup with the grand total
-- violation
SELECT practice_id, status, count(*) FROM visits GROUP BY ROLLUP (practice_id, status) HAVING practice_id = $1 OR GROUPING(practice_id) = 1

-- a cube of the practice's own
-- proven
SELECT status, doctor_id, count(*) FROM visits WHERE practice_id = $1 GROUP BY CUBE (status, doctor_id)

-- the fee before, per doctor, filtered later
-- violation TENSQL012
SELECT * FROM (SELECT v.*, lag(fee) OVER (PARTITION BY doctor_id ORDER BY starts) AS previous FROM visits v) w WHERE w.practice_id = $1

-- a running sum per practice and patient, filtered later
-- proven
SELECT * FROM (SELECT practice_id, patient_id, sum(fee) OVER (PARTITION BY practice_id, patient_id ORDER BY starts ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS paid FROM visits) w WHERE w.practice_id = $1

-- the own practice sorts first
-- violation TENSQL001
SELECT first_value(fee) OVER (ORDER BY (practice_id = $1) DESC, starts) FROM visits LIMIT 1

-- the latest visit per practice and patient, filtered later
-- proven
SELECT * FROM (SELECT DISTINCT ON (practice_id, patient_id) * FROM visits ORDER BY practice_id, patient_id, starts DESC) l WHERE l.practice_id = $1

-- one visit per practice, the own first
-- violation TENSQL001
SELECT DISTINCT ON (practice_id) practice_id, fee FROM visits ORDER BY practice_id, (practice_id = $1) DESC

-- record numbers nobody else has
-- violation
SELECT mrn FROM patients WHERE practice_id = $1 EXCEPT ALL SELECT mrn FROM patients WHERE practice_id <> $1

-- three branches of the own
-- proven
SELECT mrn FROM patients WHERE practice_id = $1 EXCEPT SELECT mrn FROM patients WHERE practice_id = $1 AND born IS NULL UNION SELECT email::text FROM patients WHERE practice_id = $1

-- an intersection that pins the practice
-- proven
SELECT id, practice_id FROM visits INTERSECT SELECT id, $1::uuid FROM visits WHERE practice_id = $1

-- recursion with its columns renamed
-- proven
WITH RECURSIVE t(node, up, org) AS (SELECT id, parent_id, practice_id FROM departments WHERE id = $2 AND practice_id = $1 UNION ALL SELECT d.id, d.parent_id, d.practice_id FROM departments d JOIN t ON d.parent_id = t.node AND d.practice_id = t.org) SELECT node, up FROM t

-- recursion over everybody that keeps the practice, filtered later
-- proven
WITH RECURSIVE t(node, org) AS (SELECT id, practice_id FROM departments WHERE parent_id IS NULL UNION SELECT d.id, d.practice_id FROM departments d JOIN t ON d.parent_id = t.node AND d.practice_id = t.org) SELECT node FROM t WHERE org = $1

-- recursion whose step needs only one of two ties
-- violation
WITH RECURSIVE t AS (SELECT id, practice_id, 1 AS depth FROM departments WHERE practice_id = $1 UNION ALL SELECT d.id, d.practice_id, t.depth + 1 FROM t, departments d WHERE t.depth < 5 AND (d.parent_id = t.id OR d.practice_id = t.practice_id)) SELECT id FROM t

-- what was deleted names the patients to change
-- proven
WITH gone AS (DELETE FROM visits WHERE practice_id = $1 AND status = 'void' RETURNING patient_id), kept AS (UPDATE patients SET email = NULL WHERE id IN (SELECT patient_id FROM gone) RETURNING id) SELECT count(*) FROM kept

-- a visit inserted for an own patient, then its note
-- proven
WITH made AS (INSERT INTO visits (practice_id, patient_id, status) SELECT practice_id, id, 'new' FROM patients WHERE practice_id = $1 AND id = $2 RETURNING id) INSERT INTO visit_notes (visit_id, body) SELECT id, $3 FROM made

-- renamed by id, then copied to the caller
-- violation TENSQL002
WITH named AS (UPDATE doctors SET name = $3 WHERE id = $2 RETURNING *) INSERT INTO departments (practice_id, name) SELECT $1, name FROM named

-- merge that deletes whatever the source lacks
-- violation TENSQL003
MERGE INTO visits v USING (SELECT * FROM jsonb_to_recordset($2::jsonb) AS x(id bigint, fee int)) s ON v.id = s.id AND v.practice_id = $1 WHEN MATCHED THEN UPDATE SET fee = s.fee WHEN NOT MATCHED BY SOURCE THEN DELETE

-- merge that deletes the own that the source lacks
-- proven
MERGE INTO visits v USING (SELECT * FROM jsonb_to_recordset($2::jsonb) AS x(id bigint, fee int)) s ON v.id = s.id AND v.practice_id = $1 WHEN MATCHED THEN UPDATE SET fee = s.fee WHEN NOT MATCHED BY SOURCE AND v.practice_id = $1 THEN DELETE

-- merge that deletes or inserts within the practice
-- proven
MERGE INTO templates t USING (SELECT $1::uuid AS practice_id, $2::bigint AS id) s ON t.id = s.id AND t.practice_id = s.practice_id WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT (practice_id, title) VALUES (s.practice_id, 'new')

-- merge whose insert forgets the practice
-- violation TENSQL004
MERGE INTO doctors t USING (SELECT $1::uuid AS practice_id, $2::text AS badge) s ON t.badge = s.badge AND t.practice_id = s.practice_id WHEN MATCHED THEN UPDATE SET active = false WHEN NOT MATCHED THEN INSERT (name, badge) VALUES ('?', s.badge)

-- a shared template copied to the caller
-- proven
INSERT INTO templates (practice_id, title, body) SELECT $1, t.title, t.body FROM templates t WHERE t.practice_id IS NULL AND t.id = $2

-- templates in common and one's own
-- proven
SELECT t.title FROM templates t WHERE t.practice_id = $1 OR t.practice_id IS NULL ORDER BY t.practice_id NULLS LAST

-- upsert on the practice's number, unless it has an address
-- proven
INSERT INTO patients (practice_id, mrn, email) VALUES ($1, $2, $3) ON CONFLICT (practice_id, mrn) DO UPDATE SET email = EXCLUDED.email WHERE patients.email IS NULL RETURNING id

-- upsert on a partial index without the practice
-- violation TENSQL008
INSERT INTO doctors (practice_id, name, badge) VALUES ($1, $2, $3) ON CONFLICT (badge) WHERE active DO UPDATE SET name = EXCLUDED.name

-- upsert on a partial index, guarded
-- proven
INSERT INTO doctors (practice_id, name, badge) VALUES ($1, $2, $3) ON CONFLICT (badge) WHERE active DO UPDATE SET name = EXCLUDED.name WHERE doctors.practice_id = EXCLUDED.practice_id

-- upsert that hands the row on
-- violation TENSQL009
INSERT INTO patients (practice_id, mrn) VALUES ($1, $2) ON CONFLICT (practice_id, mrn) DO UPDATE SET practice_id = $3

-- update through the caller's own view
-- proven
UPDATE my_visits SET fee = 0 WHERE id = $1

-- either case has the practice
-- proven
SELECT id FROM visits WHERE CASE WHEN $2 THEN practice_id = $1 ELSE practice_id = $1 AND status = 'open' END

-- one case has the practice
-- violation
SELECT id FROM visits WHERE CASE WHEN $2 THEN practice_id = $1 ELSE status = 'public' END

-- the row's own practice in the other case
-- violation
SELECT id FROM visits WHERE practice_id = CASE WHEN $2 THEN $1 ELSE practice_id END

-- a simple case of the practice
-- proven
SELECT id FROM visits WHERE CASE practice_id WHEN $1 THEN true END

-- a case that lets the unknown through
-- violation
SELECT id FROM visits WHERE CASE WHEN practice_id <> $1 THEN false ELSE true END

-- arrays of one are equal
-- proven
SELECT id FROM visits WHERE ARRAY[practice_id] = ARRAY[$1::uuid]

-- all of an array of the row's practice
-- proven
SELECT id FROM visits WHERE $1::uuid = ALL (ARRAY[practice_id])

-- an array with somebody's practice among
-- violation
SELECT id FROM visits WHERE practice_id = ANY (ARRAY[$1::uuid, (SELECT practice_id FROM staff WHERE id = $2)])

-- rows that are not distinct
-- proven
SELECT id FROM visits WHERE (practice_id, status) IS NOT DISTINCT FROM ($1::uuid, $2::text)

-- between two rows of one practice
-- proven
SELECT id FROM visits WHERE (practice_id, id) BETWEEN ($1::uuid, $2::bigint) AND ($1::uuid, $3::bigint)

-- a row in a query of the parameter and an aggregate
-- proven
SELECT id FROM visits WHERE ROW(practice_id, starts) IN (SELECT $1::uuid, max(x.starts) FROM visits x WHERE x.practice_id = $1)

-- the practice as text, the parameter in lower case
-- proven
SELECT id FROM visits WHERE practice_id::text = lower($1)

-- the first eight characters
-- violation TENSQL001
SELECT id FROM visits WHERE left(practice_id::text, 8) = left($1::text, 8)

-- the practice by its slug, case ignored
-- violation
SELECT id FROM visits WHERE practice_id = (SELECT id FROM practices WHERE lower(slug) = lower($1))

-- the practice by its slug under a collation
-- proven
SELECT v.id FROM visits v JOIN practices pr ON pr.id = v.practice_id WHERE pr.slug = $1 COLLATE "C"

-- a path into the claims
-- proven
SELECT id FROM visits WHERE practice_id = (current_setting('request.jwt.claims', true)::jsonb #>> '{app_metadata,practice_id}')::uuid

-- an existence tied to itself
-- violation
SELECT v.id FROM visits v WHERE EXISTS (SELECT 1 FROM staff s WHERE s.practice_id = s.practice_id AND s.user_id = $1)

-- an alias that hides the outer one
-- violation
SELECT v.id FROM visits v WHERE EXISTS (SELECT 1 FROM patients v WHERE v.practice_id = $1)

-- an alias hidden in a join of the sub-select
-- violation
SELECT p.id FROM patients p WHERE EXISTS (SELECT 1 FROM visits v JOIN patients p ON p.id = v.patient_id WHERE p.practice_id = $1)

-- the real table behind a name that hides it
-- violation
WITH visits AS (SELECT * FROM visits WHERE practice_id = $1) SELECT * FROM public.visits

-- the average of each practice, meant
-- violation
SELECT id FROM visits WHERE practice_id = $1 AND fee > (SELECT avg(fee) FROM visits WHERE visits.practice_id = practice_id)

-- a copy of the table by a list of one column
-- proven
SELECT a.id, b.id FROM visits a, visits b WHERE a.practice_id = $1 AND b.id <> a.id AND b.practice_id IN (a.practice_id)

-- a fee copied from anybody's visit
-- violation TENSQL010
UPDATE visits v SET fee = o.fee FROM visits o WHERE v.practice_id = $1 AND v.id = $3 AND o.id = $2

-- the latest visit in the list, by a simple key
-- weak TENSQL011
SELECT d.name, (SELECT max(starts) FROM visits WHERE doctor_id = d.id) FROM doctors d WHERE practice_id = $1

-- the practice's name in the list
-- proven
SELECT v.id, (SELECT name FROM practices WHERE id = v.practice_id) FROM visits v WHERE practice_id = $1

-- a scalar that may be nothing
-- proven
SELECT id FROM visits WHERE practice_id = (SELECT $1::uuid WHERE $2::boolean)

-- the practice of the latest visit of all
-- violation
SELECT id FROM visits WHERE practice_id = (SELECT practice_id FROM visits ORDER BY starts DESC LIMIT 1)

-- values that may be empty open the join
-- violation
SELECT v.id FROM (VALUES ($1::uuid), (NULL)) AS w(p) JOIN visits v ON v.practice_id = w.p OR w.p IS NULL

-- a temporary table of keys, then a delete by it
-- proven ; proven
CREATE TEMP TABLE mine AS SELECT id FROM visits WHERE practice_id = $1; DELETE FROM visits USING mine WHERE visits.id = mine.id

-- a temporary table of everybody, filtered when read
-- violation ; proven
CREATE TEMP TABLE work ON COMMIT DROP AS SELECT id, practice_id, fee FROM visits; SELECT sum(fee) FROM work WHERE practice_id = $1

-- a role, then a scoped read
-- violation ; proven
SET ROLE clinic_app; SELECT id FROM visits WHERE practice_id = $1

-- a partition by its own name
-- proven
SELECT value FROM lab_results_2026 WHERE practice_id = $1 AND code = $2

-- a partition by the patient
-- violation TENSQL001
SELECT value FROM lab_results_2026 WHERE patient_id = $1

-- a note by an outer join of its visit
-- violation
SELECT n.body FROM visit_notes n LEFT JOIN visits v ON v.id = n.visit_id AND v.practice_id = $1

-- notes deleted through two keys
-- proven
DELETE FROM visit_notes n USING visits v, patients p WHERE n.visit_id = v.id AND v.patient_id = p.id AND p.practice_id = $1

-- a note moved between own visits
-- proven
UPDATE visit_notes SET visit_id = (SELECT id FROM visits WHERE id = $2 AND practice_id = $1) WHERE id = $3 AND visit_id IN (SELECT id FROM visits WHERE practice_id = $1)

-- the whole row in a function
-- proven
SELECT row_to_json(v) FROM visits v WHERE v.practice_id = $1 AND v.fee >= ALL (SELECT x.fee FROM visits x WHERE x.practice_id = v.practice_id)

-- a lateral list of one value
-- proven
SELECT v.id FROM visits v JOIN LATERAL (VALUES (v.practice_id)) x(p) ON x.p = $1

-- a doctor by a badge that may be anybody's
-- violation TENSQL010
INSERT INTO visits (practice_id, patient_id, doctor_id) VALUES ($1, $2, (SELECT id FROM doctors WHERE badge = $3))

-- joined to one practice and not tied to it
-- violation
SELECT v.id FROM visits v JOIN practices pr ON pr.id = $1

-- a practice taken over by its slug
-- violation TENSQL008
INSERT INTO practices (id, slug, name) VALUES ($1, $2, $3) ON CONFLICT (slug) DO UPDATE SET name = EXCLUDED.name

-- an existence of staff of the own
-- proven
SELECT v.id FROM visits v WHERE EXISTS (SELECT 1 FROM staff s WHERE s.practice_id = v.practice_id AND s.practice_id = $1)

-- an existence of a group that always is
-- violation
SELECT v.id FROM visits v WHERE EXISTS (SELECT 1 FROM staff s WHERE s.practice_id = v.practice_id AND s.practice_id = $1 HAVING count(*) >= 0)

-- notes of an author beside the own visits
-- violation
SELECT v.id FROM visits v WHERE v.practice_id = $1 UNION ALL SELECT n.id FROM visit_notes n WHERE n.author = $2

-- nothing skipped within the practice
-- proven
WITH v AS MATERIALIZED (SELECT * FROM visits WHERE practice_id = $1 OFFSET 0) SELECT id FROM v

-- some skipped before the practice
-- violation
WITH v AS MATERIALIZED (SELECT * FROM visits OFFSET 5) SELECT id FROM v WHERE practice_id = $1

-- deleted without notes
-- proven
DELETE FROM visits WHERE practice_id = $1 AND NOT EXISTS (SELECT 1 FROM visit_notes n WHERE n.visit_id = visits.id)

-- the oldest patient of all renamed
-- violation
UPDATE patients SET mrn = $2 FROM (SELECT id FROM patients ORDER BY born LIMIT 1) o WHERE patients.id = o.id

-- a named window over the own
-- proven
SELECT percent_rank() OVER w FROM visits WHERE practice_id = $1 WINDOW w AS (ORDER BY fee)

-- a named window over everybody
-- violation
SELECT x.r FROM (SELECT practice_id, ntile(4) OVER w AS r FROM visits WINDOW w AS (ORDER BY fee)) x WHERE x.practice_id = $1

-- results copied within the practice
-- proven
INSERT INTO lab_results (practice_id, patient_id, taken) SELECT p.practice_id, p.id, CURRENT_DATE FROM patients p WHERE p.practice_id = $1 ON CONFLICT (practice_id, patient_id, taken) DO UPDATE SET value = EXCLUDED.value

-- or any practice that has an owner
-- violation
SELECT id FROM visits WHERE practice_id = $1 OR practice_id IN (SELECT practice_id FROM staff WHERE role = 'owner')

-- the practice or the word for all
-- violation
SELECT id FROM visits WHERE $1 IN (practice_id::text, 'all')

-- groups that the practice or many are in
-- violation
SELECT count(*) FROM visits GROUP BY practice_id HAVING bool_or(practice_id = $1) OR count(*) > 10

-- the greatest of the practice's group
-- proven
SELECT max(fee) FROM visits GROUP BY practice_id HAVING practice_id = $1
