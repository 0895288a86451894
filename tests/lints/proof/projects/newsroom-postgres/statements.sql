-- a policy by a setting
-- weak TENSQL023
SELECT * FROM pictures WHERE id = $1

-- a policy by a function
-- weak TENSQL023
SELECT * FROM articles WHERE id = $1

-- no policy
-- violation TENSQL001
SELECT * FROM comments WHERE id = $1

-- of any kind of thing, by its id
-- violation
SELECT c.body FROM comments c JOIN articles a ON c.subject_type = 'article' AND c.subject_id = a.id WHERE a.publisher_id = $1

-- of any kind of thing, in its tenant
-- proven
SELECT c.body FROM comments c JOIN articles a ON c.subject_type = 'article' AND c.subject_id = a.id AND c.publisher_id = a.publisher_id WHERE a.publisher_id = $1

-- reactions by their comments
-- proven
SELECT r.kind, count(*) FROM reactions r JOIN comments c ON c.id = r.comment_id WHERE c.publisher_id = $1 GROUP BY r.kind

-- the function is the caller's tenant
-- proven
SELECT * FROM comments WHERE publisher_id = current_publisher()

-- the function in a sub-select
-- proven
SELECT * FROM comments WHERE publisher_id = (SELECT current_publisher())

-- the audit of a row
-- violation TENSQL001
SELECT old FROM audit WHERE row_id = $1 ORDER BY at

-- the audit of a tenant
-- proven
SELECT old FROM audit WHERE publisher_id = $1 ORDER BY at DESC FETCH FIRST 50 ROWS ONLY

-- reactions to anybody's thing
-- violation TENSQL003
DELETE FROM reactions WHERE comment_id IN (SELECT id FROM comments WHERE subject_id = $1)

-- a condition for each kind of owner
-- proven
SELECT c.* FROM comments c WHERE c.publisher_id = $1 AND CASE c.subject_type WHEN 'article' THEN EXISTS (SELECT 1 FROM articles a WHERE a.id = c.subject_id AND a.publisher_id = c.publisher_id) WHEN 'picture' THEN EXISTS (SELECT 1 FROM pictures p WHERE p.id = c.subject_id AND p.publisher_id = c.publisher_id) END

-- policies off for the session
-- violation TENSQL017
SET row_security = off

-- the tenant for one transaction
-- proven
SELECT set_config('app.publisher_id', $1, true)

-- the tenant for the session
-- violation TENSQL015
SELECT set_config('app.publisher_id', $1, false)

-- policies taken off a table
-- violation TENSQL017
ALTER TABLE articles DISABLE ROW LEVEL SECURITY

-- the audit written by hand
-- proven
INSERT INTO audit (publisher_id, table_name, row_id, old) SELECT a.publisher_id, 'articles', a.id, to_jsonb(a) FROM articles a WHERE a.publisher_id = $1

-- rows of a document, within the tenant
-- proven
UPDATE articles a SET title = x.title FROM jsonb_to_recordset($1::jsonb) AS x (id uuid, title text) WHERE a.id = x.id AND a.publisher_id = $2

-- rows of a document
-- violation TENSQL002
UPDATE comments c SET body = x.body FROM jsonb_to_recordset($1::jsonb) AS x (id uuid, body text) WHERE c.id = x.id

-- a procedure nobody knows
-- opaque
{call publish_all(?)}
