CREATE TABLE households (id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE people (id INTEGER PRIMARY KEY, household_id INTEGER NOT NULL REFERENCES households (id), name TEXT);
CREATE TABLE entries (id INTEGER PRIMARY KEY, household_id INTEGER NOT NULL REFERENCES households (id), person_id INTEGER REFERENCES people (id), at TEXT, day TEXT GENERATED ALWAYS AS (substr(at, 1, 10)) STORED, body TEXT);
CREATE TABLE tags (household_id INTEGER NOT NULL REFERENCES households (id), name TEXT NOT NULL, PRIMARY KEY (household_id, name)) WITHOUT ROWID;
CREATE TABLE entry_tags (entry_id INTEGER NOT NULL REFERENCES entries (id), tag TEXT NOT NULL, PRIMARY KEY (entry_id, tag));
CREATE TABLE photos (id INTEGER PRIMARY KEY, entry_id INTEGER NOT NULL REFERENCES entries (id), path TEXT);
CREATE TRIGGER entries_gone AFTER DELETE ON entries BEGIN DELETE FROM photos WHERE entry_id = OLD.id; END;
