-- prewhere
-- proven
SELECT count() FROM spans PREWHERE project_id = {project:UInt64} WHERE ts > now() - INTERVAL 1 DAY

-- final and sample
-- proven
SELECT user_id FROM users FINAL SAMPLE 0.1 WHERE project_id = {p:UInt64}

-- arrays joined
-- proven
SELECT tag, count() FROM spans ARRAY JOIN tags AS tag WHERE project_id = %(project)s GROUP BY tag ORDER BY count() DESC LIMIT 10 BY tag

-- the tenant as an alternative of prewhere
-- violation
SELECT count() FROM spans PREWHERE project_id = {p:UInt64} OR severity = 1

-- global in without the tenant
-- violation
SELECT count() FROM spans WHERE project_id = {p:UInt64} AND trace_id GLOBAL IN (SELECT trace_id FROM spans WHERE duration > 100)

-- global in with the tenant
-- proven
SELECT count() FROM spans WHERE project_id = {p:UInt64} AND trace_id GLOBAL IN (SELECT trace_id FROM spans WHERE project_id = {p:UInt64} AND duration > 100)

-- any join by tenant
-- proven
SELECT s.name, u.props FROM spans s ANY LEFT JOIN users u ON u.project_id = s.project_id AND u.user_id = s.attrs['user'] WHERE s.project_id = {p:UInt64} SETTINGS max_threads = 4

-- any join by user
-- violation TENSQL010
SELECT s.name, u.props FROM spans s ANY LEFT JOIN users u ON u.user_id = s.attrs['user'] WHERE s.project_id = {p:UInt64}

-- equals as a function
-- proven
SELECT count() FROM logs WHERE equals(project_id, {p:UInt64}) AND severity > 3

-- and as a function
-- proven
SELECT count() FROM logs WHERE and(project_id = {p:UInt64}, severity > 3)

-- or as a function
-- violation
SELECT count() FROM logs WHERE or(project_id = {p:UInt64}, severity > 3)

-- merged states
-- proven
SELECT hour, countMerge(n) FROM hourly WHERE project_id = {p:UInt64} GROUP BY hour WITH TOTALS

-- the distributed table
-- proven
SELECT quantile(0.99)(duration) FROM spans_all WHERE project_id = {p:UInt64}

-- the distributed table for all
-- violation
SELECT quantile(0.99)(duration) FROM spans_all WHERE name = {n:String}

-- a scalar with
-- proven
WITH (SELECT max(ts) FROM logs WHERE project_id = {p:UInt64}) AS newest SELECT body FROM logs WHERE project_id = {p:UInt64} AND ts = newest

-- a scalar with of all
-- violation
WITH (SELECT max(ts) FROM logs) AS newest SELECT body FROM logs WHERE project_id = {p:UInt64} AND ts = newest

-- a mutation
-- violation TENSQL003
ALTER TABLE logs DELETE WHERE ts < now() - INTERVAL 30 DAY

-- a mutation of the tenant
-- proven
ALTER TABLE logs DELETE WHERE project_id = {p:UInt64}

-- a lightweight delete
-- proven
DELETE FROM logs WHERE project_id = {p:UInt64} AND severity = 0

-- a limit by the tenant
-- violation
SELECT body FROM logs ORDER BY ts DESC LIMIT 1 BY project_id

-- a partition dropped
-- violation
ALTER TABLE logs DROP PARTITION 202601

-- insert from select of the tenant
-- proven
INSERT INTO logs (project_id, body) SELECT project_id, name FROM spans WHERE project_id = {p:UInt64}
