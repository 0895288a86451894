-- with before an insert
-- proven
WITH src AS (SELECT id, harbour_id, name FROM boats WHERE harbour_id = ?) INSERT INTO berths (id, harbour_id, number) SELECT lower(hex(randomblob(16))), harbour_id, name FROM src

-- replace into
-- violation TENSQL008
REPLACE INTO berths (id, harbour_id, number) VALUES (?, ?, ?)

-- delete with a limit
-- violation TENSQL003
DELETE FROM boats WHERE kind = ? ORDER BY length LIMIT 5

-- not distinct
-- proven
SELECT * FROM boats WHERE harbour_id IS NOT DISTINCT FROM ?

-- schema of a table
-- proven
SELECT name FROM pragma_table_info('boats')

-- copy of the file
-- proven
VACUUM INTO 'backup.db'

-- match on a bare table name
-- violation
SELECT * FROM boats WHERE boats MATCH ?

-- select of an arrow
-- violation
SELECT * FROM boats WHERE kind ->> '$.harbour_id' = ?
