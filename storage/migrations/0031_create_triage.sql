-- Append-only: what people decided about an alert. The latest row of an alert is its state.
CREATE TABLE IF NOT EXISTS triage (
    tenant LowCardinality(String), alert_id UUID, action_id UUID, at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC'),
    actor String, action LowCardinality(String), -- acknowledge | close | reopen | comment
    disposition LowCardinality(String), -- '' | true_positive | benign | false_positive
    reason String
) ENGINE = MergeTree ORDER BY (tenant, alert_id, at, action_id)
