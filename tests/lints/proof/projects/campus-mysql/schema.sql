CREATE TABLE schools (code varchar(20) NOT NULL, name varchar(255) NOT NULL, PRIMARY KEY (code));
CREATE TABLE pupils (id bigint NOT NULL AUTO_INCREMENT, school_code varchar(20) NOT NULL, first_name varchar(80), grade tinyint, PRIMARY KEY (id), KEY ix (school_code), CONSTRAINT fk_p FOREIGN KEY (school_code) REFERENCES schools (code));
CREATE TABLE courses (id bigint NOT NULL AUTO_INCREMENT, school_code varchar(20) NOT NULL, title varchar(120), teacher_id bigint, PRIMARY KEY (id), CONSTRAINT fk_c FOREIGN KEY (school_code) REFERENCES schools (code));
CREATE TABLE enrolments (pupil_id bigint NOT NULL, course_id bigint NOT NULL, mark decimal(3,1), PRIMARY KEY (pupil_id, course_id), CONSTRAINT fk_e1 FOREIGN KEY (pupil_id) REFERENCES pupils (id), CONSTRAINT fk_e2 FOREIGN KEY (course_id) REFERENCES courses (id));
CREATE TABLE holidays (day date NOT NULL, label varchar(80), PRIMARY KEY (day));
