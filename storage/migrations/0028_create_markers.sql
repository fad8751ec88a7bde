-- How far a partition has come: `lanes` and `clocks` are JSON objects, position is epoch and bundle offset.
CREATE TABLE IF NOT EXISTS markers (
    partition UInt32, term UInt64, position UInt64, epoch UInt32, partitions UInt32, lanes String, clocks String, heard Array(String),
    written_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
) ENGINE = ReplacingMergeTree(position) ORDER BY partition
