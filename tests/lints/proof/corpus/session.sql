-- session-level tenant
-- violation TENSQL015
SET app.harbour_id = '00000000-0000-0000-0000-00000000000a'

-- session-level tenant, SET SESSION
-- violation TENSQL015
SET SESSION app.harbour_id TO '00000000-0000-0000-0000-00000000000a'

-- transaction-level tenant
-- proven
SET LOCAL app.harbour_id = '00000000-0000-0000-0000-00000000000a'

-- set_config for the session
-- violation TENSQL015
SELECT set_config('app.harbour_id', $1, false)

-- set_config for the transaction
-- proven
SELECT set_config('app.harbour_id', $1, true)

-- set_config with an unknown flag
-- violation TENSQL015
SELECT set_config('app.harbour_id', $1, $2)

-- set_config of another setting
-- proven
SELECT set_config('statement_timeout', $1, false)

-- another setting
-- proven
SET statement_timeout = '5s'

-- role
-- violation TENSQL017
SET ROLE admin

-- role for the transaction
-- violation TENSQL017
SET LOCAL ROLE admin

-- session authorization
-- violation TENSQL017
SET SESSION AUTHORIZATION admin

-- row security off
-- violation TENSQL017
SET row_security = off

-- row security off for the transaction
-- violation TENSQL017
SET LOCAL row_security TO off

-- row security on
-- proven
SET row_security = on

-- row security off by function
-- violation TENSQL017
SELECT set_config('row_security', 'off', true)

-- row level security disabled
-- violation TENSQL017
ALTER TABLE boats DISABLE ROW LEVEL SECURITY

-- row level security not forced
-- violation TENSQL017
ALTER TABLE boats NO FORCE ROW LEVEL SECURITY

-- role that bypasses
-- violation TENSQL017
ALTER ROLE app BYPASSRLS

-- procedural block
-- opaque TENSQL013
DO $$ BEGIN DELETE FROM boats; END $$

-- call of an unknown procedure
-- opaque TENSQL013
CALL archive_boats($1)

-- call of a declared one
-- proven
CALL boats_of($1)

-- select of a declared one
-- proven
SELECT boats_of($1)

-- execute of a prepared statement
-- opaque TENSQL013
EXECUTE find_boats($1)

-- prepare of a scoped statement
-- proven
PREPARE find_boats AS SELECT * FROM boats WHERE harbour_id = $1

-- prepare of an open statement
-- violation TENSQL001
PREPARE find_boats (uuid) AS SELECT * FROM boats WHERE id = $1

-- explain of an open statement
-- violation TENSQL003
EXPLAIN ANALYZE DELETE FROM boats WHERE id = $1

-- explain of a scoped statement
-- proven
EXPLAIN (ANALYZE, FORMAT JSON) SELECT * FROM boats WHERE harbour_id = $1

-- cursor over an open query
-- violation TENSQL001
DECLARE c CURSOR FOR SELECT * FROM boats

-- transaction
-- proven
BEGIN

-- savepoint
-- proven
SAVEPOINT a

-- new table
-- proven
CREATE TABLE dinghies (id uuid PRIMARY KEY)

-- copy of an owned table
-- violation TENSQL001
CREATE TABLE dinghies AS SELECT * FROM boats

-- function body
-- opaque TENSQL013
CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'

-- view
-- proven
CREATE VIEW v AS SELECT * FROM boats

-- index
-- proven
CREATE INDEX ON boats (harbour_id)

-- vacuum
-- proven
VACUUM boats

-- select into
-- violation TENSQL001
SELECT * INTO dinghies FROM boats

-- prose
-- unparsed
select all that apply to the boats in your harbour, please

-- broken SQL
-- unparsed
SELECT * FROM boats WHERE (harbour_id = $1

-- unterminated string
-- unparsed
SELECT * FROM boats WHERE name = 'abc

-- two statements, the second open
-- proven ; violation
SELECT * FROM boats WHERE harbour_id = $1; SELECT * FROM boats
