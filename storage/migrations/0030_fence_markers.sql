CREATE MATERIALIZED VIEW IF NOT EXISTS markers_fence TO markers AS
SELECT partition, term, position, epoch, partitions, lanes, clocks, heard FROM markers_in
WHERE (partition, term) IN (SELECT partition, max(term) FROM claims GROUP BY partition)
