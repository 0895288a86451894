-- insert with the tenant
-- proven
INSERT INTO boats (id, harbour_id, name) VALUES ($1, $2, $3)

-- insert without the tenant
-- violation TENSQL004
INSERT INTO boats (id, name) VALUES ($1, $2)

-- insert without a column list
-- proven
INSERT INTO berths VALUES ($1, $2, $3, $4)

-- insert with a literal tenant
-- weak TENSQL007
INSERT INTO boats (id, harbour_id, name) VALUES ($1, '00000000-0000-0000-0000-00000000000a', $2)

-- insert with a NULL tenant
-- violation TENSQL004
INSERT INTO notices (id, harbour_id, body) VALUES ($1, NULL, $2)

-- insert with DEFAULT from the session
-- proven
INSERT INTO visits (id, harbour_id, boat_id) VALUES ($1, DEFAULT, $2)

-- insert relying on the session's default
-- proven
INSERT INTO visits (id, boat_id) VALUES ($1, $2)

-- insert relying on a literal default
-- weak TENSQL007
INSERT INTO incidents (id, note) VALUES ($1, $2)

-- insert with DEFAULT VALUES
-- violation TENSQL004
INSERT INTO boats DEFAULT VALUES

-- insert with a setting
-- proven
INSERT INTO boats (id, harbour_id, name) VALUES ($1, current_setting('app.harbour_id')::uuid, $2)

-- insert several rows
-- proven
INSERT INTO boats (id, harbour_id, name) VALUES ($1, $2, $3), ($4, $2, $5)

-- insert several rows, one with a literal tenant
-- weak TENSQL007
INSERT INTO boats (id, harbour_id, name) VALUES ($1, $2, $3), ($4, '00000000-0000-0000-0000-00000000000b', $5)

-- insert several rows, one with a NULL tenant
-- violation TENSQL004
INSERT INTO notices (id, harbour_id, body) VALUES ($1, $2, $3), ($4, NULL, $5)

-- insert a shared row
-- weak TENSQL018
INSERT INTO tags (id, harbour_id, label) VALUES ($1, NULL, $2)

-- insert into a global table
-- proven
INSERT INTO countries (id, code) VALUES ($1, $2)

-- insert a new tenant
-- proven
INSERT INTO harbours (id, code, name) VALUES ($1, $2, $3)

-- insert from a scoped query
-- proven
INSERT INTO repairs (id, harbour_id, boat_id) SELECT $1, harbour_id, id FROM boats WHERE harbour_id = $2

-- insert from an open query
-- violation
INSERT INTO repairs (id, harbour_id, boat_id) SELECT $1, harbour_id, id FROM boats

-- insert from an open query, tenant from the caller
-- violation TENSQL010
INSERT INTO repairs (id, harbour_id, boat_id) SELECT $1, $2, id FROM boats WHERE name = $3

-- insert from a query, the columns in the wrong order
-- violation TENSQL004
INSERT INTO repairs (id, harbour_id, boat_id) SELECT $1, id, harbour_id FROM boats WHERE harbour_id = $2

-- copy between tenants
-- weak TENSQL020
INSERT INTO berths (id, harbour_id, number) SELECT gen_random_uuid(), $2, number FROM berths WHERE harbour_id = $1

-- insert into a global table from an owned one
-- violation
INSERT INTO countries (id, code) SELECT id, kind FROM boats

-- insert with the tenant of a looked-up open row
-- violation
INSERT INTO boats (id, harbour_id, name) VALUES ($1, (SELECT harbour_id FROM sailors WHERE id = $2), $3)

-- insert with the tenant of a looked-up proven row
-- proven
INSERT INTO boats (id, harbour_id, name) VALUES ($1, (SELECT harbour_id FROM sailors WHERE id = $2 AND harbour_id = $3), $4)

-- upsert on a key with the tenant
-- proven
INSERT INTO berths (id, harbour_id, number, depth) VALUES ($1, $2, $3, $4) ON CONFLICT (harbour_id, number) DO UPDATE SET depth = EXCLUDED.depth

-- upsert on the id
-- violation TENSQL008
INSERT INTO berths (id, harbour_id, number) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET number = EXCLUDED.number

-- upsert on the id, guarded by EXCLUDED
-- proven
INSERT INTO berths (id, harbour_id, number) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET number = EXCLUDED.number WHERE berths.harbour_id = EXCLUDED.harbour_id

-- upsert on the id, guarded by the value
-- proven
INSERT INTO berths AS b (id, harbour_id, number) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET number = EXCLUDED.number WHERE b.harbour_id = $2

-- upsert on the id, guarded by something else
-- violation TENSQL008
INSERT INTO berths (id, harbour_id, number) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET number = EXCLUDED.number WHERE berths.depth < 3

-- upsert that does nothing
-- proven
INSERT INTO berths (id, harbour_id, number) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING

-- upsert on a named constraint with the tenant
-- proven
INSERT INTO berths (id, harbour_id, number) VALUES ($1, $2, $3) ON CONFLICT ON CONSTRAINT berths_harbour_id_number_key DO UPDATE SET depth = 1

-- upsert on the primary key's constraint
-- violation TENSQL008
INSERT INTO berths (id, harbour_id, number) VALUES ($1, $2, $3) ON CONFLICT ON CONSTRAINT berths_pkey DO UPDATE SET depth = 1

-- upsert on a globally unique column
-- violation TENSQL008
INSERT INTO boats (id, harbour_id, name, registration) VALUES ($1, $2, $3, $4) ON CONFLICT (registration) DO UPDATE SET name = EXCLUDED.name

-- upsert takes the row over
-- violation TENSQL008
INSERT INTO boats (id, harbour_id, name) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET harbour_id = EXCLUDED.harbour_id

-- upsert writes the same tenant
-- proven
INSERT INTO boats (id, harbour_id, name) VALUES ($1, $2, $3) ON CONFLICT (harbour_id, name) DO UPDATE SET harbour_id = EXCLUDED.harbour_id, kind = 'x'

-- upsert of a tenant by its code
-- violation TENSQL008
INSERT INTO harbours (id, code, name) VALUES ($1, $2, $3) ON CONFLICT (code) DO UPDATE SET name = EXCLUDED.name

-- upsert of a tenant by its id
-- proven
INSERT INTO harbours (id, code, name) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET name = EXCLUDED.name

-- upsert of a child under a proven parent
-- proven
INSERT INTO entries (id, logbook_id, seq, body) SELECT $1, l.id, $2, $3 FROM logbooks l JOIN boats b ON b.id = l.boat_id WHERE l.id = $4 AND b.harbour_id = $5 ON CONFLICT (logbook_id, seq) DO UPDATE SET body = EXCLUDED.body

-- upsert of a child by its id
-- violation TENSQL008
INSERT INTO entries (id, logbook_id, seq, body) SELECT $1, l.id, $2, $3 FROM logbooks l JOIN boats b ON b.id = l.boat_id WHERE l.id = $4 AND b.harbour_id = $5 ON CONFLICT (id) DO UPDATE SET body = EXCLUDED.body

-- upsert without a tenant
-- violation TENSQL004
INSERT INTO berths (id, number) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET number = EXCLUDED.number

-- upsert with an open sub-select in SET
-- violation TENSQL010
INSERT INTO berths (id, harbour_id, number) VALUES ($1, $2, $3) ON CONFLICT (harbour_id, number) DO UPDATE SET depth = (SELECT max(depth) FROM berths)

-- insert returning
-- proven
INSERT INTO boats (id, harbour_id, name) VALUES ($1, $2, $3) RETURNING id

-- insert returning an open sub-select
-- violation TENSQL010
INSERT INTO boats (id, harbour_id, name) VALUES ($1, $2, $3) RETURNING (SELECT count(*) FROM boats)

-- update by tenant and id
-- proven
UPDATE boats SET name = $1 WHERE id = $2 AND harbour_id = $3

-- update by id
-- violation TENSQL002
UPDATE boats SET name = $1 WHERE id = $2

-- update all
-- violation TENSQL002
UPDATE boats SET kind = 'x'

-- update with the tenant in RETURNING only
-- violation TENSQL002
UPDATE boats SET name = $1 WHERE id = $2 RETURNING harbour_id

-- update with an OR
-- violation
UPDATE boats SET name = $1 WHERE id = $2 OR harbour_id = $3

-- update moves the row
-- violation TENSQL009
UPDATE boats SET harbour_id = $1 WHERE id = $2 AND harbour_id = $3

-- update writes the tenant it has
-- proven
UPDATE boats SET harbour_id = $1, name = $2 WHERE id = $3 AND harbour_id = $1

-- update writes the tenant to itself
-- proven
UPDATE boats SET harbour_id = harbour_id WHERE harbour_id = $1

-- update moves the row in a row assignment
-- violation TENSQL009
UPDATE boats SET (harbour_id, name) = ($1, $2) WHERE id = $3 AND harbour_id = $4

-- update FROM tied by tenant
-- proven
UPDATE repairs r SET cost = 0 FROM boats b WHERE b.id = r.boat_id AND b.harbour_id = r.harbour_id AND b.harbour_id = $1

-- update FROM by composite key
-- proven
UPDATE repairs r SET cost = 0 FROM boats b WHERE b.id = r.boat_id AND b.harbour_id = $1

-- update FROM by simple key
-- weak TENSQL011
UPDATE invoices i SET amount = 0 FROM boats b WHERE b.id = i.boat_id AND b.harbour_id = $1

-- update FROM an open relation
-- violation TENSQL010
UPDATE boats b SET kind = s.role FROM sailors s WHERE s.name = b.name AND b.harbour_id = $1

-- update FROM, the scope is on the source only
-- violation TENSQL002
UPDATE boats b SET kind = s.role FROM sailors s WHERE s.name = b.name AND s.harbour_id = $1

-- update FROM a LEFT JOIN
-- proven
UPDATE boats b SET kind = 'x' FROM repairs r LEFT JOIN invoices i ON i.harbour_id = r.harbour_id AND i.boat_id = r.boat_id WHERE r.harbour_id = b.harbour_id AND b.harbour_id = $1

-- update with an open sub-select in SET
-- violation TENSQL010
UPDATE boats SET length = (SELECT max(length) FROM boats) WHERE harbour_id = $1

-- update with a scoped sub-select in SET
-- proven
UPDATE boats b SET length = (SELECT max(x.length) FROM boats x WHERE x.harbour_id = b.harbour_id) WHERE b.harbour_id = $1

-- update scoped by IN
-- proven
UPDATE repairs SET status = 'done' WHERE harbour_id IN (SELECT id FROM harbours WHERE id = $1)

-- update of shared rows
-- violation TENSQL002
UPDATE tags SET label = $1 WHERE id = $2 AND (harbour_id = $3 OR harbour_id IS NULL)

-- update of own rows of a shared table
-- proven
UPDATE tags SET label = $1 WHERE id = $2 AND harbour_id = $3

-- update of the root
-- proven
UPDATE harbours SET name = $1 WHERE id = $2

-- update of the root by code
-- proven
UPDATE harbours SET name = $1 WHERE code = $2

-- update with an optional tenant
-- violation TENSQL005
UPDATE boats SET name = $1 WHERE id = $2 AND ($3 IS NULL OR harbour_id = $3)

-- update of a global table
-- proven
UPDATE countries SET name = $1 WHERE id = $2

-- delete by tenant
-- proven
DELETE FROM boats WHERE harbour_id = $1 AND id = $2

-- delete by id
-- violation TENSQL003
DELETE FROM boats WHERE id = $1

-- delete all
-- violation TENSQL003
DELETE FROM boats

-- delete with the tenant in RETURNING only
-- violation TENSQL003
DELETE FROM boats WHERE name = $1 RETURNING harbour_id

-- delete USING tied
-- proven
DELETE FROM repairs r USING boats b WHERE b.id = r.boat_id AND r.harbour_id = b.harbour_id AND b.harbour_id = $1

-- delete USING untied
-- violation TENSQL003
DELETE FROM repairs r USING boats b WHERE b.kind = r.status AND b.harbour_id = $1

-- delete a limited open selection
-- violation
DELETE FROM repairs WHERE harbour_id = $1 AND id IN (SELECT id FROM repairs ORDER BY cost LIMIT 10)

-- delete a limited scoped selection
-- proven
DELETE FROM repairs WHERE id IN (SELECT id FROM repairs WHERE harbour_id = $1 ORDER BY cost LIMIT 10)

-- delete by primary key of a scoped row
-- proven
DELETE FROM boats WHERE id IN (SELECT id FROM boats WHERE harbour_id = $1)

-- delete everything but one tenant
-- violation TENSQL003
DELETE FROM boats WHERE harbour_id <> $1

-- merge on tenant and id
-- proven
MERGE INTO boats t USING (SELECT $1::uuid AS id, $2::uuid AS h, $3 AS name) s ON t.id = s.id AND t.harbour_id = s.h WHEN MATCHED THEN UPDATE SET name = s.name WHEN NOT MATCHED THEN INSERT (id, harbour_id, name) VALUES (s.id, s.h, s.name)

-- merge on id
-- violation TENSQL002
MERGE INTO boats t USING (SELECT $1::uuid AS id, $2::uuid AS h, $3 AS name) s ON t.id = s.id WHEN MATCHED THEN UPDATE SET name = s.name WHEN NOT MATCHED THEN INSERT (id, harbour_id, name) VALUES (s.id, s.h, s.name)

-- merge on id, guarded
-- proven
MERGE INTO boats t USING (SELECT $1::uuid AS id, $2::uuid AS h) s ON t.id = s.id WHEN MATCHED AND t.harbour_id = s.h THEN DELETE

-- merge inserts without tenant
-- violation TENSQL004
MERGE INTO boats t USING (SELECT $1::uuid AS id, $2::uuid AS h) s ON t.id = s.id AND t.harbour_id = s.h WHEN NOT MATCHED THEN INSERT (id, name) VALUES (s.id, 'x')

-- merge from an open source
-- violation TENSQL010
MERGE INTO repairs t USING sailors s ON t.id = s.id AND t.harbour_id = $1 WHEN MATCHED THEN UPDATE SET status = s.name

-- merge moves the row
-- violation TENSQL009
MERGE INTO boats t USING (SELECT $1::uuid AS id, $2::uuid AS h) s ON t.id = s.id AND t.harbour_id = s.h WHEN MATCHED THEN UPDATE SET harbour_id = $3

-- merge deletes what the source lacks
-- violation TENSQL003
MERGE INTO boats t USING (SELECT $1::uuid AS id, $2::uuid AS h) s ON t.id = s.id AND t.harbour_id = s.h WHEN NOT MATCHED BY SOURCE THEN DELETE

-- merge deletes what the source lacks, guarded
-- proven
MERGE INTO boats t USING (SELECT $1::uuid AS id, $2::uuid AS h) s ON t.id = s.id AND t.harbour_id = s.h WHEN NOT MATCHED BY SOURCE AND t.harbour_id = $2 THEN DELETE

-- truncate
-- violation TENSQL014
TRUNCATE boats

-- truncate several
-- violation TENSQL014
TRUNCATE TABLE countries, boats RESTART IDENTITY CASCADE

-- truncate a global table
-- proven
TRUNCATE countries

-- copy a table out
-- violation TENSQL014
COPY boats TO STDOUT

-- copy into a table
-- violation TENSQL014
COPY boats (id, harbour_id, name) FROM STDIN

-- copy a scoped query
-- proven
COPY (SELECT * FROM boats WHERE harbour_id = current_setting('app.harbour_id')::uuid) TO STDOUT

-- copy an open query
-- violation TENSQL001
COPY (SELECT * FROM boats) TO STDOUT

-- update through a view
-- proven
UPDATE open_repairs SET cost = 1 WHERE harbour_id = $1

-- update through a view, open
-- violation TENSQL002
UPDATE open_repairs SET cost = 1 WHERE id = $1

-- update through a view moves the row
-- violation TENSQL009
UPDATE open_repairs SET harbour_id = $2 WHERE harbour_id = $1

-- delete through a view
-- proven
DELETE FROM my_boats WHERE id = $1

-- put into a view of some rows of one table
-- proven
INSERT INTO open_repairs (id, harbour_id, boat_id, status) VALUES ($1, $2, $3, 'open')

-- put into a view without the tenant
-- violation TENSQL004
INSERT INTO open_repairs (id, boat_id, status) VALUES ($1, $2, 'open')

-- put into a view of a join
-- opaque TENSQL000
INSERT INTO boat_logs (id, title) VALUES ($1, 'x')

-- a logbook of anybody's boat, with the name if the boat is the tenant's
-- violation TENSQL019
INSERT INTO logbooks (boat_id, title) VALUES ($1, (SELECT name FROM boats WHERE id = $1 AND harbour_id = $2))

-- a logbook of a boat that is looked up in the tenant
-- proven
INSERT INTO logbooks (boat_id, title) VALUES ((SELECT id FROM boats WHERE id = $1 AND harbour_id = $2), $3)

-- a row that is written though a value of it is never found
-- weak TENSQL007
INSERT INTO boats (harbour_id, name, kind) VALUES ('00000000-0000-0000-0000-00000000000a', $1, (SELECT name FROM boats WHERE id = $2 AND 1 = 0))

-- everything is deleted that is in no row of a source without rows
-- violation TENSQL003
MERGE INTO boats t USING (SELECT 1 WHERE false) s ON true WHEN NOT MATCHED BY SOURCE THEN DELETE

-- rows of no tenant, of whom there are none
-- proven
DELETE FROM boats WHERE harbour_id IS NULL
