CREATE TABLE orgs (id UInt64, name String) ENGINE = MergeTree ORDER BY id;
CREATE TABLE customers (id UInt64, org_id UInt64, name String) ENGINE = ReplacingMergeTree ORDER BY (org_id, id);
CREATE TABLE orders (id UInt64, org_id UInt64, customer_id UInt64, status LowCardinality(String), items Array(String), total Float64) ENGINE = MergeTree ORDER BY (org_id, id);
