-- the table that goes is none of FROM
-- opaque
DELETE boats FROM sailors s WHERE s.harbour_id = ?

-- all columns of what goes
-- proven
DELETE b.* FROM boats b WHERE b.harbour_id = ?

-- several tables by USING
-- proven
DELETE FROM b, s USING boats b JOIN sailors s ON s.id = b.owner_id WHERE b.harbour_id = ?

-- several tables by USING, the second anybody's
-- violation TENSQL003
DELETE FROM b.*, s.* USING boats b, sailors s WHERE b.harbour_id = ?

-- conditions in JSON_OBJECT
-- proven
SELECT JSON_OBJECT('id', id, 'mine', harbour_id = ? AND (name = ?), 'x', NOT kind) FROM boats WHERE harbour_id = ?

-- the tenant only as a value in JSON_OBJECT
-- violation TENSQL001
SELECT JSON_ARRAYAGG(JSON_OBJECT('id', id, 'mine', harbour_id = ?)) FROM boats

-- a variable that a row has set
-- violation ; violation
SELECT harbour_id INTO @h FROM boats WHERE id = ?; SELECT * FROM sailors WHERE harbour_id = @h
