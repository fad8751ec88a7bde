CREATE MATERIALIZED VIEW IF NOT EXISTS alert_times_mv TO alert_times AS
SELECT tenant, alert_id, min(written_at) AS detected_at, max(version) AS revisions FROM outbox GROUP BY tenant, alert_id
