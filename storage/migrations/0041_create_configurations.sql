-- Append-only: from when on (event time) a detector judges by which version, settings (JSON) and stages (JSON, by arm).
-- 1970 means always: what the first start of all found.
CREATE TABLE IF NOT EXISTS configurations (
    configuration_id UUID, detector LowCardinality(String), slot LowCardinality(String), settings String,
    stages String, hash String, effective_from DateTime64(3, 'UTC'),
    made_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
) ENGINE = MergeTree ORDER BY (effective_from, made_at, detector, configuration_id)
