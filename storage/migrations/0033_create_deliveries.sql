-- One row per notification and channel; `revision` rises with every attempt. webhook_id never changes.
-- `incident` is the incident's row once this notification exists: what a crash between the two writes is mended from.
CREATE TABLE IF NOT EXISTS deliveries (
    tenant LowCardinality(String), webhook_id String, channel LowCardinality(String), incident_id UUID, sequence UInt32,
    kind LowCardinality(String), body String CODEC(ZSTD(3)), incident String CODEC(ZSTD(3)),
    status LowCardinality(String), -- pending | delivered | failed | disabled
    attempts UInt32, response_status UInt16, error String, revision UInt32,
    next_attempt_at_ms Int64 EPHEMERAL,
    next_attempt_at DateTime64(3, 'UTC') DEFAULT fromUnixTimestamp64Milli(next_attempt_at_ms, 'UTC'),
    created_at_ms Int64 EPHEMERAL, created_at DateTime64(3, 'UTC') DEFAULT fromUnixTimestamp64Milli(created_at_ms, 'UTC'),
    written_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
) ENGINE = ReplacingMergeTree(revision) ORDER BY (tenant, webhook_id, channel)
TTL toDateTime(created_at) + INTERVAL 400 DAY
