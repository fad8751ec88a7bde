-- What was answered to a POST with an Idempotency-Key, so that the same one gets the same answer for a day.
CREATE TABLE IF NOT EXISTS idempotency (
    tenant LowCardinality(String), key_id String, idempotency_key String, digest String, answer String CODEC(ZSTD(3)),
    at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
) ENGINE = ReplacingMergeTree(at) ORDER BY (tenant, key_id, idempotency_key) TTL toDateTime(at) + INTERVAL 1 DAY
