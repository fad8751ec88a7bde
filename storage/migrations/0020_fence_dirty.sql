CREATE MATERIALIZED VIEW IF NOT EXISTS dirty_fence TO dirty AS
SELECT mark_id, subject, bucket, from_at, from_id, due, why, actions, cleared FROM dirty_in
WHERE (partition, term) IN (SELECT partition, max(term) FROM claims GROUP BY partition)
