-- States are looked up by subject, a few among many: small granules, so that little else is read.
CREATE TABLE IF NOT EXISTS states (
    subject String, bucket UInt32, position UInt64, seen UInt64, body String CODEC(ZSTD(1)),
    written_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
) ENGINE = ReplacingMergeTree(position)
ORDER BY subject
TTL toDateTime(written_at) + INTERVAL 400 DAY
SETTINGS index_granularity = 128
