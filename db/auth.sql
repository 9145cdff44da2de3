-- name: auth_session
select user_id, role, credential_id, scope, stale, ts(good_until) as good_until, epoch,
       null::int as requests_per_minute, null::int as unfinished_max, null::bigint as tokens_per_day
  from auth_session(decode($1, 'hex'));

-- name: auth_key
select user_id, role, credential_id, scope, stale, ts(good_until) as good_until, epoch, requests_per_minute,
       unfinished_max, tokens_per_day
  from auth_key(decode($1, 'hex'));

-- name: auth_proxy
select user_id, role, credential_id, scope, stale, ts(good_until) as good_until, epoch, requests_per_minute,
       unfinished_max, tokens_per_day
  from auth_proxy($1);

-- name: auth_again
-- Who was identified before is the caller again, if nothing has changed since; else nobody is, so
-- that what follows before the answer is read does nothing, though it be committed.
select set_config('app.user_id', case when g.holds then $1 else '' end, true) as user_id, g.holds
  from (select n = $2 and ($3::timestamptz is null or now() < $3) as holds from auth_epoch) g;

-- name: auth_touch_session
-- Requests that come together note it once: the others skip the locked row.
update sessions set last_seen_at = now()
 where id = (select s.id from sessions s
              where s.id = $1 and s.user_id = (select app_user())
                and s.last_seen_at < now() - interval '5 minutes'
                for no key update skip locked);

-- name: auth_touch_key
update api_keys set last_used_at = now()
 where id = (select k.id from api_keys k
              where k.id = $1 and k.user_id = (select app_user())
                and (k.last_used_at is null or k.last_used_at < now() - interval '5 minutes')
                for no key update skip locked);

-- name: auth_still_good
-- Visitors come under the agent that they ask.
select id from auth_still_good($1::uuid[]) as id
 union all
select id from visitors_welcome($1::uuid[]) as id;

-- name: auth_visitor
select user_id, agent_id from auth_visitor($1, decode($2, 'hex'));

-- name: auth_account
select user_id, password_hash, disabled from auth_account($1);

-- name: auth_session_add
insert into sessions (id, user_id, token_hash, user_agent, address, idle_s, expires_at)
values ($1, $2, decode($3, 'hex'), $4, $5, $6, now() + make_interval(secs => $7::bigint));

-- name: auth_session_list
select id, user_agent, address, ts(created_at) as created_at, ts(last_seen_at) as last_seen_at,
       ts(least(expires_at, last_seen_at + make_interval(secs => idle_s))) as expires_at
  from sessions s
 where user_id = (select app_user()) and s.expires_at > now()
   and s.last_seen_at > now() - make_interval(secs => s.idle_s)
 order by s.created_at desc, id desc
 limit $1;

-- name: auth_session_end
with ended as (
    delete from sessions where id = $1 and user_id = (select app_user()) returning id
)
select id, pg_notify('session', '') from ended;

-- name: auth_session_end_others
with ended as (
    delete from sessions where user_id = (select app_user()) and id is distinct from $1::uuid
), renewed as (
    update sessions set token_hash = decode($2, 'hex') where id = $1 and user_id = (select app_user())
)
select pg_notify('session', '');
