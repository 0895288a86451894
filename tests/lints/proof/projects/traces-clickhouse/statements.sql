-- braces with a type
-- proven
SELECT trace_id, max(duration) FROM spans WHERE team_id = {team:UInt32} AND start >= now() - INTERVAL 1 HOUR GROUP BY trace_id ORDER BY 2 DESC LIMIT 10 BY trace_id LIMIT 100

-- no team
-- violation TENSQL001
SELECT count() FROM spans WHERE trace_id = {trace:String}

-- prewhere
-- proven
SELECT span_id FROM spans PREWHERE team_id = {team:UInt32} WHERE has(mapKeys(attributes), 'http.url') SETTINGS max_threads = 4

-- final
-- proven
SELECT email FROM persons FINAL WHERE team_id = %(team_id)s AND id IN %(ids)s

-- latest by argMax
-- proven
SELECT id, argMax(email, version) FROM persons WHERE team_id = %(team_id)s GROUP BY id HAVING argMax(email, version) != ''

-- global in (a constant tenant; first labelled proven)
-- weak TENSQL007
SELECT count() FROM spans WHERE team_id = 7 AND trace_id GLOBAL IN (SELECT trace_id FROM spans WHERE team_id = 7)

-- array join
-- proven
SELECT k, count() FROM spans ARRAY JOIN mapKeys(attributes) AS k WHERE team_id = {t:UInt32} GROUP BY k

-- with a scalar
-- proven
WITH {t:UInt32} AS team SELECT uniqExact(trace_id) FROM spans WHERE team_id = team

-- with a scalar that is a query over all
-- violation
WITH (SELECT max(duration) FROM spans) AS longest SELECT trace_id FROM spans WHERE team_id = {t:UInt32} AND duration = longest

-- asof join
-- proven
SELECT s.span_id, p.email FROM spans s ASOF LEFT JOIN persons p ON p.team_id = s.team_id AND s.duration >= p.version WHERE s.team_id = {t:UInt32}

-- any join without the team
-- violation
SELECT s.span_id, p.email FROM spans s ANY LEFT JOIN persons p ON toString(p.id) = s.attributes['person'] WHERE s.team_id = {t:UInt32}

-- sample and final
-- proven
SELECT avg(duration) FROM spans SAMPLE 0.1 WHERE team_id = {t:UInt32}

-- merge of states
-- proven
SELECT day, countMerge(spans) FROM daily_usage WHERE team_id = {t:UInt32} GROUP BY day WITH TOTALS

-- mutation
-- violation TENSQL003
ALTER TABLE spans DELETE WHERE start < now() - INTERVAL 30 DAY

-- mutation of the team
-- proven
ALTER TABLE spans DELETE WHERE team_id = {t:UInt32}

-- update mutation
-- violation TENSQL002
ALTER TABLE persons UPDATE email = '' WHERE id = {id:UUID}

-- partition dropped
-- violation
ALTER TABLE spans DROP PARTITION 202401

-- insert
-- proven
INSERT INTO persons (team_id, id, email, version) VALUES ({t:UInt32}, generateUUIDv4(), {e:String}, 1)

-- insert select
-- proven
INSERT INTO daily_usage SELECT team_id, toDate(start) AS day, countState() FROM spans WHERE team_id = {t:UInt32} GROUP BY team_id, day

-- in tuple
-- proven
SELECT span_id FROM spans WHERE (team_id, trace_id) IN ({t:UInt32}, {trace:String})

-- format
-- proven
SELECT span_id FROM spans WHERE team_id = {t:UInt32} FORMAT JSONEachRow

-- a table function (a function that nobody declared; first labelled violation)
-- opaque
SELECT count() FROM cluster('all', default.spans) WHERE name = 'x'

-- optimize and system
-- proven
OPTIMIZE TABLE persons FINAL
