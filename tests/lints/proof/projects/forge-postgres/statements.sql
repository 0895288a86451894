-- issues of a workspace
-- proven
SELECT title FROM issues WHERE workspace_id = $1 ORDER BY title LIMIT 20

-- issues of an organisation
-- weak TENSQL021
SELECT i.title FROM issues i JOIN workspaces w ON w.id = i.workspace_id WHERE w.organization_id = $1

-- issues of one workspace of an organisation
-- proven
SELECT i.title FROM issues i JOIN workspaces w ON w.id = i.workspace_id JOIN organizations o ON o.id = w.organization_id WHERE o.slug = $1 AND w.slug = $2

-- workspaces of an organisation
-- proven
SELECT slug FROM workspaces WHERE organization_id = $1

-- a workspace by its slug alone
-- violation TENSQL001
SELECT id FROM workspaces WHERE slug = $1

-- invoices of an organisation
-- proven
SELECT sum(cents) FROM invoices WHERE organization_id = $1

-- invoices of the organisation that a workspace is in
-- proven
SELECT v.cents FROM invoices v JOIN workspaces w ON w.organization_id = v.organization_id WHERE w.id = $1

-- comments on an issue
-- violation TENSQL001
SELECT body FROM comments WHERE issue_id = $1

-- comments on an issue of the workspace's
-- proven
SELECT c.body FROM comments c JOIN issues i ON i.id = c.issue_id AND i.workspace_id = $2 WHERE i.id = $1

-- comments with their authors
-- violation
SELECT c.body, u.email FROM comments c JOIN users u ON u.id = c.author_id WHERE c.author_id = $1

-- an api key by its hash
-- violation TENSQL001
SELECT workspace_id FROM api_keys WHERE hash = $1

-- an api key by its hash in an organisation
-- weak TENSQL021
SELECT workspace_id FROM api_keys WHERE hash = $1 AND organization_id = $2

-- api keys of a workspace
-- proven
SELECT hash FROM api_keys WHERE workspace_id = $1

-- organisations by a list
-- weak TENSQL020
SELECT id, slug FROM organizations WHERE id IN (:ids)

-- workspaces by a list
-- weak TENSQL020
SELECT id, slug FROM workspaces WHERE id IN ($1, $2, $3)

-- issues of a list of workspaces
-- proven
SELECT id FROM issues WHERE workspace_id = ANY($1)

-- where I am a member
-- weak TENSQL022
SELECT o.slug FROM organizations o JOIN organization_members m ON m.organization_id = o.id AND m.user_id = $1

-- whether I am a member
-- proven
SELECT role FROM organization_members WHERE organization_id = $1 AND user_id = $2

-- a repository put where its workspace says
-- proven
INSERT INTO issues (id, workspace_id, repository_id, title) SELECT $1, r.workspace_id, r.id, $2 FROM repositories r WHERE r.id = $3 AND r.workspace_id = $4

-- an issue moved to another workspace
-- violation TENSQL009
UPDATE issues SET workspace_id = $3 WHERE id = $1 AND workspace_id = $2

-- an issue's repository in the same workspace
-- weak TENSQL011
SELECT i.title, r.name FROM issues i JOIN repositories r ON r.id = i.repository_id WHERE i.workspace_id = $1

-- issues nobody commented on
-- proven
SELECT i.title FROM issues i WHERE i.workspace_id = $1 AND NOT EXISTS (SELECT 1 FROM comments c WHERE c.issue_id = i.id)

-- a new organisation and its first workspace
-- proven
WITH o AS (INSERT INTO organizations (id, slug) VALUES ($1, $2) RETURNING id) INSERT INTO workspaces (id, organization_id, slug) SELECT $3, o.id, 'main' FROM o

-- all that an organisation has goes
-- weak TENSQL021
DELETE FROM issues USING workspaces w WHERE issues.workspace_id = w.id AND w.organization_id = $1

-- everybody's issues counted by workspace
-- violation
SELECT workspace_id, count(*) FROM issues GROUP BY workspace_id HAVING count(*) > 10
