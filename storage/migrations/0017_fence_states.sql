CREATE MATERIALIZED VIEW IF NOT EXISTS states_fence TO states AS
SELECT subject, bucket, position, seen, body FROM states_in
WHERE (partition, term) IN (SELECT partition, max(term) FROM claims GROUP BY partition)
