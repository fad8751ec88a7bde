-- How far each feed of a collector has been read, so that it goes on after a crash and on another machine. `token` is the
-- next page of a walk over (through, until] that is under way, '' between two walks.
CREATE TABLE IF NOT EXISTS cursors (
    tenant LowCardinality(String), collector LowCardinality(String), feed LowCardinality(String),
    through Int64, until Int64, token String, revision UInt64, written_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
) ENGINE = ReplacingMergeTree(revision) ORDER BY (tenant, collector, feed)
