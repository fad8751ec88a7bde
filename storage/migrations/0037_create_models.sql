-- Trained models, by the hash of their manifest (JSON); `arrays` is an .npz in base64. Never changed, never deleted.
CREATE TABLE IF NOT EXISTS models (
    tenant LowCardinality(String), model String, manifest String CODEC(ZSTD(3)), arrays String CODEC(NONE),
    written_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
) ENGINE = ReplacingMergeTree ORDER BY (tenant, model)
