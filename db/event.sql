-- name: event_add
insert into response_events (request_id, seq, user_id, attempt, type, item, text, data)
select * from unnest($1::uuid[], $2::int[], $3::uuid[], $4::smallint[], $5::smallint[], $6::smallint[],
                     $7::text[], $8::text[]);

-- name: event_read
-- The texts of the done events are joined from the deltas (22, 32) before them;
-- a terminal event (3, 4, 5) takes its result from the request. Visitors ($4) see lifecycle and
-- messages only.
select e.request_id, e.seq, e.user_id, e.attempt, e.type, e.item, e.data,
       case when e.type between 24 and 27 or e.type between 33 and 36
            then (select coalesce(string_agg(d.text, '' order by d.seq), '')
                    from response_events d
                   where d.request_id = e.request_id and d.seq < e.seq and d.item = e.item
                     and d.type in (22, 32))
            else e.text end as text,
       r.status, (case when $4 then jsonb_path_query_array(r.output, '$[*] ? (@.type == "message")') else r.output end)::text as output,
       r.usage::text as usage, r.error::text as error, r.finish_reason,
       extract(epoch from r.created_at)::bigint as created_s, r.agent_id::text as model
  from unnest($1::uuid[], $2::bigint[]) as w (id, after)
 cross join lateral (select *
                       from response_events v
                      where v.request_id = w.id and v.seq > w.after
                        and (not $4::boolean or v.type <= 5 or v.type between 20 and 27)
                      order by v.seq
                      limit $3) e
  left join requests r on e.type between 3 and 5 and r.id = e.request_id
 order by e.request_id, e.seq;

-- name: event_result
-- Only when the log is gone: a response that ended since event_read looked still has its events.
select r.user_id, r.attempt, r.last_seq, r.status,
       (case when $3::boolean then jsonb_path_query_array(r.output, '$[*] ? (@.type == "message")') else r.output end)::text as output, r.usage::text as usage,
       r.error::text as error, r.finish_reason, extract(epoch from r.created_at)::bigint as created_s,
       r.agent_id::text as model
  from requests r
 where r.id = $1 and r.completed_at is not null and r.last_seq > $2
   and not exists (select from response_events e where e.request_id = r.id and e.seq > $2);

-- name: event_last
select coalesce(max(seq), -1) as seq from response_events where request_id = $1;

-- name: event_sweep
select partition_sweep('response_events', $1::int) as dropped;
