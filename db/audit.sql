-- name: audit_add
insert into audit_entries (id, action, user_id, credential_id, subject_id, address, request_id, detail)
values ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: audit_list
select e.id, ts(e.at) as at, e.action, e.user_id, u.email, e.credential_id, e.subject_id, e.address, e.request_id, e.detail
  from audit_entries e
  left join users u on u.id = e.user_id
 where (select app_admin())
   and ($1::uuid is null or e.user_id = $1)
   and ($2::text is null or e.action = $2)
   and e.id < case when $3::uuid is null then 'ffffffff-ffff-ffff-ffff-ffffffffffff' else $3::uuid end
 order by e.id desc
 limit $4;

-- name: audit_sweep
select partition_sweep('audit_entries', $1) as dropped;
