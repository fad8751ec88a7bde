-- What the system says about itself and its feeds: rejects above 5 %, id conflicts, a lane that stopped, fuse blown.
CREATE TABLE IF NOT EXISTS notices (
    notice_id UUID, tenant LowCardinality(String), kind LowCardinality(String), subject String, text String, severity UInt8,
    at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
) ENGINE = ReplacingMergeTree ORDER BY (tenant, notice_id) TTL toDateTime(at) + INTERVAL 90 DAY
