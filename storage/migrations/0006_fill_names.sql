CREATE MATERIALIZED VIEW IF NOT EXISTS names_mv TO names AS
SELECT tenant, pair.1 AS token, argMax(pair.2, received_at) AS value, max(received_at) AS last_seen
FROM events
ARRAY JOIN arrayFilter(p -> p.1 != '', [
    (actor_token, multiIf(actor_name != '', actor_name, actor_login != '', actor_login, actor_id)),
    (login_token, if(actor_login != '', actor_login, actor_id)),
    (ip_token, ip),
    (app_token, if(app_name != '', app_name, app_id))
]) AS pair
GROUP BY tenant, token
