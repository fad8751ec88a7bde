-- When we first said it: beside the alert, not in it.
CREATE TABLE IF NOT EXISTS alert_times (
    tenant LowCardinality(String), alert_id UUID,
    detected_at SimpleAggregateFunction(min, DateTime64(3, 'UTC')), revisions SimpleAggregateFunction(max, UInt64)
) ENGINE = AggregatingMergeTree ORDER BY (tenant, alert_id)
