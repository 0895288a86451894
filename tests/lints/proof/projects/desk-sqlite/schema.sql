CREATE TABLE ws (ws_id TEXT PRIMARY KEY, title TEXT) WITHOUT ROWID;
CREATE TABLE agents (id INTEGER PRIMARY KEY, ws_id TEXT NOT NULL REFERENCES ws(ws_id), mail TEXT NOT NULL, UNIQUE (ws_id, mail)) STRICT;
CREATE TABLE tickets (id INTEGER PRIMARY KEY AUTOINCREMENT, ws_id TEXT NOT NULL REFERENCES ws(ws_id), agent_id INTEGER REFERENCES agents(id), subject TEXT, state TEXT DEFAULT 'open', meta TEXT, due INTEGER);
CREATE TABLE messages (id INTEGER PRIMARY KEY, ticket_id INTEGER NOT NULL REFERENCES tickets(id) ON DELETE CASCADE, body TEXT);
CREATE TABLE prefs (ws_id TEXT NOT NULL REFERENCES ws(ws_id), key TEXT NOT NULL, value TEXT, PRIMARY KEY (ws_id, key)) WITHOUT ROWID;
CREATE VIRTUAL TABLE tickets_fts USING fts5(subject, content='tickets', content_rowid='id');
CREATE TRIGGER tickets_ai AFTER INSERT ON tickets BEGIN INSERT INTO tickets_fts(rowid, subject) VALUES (new.id, new.subject); END;
CREATE VIEW inbox AS SELECT t.*, a.mail FROM tickets t LEFT JOIN agents a ON a.id = t.agent_id AND a.ws_id = t.ws_id WHERE t.state = 'open';
