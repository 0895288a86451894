CREATE TABLE insurers (insurer_id BIGINT NOT NULL, name STRING) USING delta;
CREATE TABLE claims (id BIGINT NOT NULL, insurer_id BIGINT NOT NULL, amount DECIMAL(12,2), codes ARRAY<STRING>, at TIMESTAMP) USING delta PARTITIONED BY (insurer_id);
CREATE TABLE policies (id BIGINT NOT NULL, insurer_id BIGINT NOT NULL, holder STRING) USING delta;
CREATE TABLE payments (id BIGINT NOT NULL, insurer_id BIGINT NOT NULL, claim_id BIGINT, paid DECIMAL(12,2)) USING delta;
