CREATE TABLE IF NOT EXISTS markers_in (
    partition UInt32, term UInt64, position UInt64, epoch UInt32, partitions UInt32, lanes String, clocks String, heard Array(String)
) ENGINE = Null
