CREATE TABLE rides (id BIGINT NOT NULL, tenant_id BIGINT NOT NULL, driver VARCHAR, stops ARRAY(ROW(name VARCHAR, at TIMESTAMP)), fare DOUBLE) WITH (format = 'ORC', partitioned_by = ARRAY['tenant_id']);
CREATE TABLE drivers (id BIGINT NOT NULL, tenant_id BIGINT NOT NULL, name VARCHAR);
