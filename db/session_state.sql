-- Prepared like all others, since parsing them is most of their work.

-- name: begin_read
begin read only;

-- name: begin_write
begin;

-- name: commit
commit;

-- name: rollback
rollback;

-- name: be_user
select set_config('app.user_id', $1, true);

-- name: be_admin
select set_config('app.admin', 'on', true);

-- name: notify
select set_config('synchronous_commit', 'off', true), pg_notify(n.channel, n.payload)
  from unnest($1::text[], $2::text[]) as n (channel, payload);
