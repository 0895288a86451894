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
-- violation TENSQL003
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

-- a temporary table that something else was put into
-- proven ; violation ; proven
CREATE TEMP TABLE mine AS SELECT id FROM boats WHERE harbour_id = $1; INSERT INTO mine SELECT id FROM boats; SELECT id FROM mine

-- rows by a temporary table that anything may be in
-- proven ; proven ; violation
CREATE TEMP TABLE mine AS SELECT id FROM boats WHERE harbour_id = $1; INSERT INTO mine VALUES ($2); DELETE FROM boats USING mine WHERE boats.id = mine.id

-- a temporary table that may have been there before
-- proven ; opaque
CREATE TEMP TABLE IF NOT EXISTS mine AS SELECT id FROM boats WHERE harbour_id = $1; SELECT id FROM mine

-- a temporary table that a block may have filled
-- proven ; opaque ; opaque
CREATE TEMP TABLE mine (id uuid); DO $$ BEGIN INSERT INTO mine SELECT id FROM boats; END $$; SELECT id FROM mine

-- a temporary table with its columns named, filled and emptied
-- proven ; proven ; proven ; proven
CREATE TEMPORARY TABLE mine (id uuid); INSERT INTO mine SELECT id FROM boats WHERE harbour_id = $1; DELETE FROM mine WHERE id = $2; SELECT * FROM mine

-- a temporary table of everybody, never filtered
-- violation ; violation
CREATE TEMP TABLE work AS SELECT * FROM boats; SELECT name FROM work

-- a temporary table of the first of everybody, filtered too late
-- violation ; violation
CREATE TEMP TABLE work AS SELECT * FROM boats ORDER BY name LIMIT 10; SELECT name FROM work WHERE harbour_id = $1

-- a temporary table that hides a table of the harbour, perhaps not for long
-- proven ; violation
CREATE TEMP TABLE boats AS SELECT * FROM public.boats WHERE harbour_id = $1; SELECT name FROM boats

-- a table that is not temporary
-- proven ; opaque
CREATE TABLE mine AS SELECT id FROM boats WHERE harbour_id = $1; SELECT id FROM mine

-- the real table beside a temporary one of its name
-- proven ; violation
CREATE TEMP TABLE boats AS SELECT * FROM boats WHERE harbour_id = $1; SELECT name FROM public.boats

-- a sentence that begins like a call
-- unparsed
Call setup() first.

-- a sentence that begins like the run of a prepared statement
-- unparsed
Execute the plan before noon

-- a sentence about performing
-- unparsed
Perform well in all tests

-- a call without arguments
-- opaque TENSQL013
CALL nightly.sweep

-- a prepared statement with its parameters
-- opaque TENSQL013
EXECUTE own_boats ($1)
