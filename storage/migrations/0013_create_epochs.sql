-- One row per life of the activity log. Between two epochs nothing runs.
CREATE TABLE IF NOT EXISTS epochs (
    epoch UInt32, partitions UInt32, broker String, state LowCardinality(String), -- opening | open
    written_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
) ENGINE = MergeTree ORDER BY (epoch, written_at)
