CREATE TABLE readings (tenant_id UInt32, well_id UInt64, at DateTime, level Float64, INDEX i level TYPE minmax GRANULARITY 4) ENGINE = MergeTree ORDER BY (tenant_id, well_id, at);
CREATE TABLE wells (tenant_id UInt32, well_id UInt64, name String, version UInt32) ENGINE = ReplacingMergeTree(version) ORDER BY (tenant_id, well_id);
CREATE TABLE daily (tenant_id UInt32, day Date, total AggregateFunction(sum, Float64)) ENGINE = AggregatingMergeTree ORDER BY (tenant_id, day);
CREATE TABLE calendar (day Date, label String) ENGINE = Memory;
