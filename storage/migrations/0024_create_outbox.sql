-- Every accepted revision of an alert, for notify and for streams: append-only, in the order of writing.
CREATE TABLE IF NOT EXISTS outbox (
    written_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC'),
    tenant LowCardinality(String), alert_id UUID, version UInt64, severity UInt8, withdrawn Bool, stage LowCardinality(String)
) ENGINE = ReplacingMergeTree
ORDER BY (alert_id, version)
TTL toDateTime(written_at) + INTERVAL 400 DAY
