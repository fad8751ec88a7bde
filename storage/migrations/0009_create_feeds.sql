-- "Did my events arrive?" Per tenant, source, feed and hour: what came and how late. Kept longer than events and alerts:
-- it says what of a tenant's past has expired.
CREATE TABLE IF NOT EXISTS feeds (
    tenant LowCardinality(String), source LowCardinality(String), feed LowCardinality(String),
    hour DateTime('UTC'),
    stored SimpleAggregateFunction(sum, UInt64), rejected SimpleAggregateFunction(sum, UInt64),
    last_occurred SimpleAggregateFunction(max, DateTime64(3, 'UTC')),
    last_received SimpleAggregateFunction(max, DateTime64(3, 'UTC')),
    delay AggregateFunction(quantileTDigest, Float64) -- seconds, received - occurred
) ENGINE = AggregatingMergeTree
ORDER BY (tenant, source, feed, hour)
TTL hour + INTERVAL 4 YEAR
