-- The second order, by subject and time, of the subjects that are not an actor: those are the first order of `events`.
-- `subject` is scope|tenant|token.
CREATE TABLE IF NOT EXISTS subject_events (
    subject String, occurred_at DateTime64(3, 'UTC'), activity_id UUID,
    tenant LowCardinality(String), actor_token String, action LowCardinality(String),
    epoch UInt32, lane LowCardinality(String), offset UInt64, received_at DateTime64(3, 'UTC')
) ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(occurred_at)
ORDER BY (subject, occurred_at, activity_id)
TTL toDateTime(received_at) + INTERVAL 400 DAY
SETTINGS index_granularity = 512
