CREATE TABLE workspaces (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE notes (id INTEGER PRIMARY KEY, workspace_id INTEGER NOT NULL REFERENCES workspaces (id), parent INTEGER REFERENCES notes (id), title TEXT, body TEXT);
CREATE INDEX notes_workspace ON notes (workspace_id);
CREATE TABLE attachments (id INTEGER PRIMARY KEY, note_id INTEGER NOT NULL REFERENCES notes (id), path TEXT, size INTEGER);
CREATE TABLE labels (workspace_id INTEGER NOT NULL REFERENCES workspaces (id), name TEXT NOT NULL, colour TEXT, PRIMARY KEY (workspace_id, name)) WITHOUT ROWID;
