-- permits of one kind, as single table inheritance asks
-- proven
SELECT "permits".* FROM "permits" WHERE "permits"."kind" = 'VisitorPermit' AND "permits"."account_id" = ? ORDER BY "permits"."id" ASC LIMIT ?

-- permits of several kinds
-- violation TENSQL001
SELECT "permits".* FROM "permits" WHERE "permits"."kind" IN ('VisitorPermit', 'StaffPermit') AND "permits"."id" = ? LIMIT 1

-- permits that are preloaded
-- violation TENSQL001
SELECT "permits".* FROM "permits" WHERE "permits"."lot_id" IN (?, ?, ?)

-- permits that are preloaded for the account
-- proven
SELECT "permits".* FROM "permits" WHERE "permits"."account_id" = ? AND "permits"."lot_id" IN (?, ?, ?)

-- lots of an account
-- proven
SELECT * FROM lots INDEXED BY sqlite_autoindex_lots_1 WHERE account_id = :account AND name LIKE :q || '%'

-- scans of a permit
-- violation
SELECT at FROM scans WHERE permit_id = ?1

-- scans of the account's permits
-- proven
SELECT s.at FROM scans s, permits p WHERE s.permit_id = p.id AND p.account_id = ?1

-- scans by natural join
-- violation
SELECT at FROM scans NATURAL JOIN permits WHERE account_id = ?

-- a permit's lot by the number
-- weak TENSQL011
SELECT p.plate, l.name FROM permits p INNER JOIN lots l ON l.id = p.lot_id WHERE p.account_id = ?

-- the holidays of a lot
-- proven
SELECT h.label FROM holidays h CROSS JOIN lots l WHERE l.account_id = ? AND l.id = ?

-- what happened
-- weak TENSQL000
SELECT a.what, l.name FROM audit a JOIN lots l ON l.name = a.who WHERE l.account_id = ?

-- a lot put in or kept
-- proven
INSERT OR IGNORE INTO lots (account_id, name) VALUES (?, ?)

-- a lot put in or replaced by its number
-- violation TENSQL008
INSERT OR REPLACE INTO lots (id, account_id, name) VALUES (?, ?, ?)

-- a lot put in or renamed by its name
-- proven
INSERT INTO lots (account_id, name) VALUES (?1, ?2) ON CONFLICT (account_id, name) DO UPDATE SET name = excluded.name RETURNING id

-- a scan of a permit by its plate
-- proven
INSERT INTO scans (permit_id, at) SELECT id, datetime('now') FROM permits WHERE plate = ? AND account_id = ?

-- a scan of anybody's permit by its plate
-- violation
INSERT INTO scans (permit_id, at) SELECT id, datetime('now') FROM permits WHERE plate = ?

-- permits that ran out go
-- violation TENSQL003
DELETE FROM permits WHERE valid_until < date('now')

-- permits of lots that are gone
-- weak TENSQL011
DELETE FROM permits WHERE account_id = ? AND lot_id NOT IN (SELECT id FROM lots)

-- permits of the account's lots that are gone
-- proven
DELETE FROM permits WHERE account_id = ?1 AND lot_id NOT IN (SELECT id FROM lots WHERE account_id = ?1)

-- lots with no permit
-- proven
SELECT l.id FROM lots l LEFT JOIN permits p ON p.lot_id = l.id AND p.account_id = l.account_id WHERE l.account_id = ? AND p.id IS NULL

-- an account by its token
-- proven
SELECT id, name FROM accounts WHERE api_token = ?

-- accounts by a list
-- weak TENSQL020
SELECT name FROM accounts WHERE id IN (SELECT value FROM json_each(?))

-- a running total over everybody
-- violation TENSQL012
SELECT * FROM (SELECT account_id, id, row_number() OVER (ORDER BY id) AS n FROM permits) WHERE account_id = ?

-- a running total over the account
-- proven
SELECT id, row_number() OVER (PARTITION BY lot_id ORDER BY id) AS n FROM permits WHERE account_id = ?

-- a pragma
-- proven
PRAGMA foreign_keys = ON
