-- name: webhook_insert
insert into webhooks (id, user_id, url, description, events, secret)
select $1, app_user(), $2, $3, $4::text[], $5
 where (select count(*) from webhooks w where w.user_id = (select app_user())) < $6::int
returning id, url, description, array_to_json(events)::text as events, active, ts(created_at) as created_at;

-- name: webhook_list
select id, url, description, array_to_json(events)::text as events, active, ts(created_at) as created_at
  from webhooks w
 where user_id = (select app_user())
   and (w.created_at, id) < (case when $1::timestamptz is null then 'infinity' else $1::timestamptz end,
                             case when $2::uuid is null then 'ffffffff-ffff-ffff-ffff-ffffffffffff' else $2::uuid end)
 order by w.created_at desc, id desc
 limit $3;

-- name: webhook_delete
delete from webhooks where id = $1 and user_id = (select app_user()) returning id;

-- name: webhook_deliveries
-- A row without an id says that the webhook is there.
select d.*
  from webhooks w
  left join lateral (select v.id, v.job_id, v.event, v.subject_id, v.state, v.attempt, v.response_status, v.error,
                            v.duration_ms, ts(v.created_at) as created_at, ts(v.tried_at) as tried_at,
                            ts(v.next_attempt_at) as next_attempt_at
                       from webhook_deliveries v
                      where v.webhook_id = w.id and v.user_id = w.user_id
                        and ($2::text is null or v.state = $2)
                        and (v.created_at, v.id) <
                            (case when $3::timestamptz is null then 'infinity' else $3::timestamptz end,
                             case when $4::uuid is null then 'ffffffff-ffff-ffff-ffff-ffffffffffff' else $4::uuid end)
                      order by v.created_at desc, v.id desc
                      limit $5) d on true
 where w.id = $1 and w.user_id = (select app_user())
 order by d.created_at desc, d.id desc;

-- name: webhook_announce
-- What became of a request, to the webhooks of its user that want to hear it; a row in the
-- answer says that a worker is to be woken. Whoever has no webhook is done with one probe.
with said as (
    select r.user_id, r.id, r.http_request_id,
           case when r.status <> 'completed' then 'response.' || r.status
                when r.finish_reason in ('length', 'content_filter') then 'response.incomplete'
                else 'response.completed' end as event,
           json_build_object('id', r.id, 'chat_id', r.chat_id, 'agent_id', r.agent_id, 'message_id', r.message_id,
                             'status', r.status, 'finish_reason', r.finish_reason, 'usage', r.usage,
                             'error', r.error, 'created_at', ts(r.created_at),
                             'completed_at', ts(r.completed_at)) as data
      from requests r
     where r.id = $1 and exists (select from webhooks h where h.user_id = r.user_id)
), due as (
    insert into webhook_deliveries (id, user_id, webhook_id, job_id, event, subject_id, body)
    select uuid_new(), s.user_id, w.id, uuid_new(), s.event, s.id,
           json_build_object('type', s.event, 'timestamp', ts(now()), 'data', s.data)::text
      from said s
      join webhooks w on w.user_id = s.user_id and w.active and s.event = any (w.events)
    returning id, user_id, job_id
), jobs_new as (
    insert into jobs (id, kind, queue, priority, max_attempts, user_id, subject_id, request_id)
    select d.job_id, 'webhook', (select q.id from queues q where q.name = 'webhook'), 5, $2, d.user_id, d.id,
           s.http_request_id
      from due d, said s
    returning 1
)
select 1
  from jobs_new
 where exists (select from workers w where w.sleeping and (w.queues is null or 'webhook' = any (w.queues)))
 limit 1;

-- name: webhook_load
select d.id, d.body, d.state, w.id as webhook_id, w.url, w.secret, w.active
  from webhook_deliveries d
  join webhooks w on w.id = d.webhook_id
 where d.id = $1 and d.user_id = (select app_user());

-- name: webhook_tried
update webhook_deliveries
   set state = $2, attempt = attempt + 1, response_status = $3, error = $4, duration_ms = $5, tried_at = now(),
       next_attempt_at = now() + $6::bigint * interval '1 ms'
 where id = $1 and user_id = (select app_user());

-- name: webhook_over
update webhook_deliveries set state = $2, error = $3, next_attempt_at = null
 where id = $1 and user_id = (select app_user()) and state = 'pending';

-- name: webhook_again
update webhook_deliveries set state = 'pending', next_attempt_at = null
 where id = $1 and user_id = (select app_user()) and state <> 'pending';

-- name: webhook_stop
update webhooks set active = false where id = $1 and user_id = (select app_user());

-- name: webhook_sweep
with gone as (
    delete from webhook_deliveries
     where id = any (array (select id
                              from webhook_deliveries
                             where created_at < now() - $2 * interval '1 day' and state <> 'pending'
                             order by created_at
                             limit $1))
    returning 1
)
select count(*) as n from gone;
