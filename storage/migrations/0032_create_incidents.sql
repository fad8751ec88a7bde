-- What on-call was told about: each alert is its own incident, and one that replaces it inherits the incident.
-- alert_versions[i] is the revision of alert_ids[i] that notify has dealt with; the last alert is the current one.
CREATE TABLE IF NOT EXISTS incidents (
    tenant LowCardinality(String), incident_id UUID, alert_ids Array(UUID), alert_versions Array(UInt64),
    detector LowCardinality(String), severity UInt8,
    status LowCardinality(String), -- open | withdrawn | closed
    paged Bool, quiet LowCardinality(String), -- why it did not page: '' | shadow | info | late | history | fuse
    channels Array(String), -- told so far, by any notification
    opened_at_ms Int64 EPHEMERAL, opened_at DateTime64(3, 'UTC') DEFAULT fromUnixTimestamp64Milli(opened_at_ms, 'UTC'),
    notified_at_ms Int64 EPHEMERAL, notified_at DateTime64(3, 'UTC') DEFAULT fromUnixTimestamp64Milli(notified_at_ms, 'UTC'),
    triage String, -- the last decision of an analyst that was followed
    revision UInt32, written_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
) ENGINE = ReplacingMergeTree(revision) ORDER BY (tenant, incident_id)
