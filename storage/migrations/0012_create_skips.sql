-- Rows that are no business of ours, counted per insert of ingest: kind is an event type, or `header`.
CREATE TABLE IF NOT EXISTS skips (
    tenant LowCardinality(String), source LowCardinality(String), feed LowCardinality(String), kind LowCardinality(String),
    epoch UInt32, lane LowCardinality(String), first_offset UInt64, last_offset UInt64, rows UInt64,
    written_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
) ENGINE = ReplacingMergeTree
ORDER BY (tenant, source, feed, kind, epoch, lane, first_offset)
TTL toDateTime(written_at) + INTERVAL 30 DAY
