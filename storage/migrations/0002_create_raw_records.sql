-- The record as it arrived, for 90 days; `index` 0 carries the bytes.
CREATE TABLE IF NOT EXISTS raw_records (
    epoch UInt32, lane LowCardinality(String), offset UInt64,
    received_at_ms Int64 EPHEMERAL,
    received_at DateTime64(3, 'UTC') DEFAULT fromUnixTimestamp64Milli(received_at_ms, 'UTC'),
    raw String CODEC(ZSTD(3))
) ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(received_at)
ORDER BY (epoch, lane, offset)
TTL toDateTime(received_at) + INTERVAL 90 DAY
