-- joined by tenant
-- proven
SELECT * FROM boats b JOIN repairs r ON r.boat_id = b.id AND r.harbour_id = b.harbour_id WHERE b.harbour_id = $1

-- joined by id, composite foreign key carries the tenant
-- proven
SELECT * FROM boats b JOIN repairs r ON r.boat_id = b.id WHERE b.harbour_id = $1

-- scoped through the composite foreign key from the child's side
-- proven
SELECT * FROM repairs r JOIN boats b ON b.id = r.boat_id WHERE r.harbour_id = $1

-- joined by id, simple foreign key
-- weak TENSQL011
SELECT * FROM boats b JOIN invoices i ON i.boat_id = b.id WHERE b.harbour_id = $1

-- parent of a scoped row through a simple foreign key
-- weak TENSQL011
SELECT * FROM invoices i JOIN boats b ON b.id = i.boat_id WHERE i.harbour_id = $1

-- joined on a column that is no key
-- violation TENSQL010
SELECT * FROM boats b JOIN berths p ON p.number = b.name WHERE b.harbour_id = $1

-- joined without a condition
-- violation TENSQL010
SELECT * FROM boats b CROSS JOIN berths p WHERE b.harbour_id = $1

-- both sides scoped separately
-- proven
SELECT * FROM boats b CROSS JOIN berths p WHERE b.harbour_id = $1 AND p.harbour_id = $1

-- comma join tied by tenant
-- proven
SELECT * FROM boats b, berths p WHERE b.harbour_id = p.harbour_id AND p.harbour_id = $1

-- comma join, one side tied by a simple key, a false branch beside it
-- weak TENSQL011
SELECT * FROM boats b, berths p WHERE p.id = b.berth_id AND b.harbour_id = $1 AND p.number = b.name AND p.depth = 2 OR FALSE AND p.id IS NULL

-- joined only by tenant, nothing bound
-- violation TENSQL001
SELECT * FROM boats b JOIN berths p ON p.harbour_id = b.harbour_id

-- tenant in the ON of an inner join
-- proven
SELECT * FROM boats b JOIN berths p ON p.harbour_id = b.harbour_id AND b.harbour_id = $1

-- tenant of the left side in the ON of a LEFT JOIN
-- violation TENSQL001
SELECT * FROM boats b LEFT JOIN berths p ON p.id = b.berth_id AND b.harbour_id = $1

-- tenant of the left side in the ON, another one in WHERE by id
-- violation TENSQL001
SELECT b.* FROM boats b LEFT JOIN harbours h ON h.id = b.harbour_id AND h.id = $1 WHERE b.id = $2

-- left side scoped in WHERE, right side in ON
-- proven
SELECT * FROM boats b LEFT JOIN berths p ON p.id = b.berth_id AND p.harbour_id = b.harbour_id WHERE b.harbour_id = $1

-- left side scoped, right side by value in ON
-- proven
SELECT * FROM boats b LEFT JOIN berths p ON p.id = b.berth_id AND p.harbour_id = $1 WHERE b.harbour_id = $1

-- left side scoped, right side open
-- violation TENSQL010
SELECT * FROM boats b LEFT JOIN berths p ON p.number = b.name WHERE b.harbour_id = $1

-- right side filtered in WHERE, so the join is an inner one
-- proven
SELECT * FROM boats b LEFT JOIN berths p ON p.id = b.berth_id WHERE b.harbour_id = $1 AND p.harbour_id = $1

-- scoped by the right side in WHERE and tied by ON
-- proven
SELECT * FROM boats b LEFT JOIN berths p ON p.harbour_id = b.harbour_id WHERE p.harbour_id = $1

-- right side filtered with a NULL alternative
-- violation TENSQL010
SELECT * FROM boats b LEFT JOIN berths p ON p.number = b.name WHERE b.harbour_id = $1 AND (p.harbour_id = $1 OR p.harbour_id IS NULL)

-- anti join on an open relation
-- violation TENSQL010
SELECT b.* FROM boats b LEFT JOIN berths p ON p.number = b.name WHERE b.harbour_id = $1 AND p.id IS NULL

-- anti join tied by tenant
-- proven
SELECT b.* FROM boats b LEFT JOIN berths p ON p.id = b.berth_id AND p.harbour_id = b.harbour_id WHERE b.harbour_id = $1 AND p.id IS NULL

-- RIGHT JOIN, preserved side scoped
-- proven
SELECT * FROM berths p RIGHT JOIN boats b ON p.id = b.berth_id AND p.harbour_id = b.harbour_id WHERE b.harbour_id = $1

-- RIGHT JOIN, only the ON scopes the preserved side
-- violation TENSQL001
SELECT * FROM berths p RIGHT JOIN boats b ON p.id = b.berth_id AND b.harbour_id = $1

-- RIGHT JOIN degraded by WHERE
-- proven
SELECT * FROM berths p RIGHT JOIN boats b ON p.harbour_id = b.harbour_id WHERE p.harbour_id = $1

-- FULL JOIN with ON only
-- violation
SELECT * FROM boats b FULL JOIN berths p ON p.harbour_id = b.harbour_id AND b.harbour_id = $1

-- FULL JOIN, WHERE on one side
-- proven
SELECT * FROM boats b FULL JOIN berths p ON p.harbour_id = b.harbour_id WHERE b.harbour_id = $1

-- FULL JOIN, WHERE on both sides
-- proven
SELECT * FROM boats b FULL JOIN berths p ON p.id = b.berth_id WHERE b.harbour_id = $1 AND p.harbour_id = $1

-- FULL JOIN, WHERE on one side, the other not tied
-- violation TENSQL010
SELECT * FROM boats b FULL JOIN berths p ON p.number = b.name WHERE b.harbour_id = $1

-- FULL JOIN USING the tenant
-- proven
SELECT * FROM boats b FULL JOIN berths p USING (harbour_id) WHERE harbour_id = $1

-- FULL JOIN USING the tenant, one side's column
-- proven
SELECT * FROM boats b FULL JOIN berths p USING (harbour_id) WHERE b.harbour_id = $1

-- USING the tenant
-- proven
SELECT * FROM boats JOIN berths USING (harbour_id) WHERE harbour_id = $1

-- USING the tenant, qualified
-- proven
SELECT * FROM boats b LEFT JOIN berths p USING (harbour_id) WHERE b.harbour_id = $1

-- LEFT JOIN USING the tenant, right side's column in WHERE
-- proven
SELECT * FROM boats b LEFT JOIN berths p USING (harbour_id) WHERE p.harbour_id = $1

-- USING another column
-- violation TENSQL010
SELECT * FROM repairs JOIN logbooks USING (boat_id) JOIN tags t ON t.label = repairs.status WHERE repairs.harbour_id = $1

-- NATURAL JOIN shares the tenant column
-- proven
SELECT * FROM memberships NATURAL JOIN api_keys WHERE harbour_id = $1

-- NATURAL LEFT JOIN
-- proven
SELECT * FROM memberships m NATURAL LEFT JOIN api_keys k WHERE m.harbour_id = $1

-- ambiguous unqualified tenant
-- violation
SELECT * FROM boats, berths WHERE harbour_id = $1

-- three relations in a chain
-- proven
SELECT * FROM boats b JOIN repairs r ON r.harbour_id = b.harbour_id AND r.boat_id = b.id JOIN invoices i ON i.harbour_id = r.harbour_id AND i.boat_id = b.id WHERE i.harbour_id = $1

-- chain of LEFT JOINs
-- proven
SELECT * FROM boats b LEFT JOIN repairs r ON r.boat_id = b.id AND r.harbour_id = b.harbour_id LEFT JOIN invoices i ON i.boat_id = r.boat_id AND i.harbour_id = r.harbour_id WHERE b.harbour_id = $1

-- chain of LEFT JOINs, the last tied to nothing proven
-- violation TENSQL010
SELECT * FROM boats b LEFT JOIN repairs r ON r.boat_id = b.id AND r.harbour_id = b.harbour_id LEFT JOIN berths i ON i.depth = r.cost WHERE b.harbour_id = $1

-- nested joins in parentheses
-- proven
SELECT * FROM boats b LEFT JOIN (repairs r JOIN invoices i ON i.harbour_id = r.harbour_id) ON r.harbour_id = b.harbour_id WHERE b.harbour_id = $1

-- nested joins, inner side open
-- violation TENSQL010
SELECT * FROM boats b LEFT JOIN (repairs r LEFT JOIN berths p ON p.depth = r.cost) ON r.harbour_id = b.harbour_id WHERE b.harbour_id = $1

-- joins written ON after ON
-- proven
SELECT * FROM boats b JOIN repairs r JOIN invoices i ON i.harbour_id = r.harbour_id ON r.harbour_id = b.harbour_id WHERE b.harbour_id = $1

-- self join by tenant
-- proven
SELECT * FROM boats a JOIN boats b ON a.harbour_id = b.harbour_id AND a.name < b.name WHERE a.harbour_id = $1

-- self join, other side open
-- violation TENSQL010
SELECT * FROM boats a JOIN boats b ON a.kind = b.kind WHERE a.harbour_id = $1

-- self join by primary key is the same row
-- proven
SELECT * FROM boats a JOIN boats b ON a.id = b.id WHERE a.harbour_id = $1

-- self join by a unique key
-- violation
SELECT * FROM boats a JOIN boats b ON a.registration > b.registration WHERE a.harbour_id = $1

-- self join by a composite unique key
-- proven
SELECT * FROM boats a JOIN boats b ON a.harbour_id = b.harbour_id AND a.name = b.name WHERE b.harbour_id = $1

-- joined with the root
-- proven
SELECT * FROM boats b JOIN harbours h ON h.id = b.harbour_id WHERE h.id = $1

-- scoped by the root's unique code
-- proven
SELECT * FROM boats b JOIN harbours h ON h.id = b.harbour_id WHERE h.code = $1

-- joined with a global table
-- proven
SELECT * FROM boats b JOIN countries c ON c.code = b.kind WHERE b.harbour_id = $1

-- lateral, tied
-- proven
SELECT * FROM boats b CROSS JOIN LATERAL (SELECT * FROM repairs r WHERE r.boat_id = b.id AND r.harbour_id = b.harbour_id ORDER BY cost LIMIT 3) x WHERE b.harbour_id = $1

-- lateral, open
-- violation TENSQL010
SELECT * FROM boats b CROSS JOIN LATERAL (SELECT * FROM berths p WHERE p.number = b.name LIMIT 1) x WHERE b.harbour_id = $1

-- left join lateral, tied
-- proven
SELECT * FROM boats b LEFT JOIN LATERAL (SELECT count(*) n FROM repairs r WHERE r.harbour_id = b.harbour_id AND r.boat_id = b.id) x ON true WHERE b.harbour_id = $1

-- lateral limited, filtered outside
-- violation TENSQL012
SELECT * FROM harbours h, LATERAL (SELECT * FROM boats b ORDER BY b.length LIMIT 1) x WHERE h.id = $1 AND x.harbour_id = h.id

-- joined through a mapping of ids in the ON of the nullable side
-- violation TENSQL010
SELECT * FROM boats b LEFT JOIN sailors s ON s.name = b.name AND b.harbour_id = $1 WHERE b.harbour_id = $1

-- condition on the joined row rejects NULL but ties nothing
-- violation TENSQL010
SELECT * FROM boats b LEFT JOIN sailors s ON s.name = b.name WHERE b.harbour_id = $1 AND s.role = 'skipper'

-- declared function
-- proven
SELECT * FROM boats_of($1)

-- declared function with a foreign value
-- violation
SELECT f.* FROM countries c, boats_of(c.id) f

-- declared function fed by a proven row
-- proven
SELECT f.* FROM harbours h, boats_of(h.id) f WHERE h.id = $1

-- undeclared function in FROM
-- opaque TENSQL013
SELECT * FROM all_the_boats($1)

-- set-returning builtin
-- proven
SELECT b.*, g FROM boats b, generate_series(1, 3) g WHERE b.harbour_id = $1

-- composite type access
-- proven
SELECT (b).name FROM boats b WHERE (b).harbour_id = $1
