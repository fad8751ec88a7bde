-- Promotions are written here; the view lets one through only if nothing can have been judged without it.
CREATE TABLE IF NOT EXISTS promotions_in (
    tenant LowCardinality(String), promotion_id UUID, model String,
    effective_from_ms Int64, live_from_ms Int64
) ENGINE = Null
