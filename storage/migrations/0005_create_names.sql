-- What a token stands for, for whoever may see it. Erasing a person starts here.
CREATE TABLE IF NOT EXISTS names (
    tenant LowCardinality(String), token String, value String,
    last_seen_ms Int64 EPHEMERAL, last_seen DateTime64(3, 'UTC') DEFAULT fromUnixTimestamp64Milli(last_seen_ms, 'UTC')
) ENGINE = ReplacingMergeTree(last_seen)
ORDER BY (tenant, token)
TTL toDateTime(last_seen) + INTERVAL 400 DAY
