-- table made from all
-- violation
CREATE TABLE copies AS FROM boats

-- nested from first
-- proven
FROM (FROM boats) b WHERE b.harbour_id = ?

-- anti join
-- violation
SELECT b.name FROM boats b ANTI JOIN sailors s ON s.name = b.name WHERE b.harbour_id = ?

-- anti join tied by tenant
-- proven
SELECT b.name FROM boats b ANTI JOIN sailors s ON s.harbour_id = b.harbour_id AND s.name = b.name WHERE b.harbour_id = ?

-- positional join
-- violation
SELECT * FROM boats POSITIONAL JOIN sailors WHERE boats.harbour_id = ?

-- export of everything
-- violation TENSQL014
EXPORT DATABASE 'dir'

-- copy of a table to a file
-- violation TENSQL014
COPY boats TO 'boats.csv'

-- existence of a product is always true
-- violation
SELECT b.name FROM boats b WHERE EXISTS (SELECT product(x.length) FROM boats x WHERE x.harbour_id = b.harbour_id AND x.harbour_id = $1)
