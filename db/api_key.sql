-- name: api_key_insert
insert into api_keys (id, user_id, name, key_hash, hint, scope, expires_at, requests_per_minute, unfinished_max,
                      tokens_per_day)
select $1, app_user(), $2, decode($3, 'hex'), $4, $5, $6::timestamptz, nullif($7::int, 0), nullif($8::int, 0),
       nullif($9::bigint, 0)
 where $6::timestamptz is null or $6::timestamptz > now()
returning id, name, scope, hint, ts(created_at) as created_at, ts(expires_at) as expires_at,
          ts(last_used_at) as last_used_at, requests_per_minute, unfinished_max, tokens_per_day;

-- name: api_key_list
select id, name, scope, hint, ts(created_at) as created_at, ts(expires_at) as expires_at,
       ts(last_used_at) as last_used_at, requests_per_minute, unfinished_max, tokens_per_day
  from api_keys k
 where user_id = (select app_user())
   and (k.created_at, id) < (case when $1::timestamptz is null then 'infinity' else $1::timestamptz end,
                             case when $2::uuid is null then 'ffffffff-ffff-ffff-ffff-ffffffffffff' else $2::uuid end)
 order by k.created_at desc, id desc
 limit $3;

-- name: api_key_delete
with gone as (
    delete from api_keys where id = $1 and user_id = (select app_user()) returning id
)
select id, pg_notify('session', '') from gone;
