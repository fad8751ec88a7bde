CREATE TABLE IF NOT EXISTS alerts_in (
    partition UInt32, term UInt64, tenant String, alert_id UUID, subject String, bucket UInt32, detector String,
    slot String, arm String, stage String, severity UInt8, opener_at_ms Int64, opener_id UUID, completed_at_ms Int64,
    completed_id UUID, withdrawn Bool, replaces Array(UUID), version UInt64, position UInt64, content String
) ENGINE = Null
