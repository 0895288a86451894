-- qualify within the tenant
-- proven
SELECT campaign_id, cost FROM `warehouse.ads.clicks` WHERE advertiser_id = @advertiser QUALIFY ROW_NUMBER() OVER (PARTITION BY campaign_id ORDER BY at DESC) = 1

-- the tenant in qualify only
-- violation
SELECT advertiser_id, campaign_id FROM `warehouse.ads.clicks` WHERE TRUE QUALIFY ROW_NUMBER() OVER (ORDER BY at DESC) < 10 AND advertiser_id = @advertiser

-- unnest of the row's own array
-- proven
SELECT c.name, label FROM ads.campaigns AS c, UNNEST(c.labels) AS label WHERE c.advertiser_id = @a

-- unnest of a parameter's array
-- proven
SELECT name FROM ads.campaigns WHERE advertiser_id = @a AND id IN UNNEST(@ids)

-- the tenant in a parameter's array
-- proven
SELECT name FROM ads.campaigns WHERE advertiser_id IN UNNEST(@advertisers)

-- select except and replace
-- proven
SELECT * EXCEPT (budget) REPLACE (UPPER(name) AS name) FROM ads.campaigns WHERE advertiser_id = @a

-- a struct's field
-- proven
SELECT device.os, COUNT(*) FROM ads.clicks WHERE advertiser_id = @a AND device.model IS NOT NULL GROUP BY ALL

-- a wildcard table
-- opaque
SELECT COUNT(*) FROM `warehouse.ads.clicks_*` WHERE _TABLE_SUFFIX > '2026'

-- the view by tenant
-- proven
SELECT day, cost FROM `warehouse.ads.daily` WHERE advertiser_id = @a

-- the view over all
-- violation
SELECT SUM(cost) FROM `warehouse.ads.daily` WHERE day = @d

-- pipes
-- proven
FROM ads.clicks |> WHERE advertiser_id = @a |> AGGREGATE SUM(cost) AS cost GROUP BY campaign_id |> ORDER BY cost DESC |> LIMIT 10

-- pipes without the tenant
-- violation
FROM ads.clicks |> WHERE campaign_id = @c |> AGGREGATE SUM(cost) AS cost

-- pipes with the tenant after the limit (not read that far; first labelled violation)
-- opaque
FROM ads.clicks |> ORDER BY at DESC |> LIMIT 10 |> WHERE advertiser_id = @a

-- export of the tenant
-- proven
EXPORT DATA OPTIONS (uri = 'gs://b/*.csv', format = 'CSV') AS SELECT * FROM ads.clicks WHERE advertiser_id = @a

-- export of all
-- violation
EXPORT DATA OPTIONS (uri = 'gs://b/*.csv', format = 'CSV') AS SELECT * FROM ads.clicks

-- merge with a false on
-- violation
MERGE ads.campaigns t USING (SELECT @a AS advertiser_id, 1 AS id) s ON FALSE WHEN NOT MATCHED BY SOURCE AND t.name = 'x' THEN DELETE WHEN NOT MATCHED THEN INSERT (id, advertiser_id) VALUES (s.id, s.advertiser_id)

-- a pivot in the tenant
-- proven
SELECT * FROM (SELECT campaign_id, device.os AS os, cost FROM ads.clicks WHERE advertiser_id = @a) PIVOT (SUM(cost) FOR os IN ('ios', 'android'))

-- time travel
-- proven
SELECT name FROM ads.campaigns FOR SYSTEM_TIME AS OF TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR) WHERE advertiser_id = @a

-- safe cast of the parameter
-- proven
SELECT name FROM ads.campaigns WHERE advertiser_id = SAFE_CAST(@a AS INT64)

-- a script
-- proven proven
DECLARE a INT64 DEFAULT @a; SELECT name FROM ads.campaigns WHERE advertiser_id = a
