-- name: user_is_first
select user_is_first() as first;

-- name: user_insert
insert into users (id, email, name, password_hash, role)
values ($1, $2, $3, $4, case when user_is_first() then 'admin' else 'user' end)
returning id, email, name, role, disabled, ts(created_at) as created_at;

-- name: user_get
select id, email, name, role, disabled, ts(created_at) as created_at
  from users
 where id = $1;

-- name: user_update
update users
   set email = coalesce($2, email), name = coalesce($3, name), updated_at = now()
 where id = $1
returning id, email, name, role, disabled, ts(created_at) as created_at;

-- name: user_set_password
update users set password_hash = $2, updated_at = now() where id = $1;

-- name: user_password
select password_hash from users where id = $1;

-- name: user_list
select id, email, name, role, disabled, ts(created_at) as created_at
  from users u
 where (select app_admin())
   and ($4::text is null or strpos(lower(u.email), lower($4)) > 0 or strpos(lower(u.name), lower($4)) > 0)
   and (u.created_at, id) < (case when $1::timestamptz is null then 'infinity' else $1::timestamptz end,
                             case when $2::uuid is null then 'ffffffff-ffff-ffff-ffff-ffffffffffff' else $2::uuid end)
 order by u.created_at desc, id desc
 limit $3;

-- name: user_find
select id, email, name, role, disabled, ts(created_at) as created_at
  from users
 where (select app_admin()) and lower(email) = lower($1);

-- name: user_manage
update users
   set role = coalesce($2, role), disabled = coalesce($3::boolean, disabled), updated_at = now()
 where id = $1 and (select app_admin())
returning id, email, name, role, disabled, ts(created_at) as created_at;
