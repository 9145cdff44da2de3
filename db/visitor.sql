-- name: visitor_admit
select a.user_id, visitor_take($1 || ' ' || $2, $3, $4) as wait_s
  from agents a
 where a.id = $1::uuid and a.visibility = 'public';
