CREATE TABLE practices (id uuid PRIMARY KEY, subdomain text NOT NULL UNIQUE, name text);
CREATE TABLE species (id int PRIMARY KEY, name text);
CREATE TABLE owners (id bigint PRIMARY KEY, practice_id uuid NOT NULL REFERENCES practices (id), name text, phone text, UNIQUE (practice_id, id));
CREATE TABLE animals (id bigint NOT NULL, practice_id uuid NOT NULL REFERENCES practices (id), owner_id bigint NOT NULL, species_id int REFERENCES species (id), name text, PRIMARY KEY (practice_id, id), FOREIGN KEY (practice_id, owner_id) REFERENCES owners (practice_id, id));
CREATE TABLE visits (id bigint PRIMARY KEY, practice_id uuid NOT NULL REFERENCES practices (id), animal_id bigint NOT NULL, at timestamptz, fee numeric, FOREIGN KEY (practice_id, animal_id) REFERENCES animals (practice_id, id));
CREATE TABLE visit_notes (id bigint PRIMARY KEY, visit_id bigint NOT NULL REFERENCES visits (id), body text);
CREATE TABLE staff (practice_id uuid NOT NULL REFERENCES practices (id), user_id uuid NOT NULL, role text, PRIMARY KEY (practice_id, user_id));
