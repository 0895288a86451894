CREATE TABLE spans (team_id UInt32, trace_id String, span_id String, name LowCardinality(String), start DateTime64(9), duration UInt64, attributes Map(String, String)) ENGINE = MergeTree PARTITION BY toYYYYMM(start) ORDER BY (team_id, start, trace_id) TTL toDateTime(start) + INTERVAL 30 DAY;
CREATE TABLE persons (team_id UInt32, id UUID, email String, version UInt64) ENGINE = ReplacingMergeTree(version) ORDER BY (team_id, id);
CREATE TABLE daily_usage (team_id UInt32, day Date, spans AggregateFunction(count)) ENGINE = AggregatingMergeTree ORDER BY (team_id, day);
