CREATE MATERIALIZED VIEW IF NOT EXISTS feeds_from_events_mv TO feeds AS
SELECT tenant, source, feed, toStartOfHour(received_at) AS hour, count() AS stored,
       toUInt64(0) AS rejected,
       max(occurred_at) AS last_occurred, max(received_at) AS last_received,
       quantileTDigestState(toFloat64(dateDiff('millisecond', occurred_at, received_at)) / 1000) AS delay
FROM events GROUP BY tenant, source, feed, hour
