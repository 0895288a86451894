CREATE TABLE accounts (id INTEGER PRIMARY KEY, name TEXT, api_token TEXT UNIQUE);
CREATE TABLE lots (id INTEGER PRIMARY KEY, account_id INTEGER NOT NULL REFERENCES accounts (id), name TEXT, UNIQUE (account_id, name));
CREATE TABLE permits (id INTEGER PRIMARY KEY, account_id INTEGER NOT NULL REFERENCES accounts (id), lot_id INTEGER NOT NULL REFERENCES lots (id), plate TEXT, kind TEXT NOT NULL DEFAULT 'Permit', valid_until TEXT);
CREATE TABLE scans (id INTEGER PRIMARY KEY, permit_id INTEGER NOT NULL REFERENCES permits (id), at TEXT);
CREATE TABLE holidays (day TEXT PRIMARY KEY, label TEXT);
CREATE TABLE audit (id INTEGER PRIMARY KEY, what TEXT, who TEXT);
