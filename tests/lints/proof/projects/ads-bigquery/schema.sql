CREATE TABLE `warehouse.ads.advertisers` (advertiser_id INT64 NOT NULL, name STRING);
CREATE TABLE `warehouse.ads.campaigns` (id INT64 NOT NULL, advertiser_id INT64 NOT NULL, name STRING, budget NUMERIC, labels ARRAY<STRING>) CLUSTER BY advertiser_id;
CREATE TABLE `warehouse.ads.clicks` (advertiser_id INT64 NOT NULL, campaign_id INT64, at TIMESTAMP, cost NUMERIC, device STRUCT<os STRING, model STRING>) PARTITION BY DATE(at) CLUSTER BY advertiser_id;
CREATE VIEW `warehouse.ads.daily` AS SELECT advertiser_id, DATE(at) AS day, SUM(cost) AS cost FROM `warehouse.ads.clicks` GROUP BY 1, 2;
