CREATE TABLE IF NOT EXISTS api_keys (
    key_id String, digest String, tenant LowCardinality(String), role LowCardinality(String), name String, revoked Bool,
    revision UInt32, created_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
) ENGINE = ReplacingMergeTree(revision) ORDER BY key_id
