-- mutation of everybody
-- violation
ALTER TABLE boats DELETE WHERE name = {n:String}

-- mutation of the caller's rows
-- proven
ALTER TABLE boats DELETE WHERE harbour_id = {h:UUID} AND id = {id:UUID}

-- mutation that changes everybody's rows
-- violation
ALTER TABLE boats UPDATE name = {n:String} WHERE id = {id:UUID}

-- lightweight deletion of everybody
-- violation TENSQL003
DELETE FROM boats WHERE id = {id:UUID}

-- filtered before reading
-- proven
SELECT * FROM boats FINAL PREWHERE harbour_id = {h:UUID} WHERE name = {n:String}

-- sampled
-- proven
SELECT count() FROM boats SAMPLE 0.1 WHERE harbour_id = {h:UUID}

-- one per tenant
-- proven
SELECT * FROM (SELECT * FROM boats ORDER BY length LIMIT 1 BY harbour_id) WHERE harbour_id = {h:UUID}

-- one per kind
-- violation TENSQL012
SELECT * FROM (SELECT * FROM boats ORDER BY length LIMIT 1 BY kind) WHERE harbour_id = {h:UUID}

-- an alias hides the column
-- violation
SELECT {h:UUID} AS harbour_id, name FROM boats WHERE harbour_id = {h:UUID}

-- key as text
-- proven
SELECT * FROM boats WHERE toString(harbour_id) = {h:String}

-- key of text
-- proven
SELECT * FROM boats WHERE harbour_id = toUUID({h:String})

-- global list, open (only repairs of the own boats are met, if keys hold; first labelled violation)
-- weak TENSQL011
SELECT * FROM boats WHERE id GLOBAL IN (SELECT boat_id FROM repairs WHERE status = {s:String}) AND harbour_id = {h:UUID}

-- elements of an array
-- proven
SELECT x FROM boats ARRAY JOIN [1, 2] AS x WHERE harbour_id = {h:UUID}

-- settings at the end
-- proven
SELECT count() FROM boats WHERE harbour_id = {h:UUID} SETTINGS max_threads = 2 FORMAT JSON

-- counted with a condition
-- violation TENSQL001
SELECT countIf(harbour_id = {h:UUID}) FROM boats

-- percent placeholders of a driver
-- proven
SELECT * FROM boats WHERE harbour_id = %(h)s

-- optional
-- violation
SELECT * FROM boats WHERE ({h:String} = '' OR harbour_id = {h:UUID})
