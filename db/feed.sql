-- name: feed_add
-- The counter's row stays locked until the transaction ends; comes last.
-- A row when somebody watches.
select 1 from feed_add($1, $2, $3) as watched where watched;

-- name: feed_watch
select id from feeds_watch($1::uuid[], $2) as id;

-- name: feed_read
select f.user_id, f.seq, f.type, f.data::text as data
  from unnest($1::uuid[], $2::bigint[]) as w (id, after)
 cross join lateral (select *
                       from feed_events v
                      where v.user_id = w.id and v.seq > w.after
                      order by v.seq
                      limit $3) f
 where w.after >= 0
 order by f.user_id, f.seq;

-- name: feed_last
select coalesce(n.seq, 0) as newest,
       coalesce((select e.seq from feed_events e where e.user_id = $1 order by e.seq limit 1),
                coalesce(n.seq, 0) + 1) as oldest
  from (select 1) one
  left join feeds n on n.user_id = $1;

-- name: feed_sweep
with gone as (
    select user_id, seq
      from feed_events
     where created_at < now() - make_interval(hours => $1::int)
     order by created_at
     limit $2
)
delete from feed_events f using gone g where f.user_id = g.user_id and f.seq = g.seq;
