-- The latest revision of each alert. `content` is its canonical JSON; the other columns are for filters.
CREATE TABLE IF NOT EXISTS alerts (
    tenant LowCardinality(String), alert_id UUID, subject String, bucket UInt32,
    detector LowCardinality(String), slot LowCardinality(String), arm LowCardinality(String), stage LowCardinality(String),
    severity UInt8, opener_at DateTime64(3, 'UTC'), opener_id UUID, completed_at DateTime64(3, 'UTC'), completed_id UUID,
    withdrawn Bool, replaces Array(UUID), version UInt64, position UInt64, content String CODEC(ZSTD(3)),
    written_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
) ENGINE = ReplacingMergeTree(version)
ORDER BY (tenant, alert_id)
TTL toDateTime(written_at) + INTERVAL 3 YEAR
