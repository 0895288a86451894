-- unload of a literal tenant's
-- weak TENSQL007
UNLOAD ('SELECT * FROM boats WHERE harbour_id = ''x''') TO 's3://b/x' IAM_ROLE 'r'

-- appended from a staging table
-- violation TENSQL014
ALTER TABLE boats APPEND FROM sailors

-- super navigation
-- violation
SELECT * FROM boats b WHERE b.kind.harbour_id = $1

-- merge that removes duplicates
-- unparsed
MERGE INTO boats USING sailors ON boats.id = sailors.id REMOVE DUPLICATES

-- marks of an outer join on the scoped side
-- violation
SELECT b.name, r.cost FROM boats b, repairs r WHERE b.harbour_id = r.harbour_id (+) AND r.harbour_id (+) = $1
