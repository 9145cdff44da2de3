-- name: invitation_add
insert into invitations (id, user_id, email, role, expires_at)
select $1, $2, $3, $4, now() + make_interval(days => $5::int)
 where not exists (select from users where lower(email) = lower($3))
returning id, email, role, ts(created_at) as created_at, ts(expires_at) as expires_at, ts(accepted_at) as accepted_at;

-- name: invitation_list
select id, email, role, ts(created_at) as created_at, ts(expires_at) as expires_at, ts(accepted_at) as accepted_at
  from invitations i
 where (select app_admin())
   and (i.created_at, id) < (case when $1::timestamptz is null then 'infinity' else $1::timestamptz end,
                             case when $2::uuid is null then 'ffffffff-ffff-ffff-ffff-ffffffffffff' else $2::uuid end)
 order by i.created_at desc, id desc
 limit $3;

-- name: invitation_delete
delete from invitations where id = $1 and (select app_admin()) returning id;

-- name: invitation_get
select id, email, role, ts(created_at) as created_at, ts(expires_at) as expires_at, ts(accepted_at) as accepted_at
  from invitations
 where id = $1 and accepted_at is null and invitations.expires_at > now();

-- name: invitation_accept
select invitation_accept($1, $2);
