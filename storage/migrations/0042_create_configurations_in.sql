-- Configurations are written here; the view says from when on they hold.
CREATE TABLE IF NOT EXISTS configurations_in (
    configuration_id UUID, detector String, slot String, settings String, stages String, hash String
) ENGINE = Null
