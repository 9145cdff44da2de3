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
