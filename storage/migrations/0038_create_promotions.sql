-- Append-only: from when on (event time) a tenant's model counts; model '' is none. Until live_from it is on trial.
CREATE TABLE IF NOT EXISTS promotions (
    tenant LowCardinality(String), promotion_id UUID, model String,
    effective_from DateTime64(3, 'UTC'), live_from DateTime64(3, 'UTC'),
    promoted_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
) ENGINE = MergeTree ORDER BY (tenant, effective_from, promoted_at, promotion_id)
