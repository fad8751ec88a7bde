-- A minute ahead by the store's own clock; or, for history that is brought in, at least five minutes back and later than
-- everything that is stored of the tenant.
CREATE MATERIALIZED VIEW IF NOT EXISTS promotions_fence TO promotions AS
SELECT p.tenant AS tenant, p.promotion_id AS promotion_id, p.model AS model,
       fromUnixTimestamp64Milli(p.effective_from_ms, 'UTC') AS effective_from,
       fromUnixTimestamp64Milli(p.live_from_ms, 'UTC') AS live_from
FROM promotions_in AS p
LEFT JOIN (SELECT tenant, max(last_occurred) AS latest FROM feeds GROUP BY tenant) AS f ON f.tenant = p.tenant
WHERE effective_from >= now64(3, 'UTC') + INTERVAL 60 SECOND
   OR (effective_from <= now64(3, 'UTC') - INTERVAL 5 MINUTE AND effective_from > f.latest)
