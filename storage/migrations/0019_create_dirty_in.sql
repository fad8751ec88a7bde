CREATE TABLE IF NOT EXISTS dirty_in (
    partition UInt32, term UInt64, mark_id String, subject String, bucket UInt32, from_at Int64, from_id String,
    due Int64, why String, actions Array(String), cleared UInt8
) ENGINE = Null
