-- Files that `vedette watch-folder` has brought in, known by their content, not by their names.
CREATE TABLE IF NOT EXISTS imported_files (
    tenant LowCardinality(String), source LowCardinality(String), digest FixedString(64), name String,
    rows UInt64, rejected UInt64, at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
) ENGINE = ReplacingMergeTree ORDER BY (tenant, source, digest)
