-- The first ones hold always, for nothing was judged without them; every other from a minute ahead by the store's own
-- clock: nothing of that time can have been judged yet, and every judge has read of it by then.
CREATE MATERIALIZED VIEW IF NOT EXISTS configurations_date TO configurations AS
SELECT configuration_id, detector, slot, settings, stages, hash,
       if((SELECT count() FROM configurations) = 0, toDateTime64(0, 3, 'UTC'), now64(3, 'UTC') + INTERVAL 60 SECOND)
           AS effective_from
FROM configurations_in
