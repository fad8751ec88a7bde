-- Who may write for a partition: the highest term.
CREATE TABLE IF NOT EXISTS claims (
    partition UInt32, term UInt64, claimed_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
) ENGINE = ReplacingMergeTree(term) ORDER BY partition
