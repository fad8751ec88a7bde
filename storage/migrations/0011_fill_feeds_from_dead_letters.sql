CREATE MATERIALIZED VIEW IF NOT EXISTS feeds_from_dead_letters_mv TO feeds AS
SELECT tenant, source, feed, toStartOfHour(received_at) AS hour, toUInt64(0) AS stored, count() AS rejected,
       toDateTime64(0, 3, 'UTC') AS last_occurred, max(received_at) AS last_received,
       quantileTDigestStateIf(toFloat64(0), 0) AS delay
FROM dead_letters WHERE status = 'open' AND revision = 0 GROUP BY tenant, source, feed, hour
