CREATE TABLE spans (project_id UInt64, trace_id UUID, name LowCardinality(String), duration UInt32, ts DateTime64(3), attrs Map(String, String), tags Array(String)) ENGINE = MergeTree PARTITION BY toYYYYMM(ts) ORDER BY (project_id, ts);
CREATE TABLE logs (project_id UInt64, body String, ts DateTime, severity UInt8) ENGINE = ReplicatedMergeTree('/t/{shard}', '{replica}') ORDER BY (project_id, ts);
CREATE TABLE users (project_id UInt64, user_id String, version UInt32, props String) ENGINE = ReplacingMergeTree(version) ORDER BY (project_id, user_id);
CREATE TABLE spans_all AS spans ENGINE = Distributed('c', 'default', 'spans', rand());
CREATE TABLE hourly (project_id UInt64, hour DateTime, n AggregateFunction(count)) ENGINE = AggregatingMergeTree ORDER BY (project_id, hour);
CREATE MATERIALIZED VIEW hourly_mv TO hourly AS SELECT project_id, toStartOfHour(ts) AS hour, countState() AS n FROM spans GROUP BY project_id, hour;
