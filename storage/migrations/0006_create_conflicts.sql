-- Deliveries of an id that the store has with other content: of the two the earlier one counts, and somebody must know.
CREATE TABLE IF NOT EXISTS conflicts (
    tenant LowCardinality(String), source LowCardinality(String), feed LowCardinality(String),
    activity_id UUID, epoch UInt32, lane LowCardinality(String), offset UInt64, `index` UInt32,
    received_at_ms Int64 EPHEMERAL,
    received_at DateTime64(3, 'UTC') DEFAULT fromUnixTimestamp64Milli(received_at_ms, 'UTC')
) ENGINE = ReplacingMergeTree
ORDER BY (tenant, source, feed, activity_id, epoch, lane, offset, `index`)
TTL toDateTime(received_at) + INTERVAL 30 DAY
