-- is, between a column that holds no null and a numbered parameter
-- proven
SELECT title FROM notes WHERE workspace_id IS ?1

-- is not
-- violation
SELECT title FROM notes WHERE workspace_id IS NOT ?1

-- two equals signs and a parameter with an at sign
-- proven
SELECT title FROM notes INDEXED BY notes_workspace WHERE workspace_id == @workspace AND title GLOB 'a*'

-- upsert on the key, guarded
-- proven
INSERT INTO notes (id, workspace_id, title) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET title = excluded.title WHERE notes.workspace_id = excluded.workspace_id

-- insert or replace on the key
-- violation TENSQL008
INSERT OR REPLACE INTO notes (id, workspace_id, title) VALUES (?, ?, ?)

-- insert or replace where every key has the workspace
-- proven
INSERT OR REPLACE INTO labels (workspace_id, name, colour) VALUES (?, ?, ?)

-- update or ignore by the rows' numbers
-- proven
UPDATE OR IGNORE notes SET title = ? WHERE rowid IN (SELECT rowid FROM notes WHERE workspace_id = ? LIMIT 5)

-- the row inserted last
-- violation TENSQL003
DELETE FROM notes WHERE rowid = last_insert_rowid()

-- keys of a JSON parameter
-- violation TENSQL001
SELECT n.title FROM notes n, json_each(?) j WHERE n.id = j.value

-- keys of a JSON parameter beside the workspace
-- proven
SELECT n.title FROM notes n, json_each(?) j WHERE n.id = j.value AND n.workspace_id = ?

-- up the tree with the workspace handed on
-- proven
WITH RECURSIVE up(id, parent, ws) AS (SELECT id, parent, workspace_id FROM notes WHERE id = ? AND workspace_id = ? UNION SELECT n.id, n.parent, n.workspace_id FROM notes n, up WHERE n.id = up.parent AND n.workspace_id = up.ws) SELECT id FROM up

-- the column's name in single quotes
-- violation
SELECT title FROM notes WHERE 'workspace_id' = ?

-- the comparison in the list
-- violation TENSQL001
SELECT title, workspace_id = ? FROM notes

-- a count of all in values
-- violation TENSQL001
VALUES (1), ((SELECT count(*) FROM notes))

-- update from the workspace itself
-- proven
UPDATE notes SET title = w.name FROM workspaces w WHERE w.id = notes.workspace_id AND w.id = ?

-- attachments of own notes by a row
-- proven
SELECT a.path FROM attachments a WHERE (a.note_id, 1) IN (SELECT n.id, 1 FROM notes n WHERE n.workspace_id = ?)
