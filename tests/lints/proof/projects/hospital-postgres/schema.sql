CREATE TABLE hospitals (hospital_no text PRIMARY KEY, name text NOT NULL, region text);
CREATE TABLE drugs (code text PRIMARY KEY, label text NOT NULL);
CREATE TABLE happenings (
  id bigint GENERATED ALWAYS AS IDENTITY,
  hospital_no text NOT NULL REFERENCES hospitals (hospital_no),
  happened_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE admissions (
  bed_id bigint,
  patient_id bigint NOT NULL,
  diagnosis text,
  PRIMARY KEY (id)
) INHERITS (happenings);
CREATE TABLE wards (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  hospital_no text NOT NULL REFERENCES hospitals (hospital_no),
  name text NOT NULL,
  floor int,
  label text GENERATED ALWAYS AS (hospital_no || ':' || name) STORED,
  UNIQUE (hospital_no, name),
  UNIQUE (hospital_no, id)
);
CREATE TABLE beds (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  ward_id bigint NOT NULL REFERENCES wards (id) ON DELETE CASCADE,
  number int NOT NULL,
  free boolean NOT NULL DEFAULT true
);
CREATE TABLE patients (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  hospital_no text NOT NULL REFERENCES hospitals (hospital_no),
  mrn text NOT NULL,
  name text,
  ward_id bigint,
  data jsonb NOT NULL DEFAULT '{}',
  UNIQUE (hospital_no, mrn),
  UNIQUE (hospital_no, id),
  FOREIGN KEY (hospital_no, ward_id) REFERENCES wards (hospital_no, id)
);
CREATE TABLE prescriptions (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  hospital_no text NOT NULL REFERENCES hospitals (hospital_no),
  patient_id bigint NOT NULL,
  drug_code text NOT NULL REFERENCES drugs (code),
  dose numeric,
  given_by text,
  FOREIGN KEY (hospital_no, patient_id) REFERENCES patients (hospital_no, id)
);
CREATE VIEW current_patients AS SELECT p.* FROM patients p WHERE p.ward_id IS NOT NULL;
CREATE VIEW ward_patients AS
  SELECT c.id, c.hospital_no, c.name, w.name AS ward FROM current_patients c
  JOIN wards w ON w.hospital_no = c.hospital_no AND w.id = c.ward_id;
CREATE VIEW ward_names AS SELECT id, name FROM wards;
CREATE MATERIALIZED VIEW doses AS
  SELECT hospital_no, drug_code, sum(dose) AS total FROM prescriptions GROUP BY hospital_no, drug_code;
CREATE MATERIALIZED VIEW all_doses AS SELECT drug_code, sum(dose) AS total FROM prescriptions GROUP BY drug_code;
CREATE FUNCTION patients_of(h text) RETURNS SETOF patients LANGUAGE sql STABLE AS
  $$ SELECT * FROM patients WHERE hospital_no = h $$;
CREATE FUNCTION any_patient(i bigint) RETURNS SETOF patients LANGUAGE sql STABLE AS
  $$ SELECT * FROM patients WHERE id = i $$;
