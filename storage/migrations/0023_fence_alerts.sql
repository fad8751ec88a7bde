CREATE MATERIALIZED VIEW IF NOT EXISTS alerts_fence TO alerts AS
SELECT tenant, alert_id, subject, bucket, detector, slot, arm, stage, severity,
       fromUnixTimestamp64Milli(opener_at_ms, 'UTC') AS opener_at, opener_id,
       fromUnixTimestamp64Milli(completed_at_ms, 'UTC') AS completed_at, completed_id,
       withdrawn, replaces, version, position, content
FROM alerts_in
WHERE (partition, term) IN (SELECT partition, max(term) FROM claims GROUP BY partition)
