CREATE MATERIALIZED VIEW IF NOT EXISTS subject_events_mv TO subject_events AS
SELECT subject, occurred_at, activity_id, tenant, actor_token, action, epoch, lane, offset, received_at
FROM events
ARRAY JOIN arrayFilter(s -> s != '', [
    if(action IN ('auth.login.succeeded', 'auth.login.failed'), concat('login|', tenant, '|', if(login_token != '', login_token, actor_token)), ''),
    if(action IN ('auth.login.succeeded', 'auth.login.failed') AND ip_token != '', concat('source|', tenant, '|', ip_token), ''),
    if(app_token != '', concat('client|', tenant, '|', app_token), ''),
    if(action IN ('auth.login.succeeded', 'auth.login.failed', 'config.changed', 'access.granted', 'user.created', 'app.authorised', 'app.changed', 'control.reported', 'privacy.requested'),
       concat('tenant|', tenant, '|', lower(substring(hex(SHA256(tenant)), 1, 32))), '')
]) AS subject
WHERE app_token != '' OR action IN ('auth.login.succeeded', 'auth.login.failed', 'config.changed', 'access.granted', 'user.created', 'app.authorised', 'app.changed', 'control.reported', 'privacy.requested')
