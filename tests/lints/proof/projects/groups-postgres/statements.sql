-- behind forced policies
-- weak TENSQL023
SELECT value FROM secrets WHERE id = $1

-- behind forced policies, and asked
-- proven
SELECT value FROM secrets WHERE id = $1 AND organization_id = $2

-- behind policies that its owner passes
-- violation TENSQL001
SELECT name FROM files WHERE id = $1

-- written behind forced policies
-- weak TENSQL023
UPDATE secrets SET value = $2 WHERE id = $1

-- deleted behind forced policies
-- weak TENSQL023
DELETE FROM secrets WHERE id = $1 RETURNING value

-- truncated past forced policies
-- violation TENSQL014
TRUNCATE secrets

-- an upsert behind forced policies
-- weak TENSQL023
INSERT INTO secrets (id, organization_id, value) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET value = EXCLUDED.value

-- policies switched off
-- violation TENSQL017
SET row_security = off

-- a view with its owner's rights
-- violation TENSQL001
SELECT id FROM secret_names WHERE id = $1

-- a view with its caller's rights
-- weak TENSQL023
SELECT value FROM secret_values WHERE id = $1

-- what is not forced beside what is
-- violation
SELECT s.value, f.name FROM secrets s JOIN files f ON f.name = s.value WHERE s.id = $1

-- an organisation by its id
-- proven
SELECT name FROM organizations WHERE id = $1

-- its children
-- violation TENSQL001
SELECT name FROM organizations WHERE parent_id = $1

-- all below it
-- violation
WITH RECURSIVE below AS (SELECT id FROM organizations WHERE id = $1 UNION ALL SELECT o.id FROM organizations o JOIN below b ON o.parent_id = b.id) SELECT t.name FROM teams t JOIN below b ON b.id = t.organization_id

-- by a path's beginning
-- violation
SELECT t.name FROM teams t JOIN organizations o ON o.id = t.organization_id WHERE o.path LIKE $1 || '%'

-- teams of the caller
-- weak TENSQL022
SELECT t.name FROM teams t JOIN members m ON m.organization_id = t.organization_id WHERE m.user_id = $1

-- teams of the caller within the tenant
-- proven
SELECT t.name FROM teams t JOIN members m ON m.organization_id = t.organization_id WHERE m.user_id = $1 AND m.organization_id = $2

-- teams of anybody who is an admin
-- violation
SELECT t.name FROM teams t JOIN members m ON m.organization_id = t.organization_id WHERE m.role = 'admin'

-- exists for the caller
-- weak TENSQL022
SELECT t.name FROM teams t WHERE EXISTS (SELECT 1 FROM members m WHERE m.organization_id = t.organization_id AND m.user_id = $1)

-- by the session's setting
-- proven
SELECT name FROM teams WHERE organization_id = current_setting('app.organization_id')::uuid

-- by the session's setting, missing ones pass
-- violation TENSQL005
SELECT name FROM teams WHERE organization_id = current_setting('app.organization_id', true)::uuid OR current_setting('app.organization_id', true) IS NULL

-- by another setting (a setting that nobody declared is an assumption; first labelled violation)
-- weak TENSQL022
SELECT name FROM teams WHERE organization_id = current_setting('app.theme')::uuid

-- the tenant for the session
-- violation TENSQL015
SET app.organization_id = '00000000-0000-0000-0000-000000000001'

-- the tenant for the transaction
-- proven
SET LOCAL app.organization_id = '00000000-0000-0000-0000-000000000001'

-- the tenant for the transaction by function
-- proven
SELECT set_config('app.organization_id', $1, true)

-- the tenant for the session by function
-- violation TENSQL015
SELECT set_config('app.organization_id', $1, false)

-- a role taken
-- violation TENSQL017
SET ROLE postgres

-- file parts by a file that is not forced
-- violation
SELECT bytes FROM file_parts WHERE file_id = $1

-- a temporary table of the tenant
-- proven proven
CREATE TEMP TABLE mine ON COMMIT DROP AS SELECT * FROM teams WHERE organization_id = $1; SELECT * FROM mine
