CREATE TABLE entries (merchant_id BIGINT NOT NULL, entry_id BIGINT NOT NULL, amount DECIMAL(18,2), posted DATE, labels ARRAY<STRING>) USING delta PARTITIONED BY (merchant_id);
CREATE TABLE payouts (merchant_id BIGINT NOT NULL, payout_id BIGINT, entry_id BIGINT) USING delta;
