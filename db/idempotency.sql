-- name: idempotency_take
-- Waits for a transaction that holds the same key.
insert into idempotency_keys (user_id, key, route, body_hash)
values (app_user(), $1, $2, $3)
on conflict (user_id, key) do update
   set route = $2, body_hash = $3, status = null, location = null, body = null, created_at = now()
 where idempotency_keys.created_at < now() - interval '1 day';

-- name: idempotency_get
-- Only one's own row, not committed yet, has no status.
select status, location, body, route = $2 and body_hash = $3 as same
  from idempotency_keys
 where user_id = (select app_user()) and key = $1;

-- name: idempotency_end
update idempotency_keys set status = $2, location = $3, body = $4
 where user_id = (select app_user()) and key = $1;
