-- by tenant
-- proven
SELECT * FROM `harbour-prod.core.boats` WHERE harbour_id = @harbour_id

-- by id
-- violation TENSQL001
SELECT * FROM `harbour-prod.core.boats` WHERE id = @id

-- partition pruned and by tenant
-- proven
SELECT kind, COUNT(*) FROM boats WHERE harbour_id = @h AND _PARTITIONTIME >= @since GROUP BY kind

-- optional tenant
-- violation TENSQL005
SELECT * FROM boats WHERE (@h IS NULL OR harbour_id = @h)

-- optional by IFNULL
-- violation TENSQL005
SELECT * FROM boats WHERE harbour_id = IFNULL(@h, harbour_id)

-- one of the caller's harbours
-- proven
SELECT * FROM boats WHERE harbour_id IN UNNEST(@harbours)

-- one of the row's own
-- violation
SELECT * FROM boats WHERE harbour_id IN UNNEST([harbour_id])

-- latest of each, within the tenant
-- proven
SELECT * FROM boats WHERE harbour_id = @h QUALIFY ROW_NUMBER() OVER (PARTITION BY name ORDER BY length) = 1

-- latest of each, the tenant afterwards
-- violation TENSQL012
SELECT * FROM (SELECT * FROM boats WHERE TRUE QUALIFY ROW_NUMBER() OVER (PARTITION BY name ORDER BY length) = 1) WHERE harbour_id = @h

-- latest of each per tenant, the tenant afterwards
-- proven
SELECT * FROM (SELECT * FROM boats WHERE TRUE QUALIFY ROW_NUMBER() OVER (PARTITION BY harbour_id, name ORDER BY length) = 1) WHERE harbour_id = @h

-- a join by id, keys are not enforced
-- violation TENSQL010
SELECT * FROM repairs r JOIN boats b ON b.id = r.boat_id JOIN berths x ON x.number = b.name WHERE r.harbour_id = @h AND b.harbour_id = @h

-- a join by tenant
-- proven
SELECT * FROM repairs r JOIN boats b USING (harbour_id) WHERE harbour_id = @h

-- columns left out
-- proven
SELECT * EXCEPT (harbour_id) FROM boats WHERE harbour_id = @h

-- a string in double quotes
-- violation TENSQL001
SELECT * FROM boats WHERE name = "x AND harbour_id = @h" AND kind = @k

-- a string in triple quotes
-- violation TENSQL001
SELECT * FROM boats WHERE name = """ AND harbour_id = @h AND """ AND kind = @k

-- a comment from a hash sign
-- violation TENSQL001
SELECT * FROM boats WHERE kind = @k # AND harbour_id = @h

-- merge by tenant and id
-- proven
MERGE boats t USING (SELECT @id AS id, @h AS harbour_id, @n AS name) s ON t.id = s.id AND t.harbour_id = s.harbour_id WHEN MATCHED THEN UPDATE SET name = s.name WHEN NOT MATCHED THEN INSERT (id, harbour_id, name) VALUES (s.id, s.harbour_id, s.name)

-- merge by id
-- violation TENSQL002
MERGE boats t USING (SELECT @id AS id, @h AS harbour_id, @n AS name) s ON t.id = s.id WHEN MATCHED THEN UPDATE SET name = s.name

-- deletion of everything
-- violation TENSQL003
DELETE FROM boats WHERE TRUE

-- positional parameters
-- proven
SELECT * FROM boats WHERE harbour_id = ? AND kind = ?

-- exported
-- violation TENSQL001
EXPORT DATA OPTIONS (uri = 'gs://b/*.csv') AS SELECT * FROM boats

-- exported, of the caller
-- proven
EXPORT DATA OPTIONS (uri = 'gs://b/*.csv') AS SELECT * FROM boats WHERE harbour_id = @h

-- a time in the past
-- proven
SELECT * FROM boats FOR SYSTEM_TIME AS OF @t WHERE harbour_id = @h

-- one of two parameters
-- proven
SELECT * FROM boats WHERE harbour_id IN UNNEST([@a, @b])

-- not one of the caller's harbours
-- violation TENSQL001
SELECT * FROM boats WHERE harbour_id NOT IN UNNEST(@harbours)
