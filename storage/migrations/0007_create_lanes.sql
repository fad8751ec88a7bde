-- Per lane, the offset below which every record is stored or dead-lettered.
CREATE TABLE IF NOT EXISTS lanes (
    epoch UInt32, lane String, through UInt64, written_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
) ENGINE = ReplacingMergeTree(through)
ORDER BY (epoch, lane)
