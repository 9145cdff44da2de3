-- name: sweep_sessions
with gone as (
    delete from sessions
     where id = any (array (select id from sessions where expires_at < now() order by expires_at limit $1))
    returning 1
)
select count(*) as n from gone;

-- name: sweep_idempotency
with gone as (
    delete from idempotency_keys
     where ctid = any (array (select ctid
                                from idempotency_keys
                               where created_at < now() - $2 * interval '1 hour'
                               order by created_at
                               limit $1))
    returning 1
)
select count(*) as n from gone;

-- name: sweep_resets
with gone as (
    delete from password_resets
     where id = any (array (select id from password_resets where expires_at < now() order by expires_at limit $1))
    returning 1
)
select count(*) as n from gone;

-- name: sweep_logins
with gone as (
    delete from login_tries
     where key = any (array (select key from login_tries where until < now() - interval '1 hour' order by until limit $1))
    returning 1
)
select count(*) as n from gone;

-- name: sweep_chats
select chats_sweep($1::int, $2::int, $3::int) as n;

-- name: sweep_imports
select imports_sweep($1::int) as n;
