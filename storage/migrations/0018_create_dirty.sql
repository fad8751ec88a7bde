-- Subjects whose alerts must be folded again from (from_at, from_id) on, by the detectors that see one of `actions`, by
-- all of them when it is empty. `cleared` replaces the mark.
CREATE TABLE IF NOT EXISTS dirty (
    mark_id String, subject String, bucket UInt32, from_at Int64, from_id String, due Int64, why LowCardinality(String),
    actions Array(LowCardinality(String)), cleared UInt8,
    written_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
) ENGINE = ReplacingMergeTree(cleared)
ORDER BY mark_id
TTL toDateTime(written_at) + INTERVAL 7 DAY DELETE WHERE cleared = 1
