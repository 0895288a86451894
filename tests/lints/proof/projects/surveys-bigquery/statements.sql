-- answers of the tenant's surveys
-- proven
SELECT s.id, a.q FROM surveys s, UNNEST(s.answers) a WHERE s.client_id = @client

-- answers to a question
-- violation TENSQL001
SELECT s.id FROM surveys s, UNNEST(s.answers) a WHERE a.q = @q

-- the tenant in a variable
-- proven ; proven
DECLARE c STRING DEFAULT @client; SELECT * FROM surveys WHERE client_id = c

-- the tenant of anybody's row in a variable
-- violation ; violation TENSQL001
DECLARE c STRING DEFAULT (SELECT client_id FROM surveys WHERE id = @id); SELECT * FROM responses WHERE client_id = c

-- as it was an hour ago
-- proven
SELECT * FROM responses FOR SYSTEM_TIME AS OF TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR) WHERE client_id = @client

-- a sample of everybody
-- violation TENSQL001
SELECT * FROM responses TABLESAMPLE SYSTEM (10 PERCENT)

-- a pivot of the tenant's rows
-- proven
SELECT * FROM (SELECT client_id, survey_id, at FROM responses WHERE client_id = @client) PIVOT (COUNT(at) FOR survey_id IN ('a', 'b'))

-- the last of each tenant
-- violation TENSQL001
SELECT * FROM responses WHERE TRUE QUALIFY RANK() OVER (PARTITION BY client_id ORDER BY at DESC) = 1

-- merge of a list of rows
-- proven
MERGE responses t USING UNNEST(@rows) s ON t.client_id = @client AND t.survey_id = s.survey_id WHEN MATCHED THEN UPDATE SET at = s.at WHEN NOT MATCHED THEN INSERT (client_id, survey_id, at) VALUES (@client, s.survey_id, s.at)

-- merge that deletes what is not in the list
-- violation TENSQL003
MERGE responses t USING UNNEST(@rows) s ON t.client_id = @client AND t.survey_id = s.survey_id WHEN MATCHED THEN UPDATE SET at = s.at WHEN NOT MATCHED BY SOURCE THEN DELETE

-- the group of the tenant
-- proven
SELECT client_id, ARRAY_AGG(STRUCT(survey_id, at) ORDER BY at LIMIT 3) FROM responses GROUP BY client_id HAVING client_id = @client

-- an array of the tenant's rows
-- proven
SELECT ARRAY(SELECT id FROM surveys WHERE client_id = @client)

-- a list of tenants
-- proven
SELECT * FROM surveys WHERE client_id IN UNNEST(@clients)

-- a column in another form
-- proven
SELECT s.* REPLACE (UPPER(s.id) AS id) FROM surveys s WHERE s.client_id = @client

-- a text that is run within the tenant
-- proven
EXECUTE IMMEDIATE 'SELECT * FROM surveys WHERE client_id = @c' USING @client AS c

-- a text that is made and run
-- opaque
EXECUTE IMMEDIATE FORMAT('SELECT * FROM %s', @t)

-- a temporary table of the tenant's rows
-- proven ; proven
CREATE TEMP TABLE mine AS SELECT * FROM responses WHERE client_id = @client; SELECT COUNT(*) FROM mine

-- everything is deleted
-- violation TENSQL003
DELETE FROM responses WHERE TRUE
