CREATE TABLE IF NOT EXISTS dead_letters (
    dead_letter_id UUID,
    tenant LowCardinality(String), source LowCardinality(String), feed LowCardinality(String),
    epoch UInt32, lane LowCardinality(String), offset UInt64, `index` UInt32,
    received_at_ms Int64 EPHEMERAL,
    received_at DateTime64(3, 'UTC') DEFAULT fromUnixTimestamp64Milli(received_at_ms, 'UTC'),
    code LowCardinality(String), reason String, detector LowCardinality(String),
    raw String CODEC(ZSTD(3)), -- base64, at most 64 kB before encoding; else empty
    raw_bytes UInt64, raw_sha256 String, headers String,
    status LowCardinality(String) DEFAULT 'open', -- open | replayed
    revision UInt32 DEFAULT 0,
    written_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
) ENGINE = ReplacingMergeTree(revision)
PARTITION BY toYYYYMM(received_at)
ORDER BY (tenant, dead_letter_id)
TTL toDateTime(received_at) + INTERVAL 30 DAY
