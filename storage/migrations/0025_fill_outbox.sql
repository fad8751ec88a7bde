CREATE MATERIALIZED VIEW IF NOT EXISTS outbox_mv TO outbox AS
SELECT tenant, alert_id, version, severity, withdrawn, stage FROM alerts_in
WHERE (partition, term) IN (SELECT partition, max(term) FROM claims GROUP BY partition)
