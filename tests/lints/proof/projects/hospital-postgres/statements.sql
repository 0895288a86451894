-- a child by inheritance, its inherited tenant
-- proven
SELECT id, diagnosis FROM admissions WHERE hospital_no = $1 AND patient_id = $2

-- a child by inheritance by its own id
-- violation TENSQL001
SELECT id, diagnosis FROM admissions WHERE id = $1

-- the parent table reads its heirs too
-- proven
SELECT tableoid::regclass, id FROM happenings WHERE hospital_no = $1 ORDER BY happened_at DESC LIMIT 20

-- the parent table alone, by time
-- violation TENSQL001
SELECT id FROM ONLY happenings WHERE happened_at > $1

-- a generated column that holds the tenant as text is not the tenant
-- violation
SELECT floor FROM wards WHERE label = $1

-- views over views with the tenant
-- proven
SELECT name, ward FROM ward_patients WHERE hospital_no = $1 AND ward ILIKE $2

-- views over views without the tenant
-- violation
SELECT name, ward FROM ward_patients WHERE ward = $1

-- a view that drops the tenant
-- violation
SELECT n.name FROM ward_names n WHERE n.id = $1

-- a view that drops the tenant joined to its table
-- proven
SELECT n.name FROM ward_names n JOIN wards w ON w.id = n.id WHERE w.hospital_no = $1

-- a materialised view by its tenant
-- proven
SELECT drug_code, total FROM doses WHERE hospital_no = $1

-- a materialised view over all tenants
-- violation
SELECT total FROM all_doses WHERE drug_code = $1

-- a function of the tenant
-- proven
SELECT mrn FROM patients_of($1) WHERE name = $2

-- a function of anybody
-- violation
SELECT mrn FROM any_patient($1)

-- a function of anybody, filtered afterwards
-- proven
SELECT mrn FROM any_patient($1) WHERE hospital_no = $2

-- a function of the tenant for every tenant
-- violation
SELECT p.mrn FROM hospitals h CROSS JOIN LATERAL patients_of(h.hospital_no) p

-- a function of the tenant for the caller's row of the tenants
-- proven
SELECT p.mrn FROM hospitals h CROSS JOIN LATERAL patients_of(h.hospital_no) p WHERE h.hospital_no = $1

-- beds through their ward, three deep and correlated
-- proven
SELECT p.mrn FROM patients p WHERE p.hospital_no = $1 AND EXISTS (SELECT 1 FROM wards w WHERE w.hospital_no = p.hospital_no AND EXISTS (SELECT 1 FROM beds b WHERE b.ward_id = w.id AND b.free AND w.id = p.ward_id))

-- the inner correlation forgets the tenant
-- violation TENSQL010
SELECT p.mrn FROM patients p WHERE p.hospital_no = $1 AND EXISTS (SELECT 1 FROM wards w WHERE w.name = p.name AND EXISTS (SELECT 1 FROM beds b WHERE b.ward_id = w.id AND b.free))

-- lateral top one
-- proven
SELECT p.mrn, l.dose FROM patients p LEFT JOIN LATERAL (SELECT r.dose FROM prescriptions r WHERE r.hospital_no = p.hospital_no AND r.patient_id = p.id ORDER BY r.id DESC LIMIT 1) l ON true WHERE p.hospital_no = $1

-- lateral top one by the patient only, a composite key carries the tenant
-- proven
SELECT p.mrn, l.dose FROM patients p LEFT JOIN LATERAL (SELECT r.dose FROM prescriptions r WHERE r.patient_id = p.id ORDER BY r.id DESC LIMIT 1) l ON true WHERE p.hospital_no = $1

-- a window before the filter
-- violation TENSQL012
SELECT * FROM (SELECT hospital_no, id, rank() OVER (ORDER BY dose DESC) AS place FROM prescriptions) r WHERE r.hospital_no = $1 AND place < 10

-- a window by tenant before the filter
-- proven
SELECT * FROM (SELECT hospital_no, id, rank() OVER (PARTITION BY hospital_no ORDER BY dose DESC) AS place FROM prescriptions) r WHERE r.hospital_no = $1 AND place < 10

-- a window by tenant and another by nothing
-- violation TENSQL012
SELECT * FROM (SELECT hospital_no, id, rank() OVER (PARTITION BY hospital_no ORDER BY dose DESC) AS place, count(*) OVER () AS n FROM prescriptions) r WHERE r.hospital_no = $1

-- the tenant only in FILTER
-- violation TENSQL001
SELECT count(*) FILTER (WHERE hospital_no = $1) AS mine FROM prescriptions

-- the tenant in WHERE, something else in FILTER
-- proven
SELECT count(*) FILTER (WHERE dose > 5) AS strong, count(*) AS n FROM prescriptions WHERE hospital_no = $1

-- grouping sets after the filter
-- proven
SELECT drug_code, given_by, sum(dose) FROM prescriptions WHERE hospital_no = $1 GROUP BY GROUPING SETS ((drug_code), (given_by), ())

-- rollup over the tenant filtered in HAVING
-- violation
SELECT hospital_no, drug_code, sum(dose) FROM prescriptions GROUP BY ROLLUP (hospital_no, drug_code) HAVING hospital_no = $1 OR hospital_no IS NULL

-- having the tenant as a group
-- proven
SELECT hospital_no, sum(dose) FROM prescriptions GROUP BY hospital_no HAVING hospital_no = $1

-- rollup having the tenant
-- proven
SELECT hospital_no, drug_code, sum(dose) FROM prescriptions GROUP BY ROLLUP (hospital_no, drug_code) HAVING hospital_no = $1

-- JSON inside the tenant
-- proven
SELECT id, data ->> 'allergy' FROM patients WHERE hospital_no = $1 AND data @> $2::jsonb AND data ? 'allergy'

-- the tenant inside JSON only
-- violation TENSQL001
SELECT id FROM patients WHERE data ->> 'hospital_no' = $1

-- sampled, then the tenant
-- proven
SELECT id FROM prescriptions TABLESAMPLE BERNOULLI (10) REPEATABLE (42) WHERE hospital_no = $1

-- locked rows of the tenant
-- proven
SELECT id FROM admissions WHERE hospital_no = $1 AND bed_id IS NULL ORDER BY id FOR UPDATE SKIP LOCKED LIMIT 1

-- update from a view over views
-- proven
UPDATE patients p SET data = p.data || $2 FROM ward_patients v WHERE v.id = p.id AND v.hospital_no = $1

-- update of the parent by time
-- violation TENSQL002
UPDATE happenings SET happened_at = now() WHERE happened_at > now()

-- delete of an heir through a parent id
-- violation TENSQL003
DELETE FROM admissions a USING patients p WHERE p.id = a.patient_id AND p.mrn = $1

-- merge with several branches, the tenant in ON
-- proven
MERGE INTO wards w USING (VALUES ($1::text, $2::text, $3::int)) AS s(h, n, f) ON w.hospital_no = s.h AND w.name = s.n WHEN MATCHED AND s.f IS NULL THEN DELETE WHEN MATCHED THEN UPDATE SET floor = s.f WHEN NOT MATCHED THEN INSERT (hospital_no, name, floor) VALUES (s.h, s.n, s.f)

-- merge whose ON is the name only
-- violation
MERGE INTO wards w USING (VALUES ($1::text, $2::text, $3::int)) AS s(h, n, f) ON w.name = s.n WHEN MATCHED AND w.hospital_no = s.h THEN UPDATE SET floor = s.f WHEN NOT MATCHED THEN INSERT (hospital_no, name, floor) VALUES (s.h, s.n, s.f)

-- refresh of what all read
-- proven
REFRESH MATERIALIZED VIEW CONCURRENTLY doses

-- a column from JSON put beside the tenant
-- proven
INSERT INTO patients (hospital_no, mrn, name) SELECT $1, x.mrn, x.name FROM jsonb_to_recordset($2) AS x(mrn text, name text)

-- the tenant comes with the JSON (what a document names as its tenant is its word; first labelled proven)
-- violation TENSQL004
INSERT INTO patients (hospital_no, mrn, name) SELECT x.hospital_no, x.mrn, x.name FROM jsonb_to_recordset($1) AS x(hospital_no text, mrn text, name text)
