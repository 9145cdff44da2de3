-- name: request_place
-- Where a request goes that names a chat or a session: the chat, locked so that requests of
-- one chat are made one after the other, and the agent, if the caller may use it. One row always.
select c.id as chat_id, c.agent_id as chat_agent_id, a.id as agent_id,
       (select count(*) from (select 1 from requests u
                               where u.user_id = (select app_user()) and u.completed_at is null
                               limit $4::int) x) as unfinished,
       exists (select from requests b where b.chat_id = c.id and b.completed_at is null) as busy
  from (select 1) one
  left join lateral (select h.id, h.agent_id
                       from chats h
                      where h.user_id = (select app_user()) and h.deleted_at is null
                        and (h.id = $2::uuid
                             or ($2::uuid is null and h.agent_id = $1::uuid and h.session_id = $3))
                        for no key update) c on true
  left join agents a on a.id = coalesce($1::uuid, c.agent_id);

-- name: request_place_limited
-- Where a caller's requests are limited: either of the two, and what the request may cost is set
-- aside. The function is called when chat and agent are known.
select c.id as chat_id, c.agent_id as chat_agent_id, a.id as agent_id,
       (select count(*) from (select 1 from requests u
                               where u.user_id = (select app_user()) and u.completed_at is null
                               limit $4::int) x) as unfinished,
       exists (select from requests b where b.chat_id = c.id and b.completed_at is null) as busy,
       case when $5 then n.reserve end as reserve, q.*
  from (select 1) one
  left join lateral (select h.id, h.agent_id
                       from chats h
                      where h.user_id = (select app_user()) and h.deleted_at is null
                        and (h.id = $2::uuid
                             or ($2::uuid is null and h.agent_id = $1::uuid and h.session_id = $3))
                        for no key update) c on true
  left join agents a on a.id = coalesce($1::uuid, c.agent_id)
  left join lateral (select case when a.kind = 'extractive' then 0
                            else coalesce(a.max_output_tokens, $6::int) + ($7::int + length(a.instructions)) / 4 end
                            as reserve) n on true
  left join lateral (select max(t.refused) as refused, max(t.retry_s) as retry_s,
                            max(t.requests_left) filter (where t.holder = 'user') as user_requests,
                            max(t.requests_reset_s) filter (where t.holder = 'user') as user_reset_s,
                            max(t.tokens_left) filter (where t.holder = 'user') as user_tokens,
                            max(t.requests_left) filter (where t.holder = 'key') as key_requests,
                            max(t.requests_reset_s) filter (where t.holder = 'key') as key_reset_s,
                            max(t.tokens_left) filter (where t.holder = 'key') as key_tokens
                       from quota_take((select app_user()), $8::int, $4::int, $9::bigint, $10::uuid, $11::int, $12::int,
                                       $13::bigint, coalesce(n.reserve, 0)) t) q on true;

-- name: request_unfinished_exact
-- One at a time of a user, so that each sees what those before it have made.
select refused from quota_take_one((select app_user()), (select app_user()), 0, $1, 0, 0);

-- name: request_place_new
-- The same for a request that starts a chat.
select null::uuid as chat_id, null::uuid as chat_agent_id, a.id as agent_id,
       (select count(*) from (select 1 from requests u
                               where u.user_id = (select app_user()) and u.completed_at is null
                               limit $2::int) x) as unfinished,
       false as busy
  from (select 1) one
  left join agents a on a.id = $1;

-- name: request_chat_of_session
-- Of two first calls of one session, the second finds the chat of the first.
insert into chats (id, user_id, agent_id, title, title_by, session_id, shelf, created_at, active_at, read_at)
values ($1, app_user(), $2, $3, 'none', $4::text, chat_shelf(null, $4::text, false), clock_timestamp(), clock_timestamp(),
        clock_timestamp())
on conflict (user_id, agent_id, session_id) where session_id is not null and deleted_at is null
do update set active_at = clock_timestamp()
returning id;

-- name: request_add
select wake, watched
  from request_add($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22,
                   $23, $24, $25);

-- name: request_unfinished
select id, job_id from requests
 where chat_id = $1 and user_id = (select app_user()) and completed_at is null
 order by created_at, id;

-- name: request_get
-- The running text is that of the newest message item: an attempt that was cut has left its own.
select r.id, r.chat_id, r.agent_id, r.user_message_id, r.message_id, r.job_id,
       coalesce(u.content, '') as user_message, r.status, m.content, m.sources::text as sources,
       case when r.status = 'streaming'
            then (select coalesce(string_agg(e.text, '' order by e.seq), '')
                    from response_events e
                   where e.request_id = r.id and e.type = 22
                     and e.item = (select max(i.item) from response_events i
                                    where i.request_id = r.id and i.type = 20))
            end as partial,
       case when r.completed_at is null
            then (select coalesce(max(e.seq), r.last_seq) from response_events e where e.request_id = r.id)
            else r.last_seq end as seq,
       r.attempt, r.max_attempts, ts(r.next_attempt_at) as next_attempt_at, r.error::text as error,
       r.usage::text as usage, r.trace_id, r.finish_reason, ts(r.created_at) as created_at,
       ts(r.started_at) as started_at, ts(r.completed_at) as completed_at
  from requests r
  join messages m on m.id = r.message_id
  join chats c on c.id = r.chat_id and c.deleted_at is null
  left join messages u on u.id = r.user_message_id
 where r.id = $1 and r.user_id = (select app_user());

-- name: request_list
select r.id, r.chat_id, r.agent_id, r.user_message_id, r.message_id, r.job_id,
       coalesce(u.content, '') as user_message, r.status, m.content, m.sources::text as sources,
       null::text as partial, r.last_seq as seq,
       r.attempt, r.max_attempts, ts(r.next_attempt_at) as next_attempt_at, r.error::text as error,
       r.usage::text as usage, r.trace_id, r.finish_reason, ts(r.created_at) as created_at,
       ts(r.started_at) as started_at, ts(r.completed_at) as completed_at
  from requests r
  join messages m on m.id = r.message_id
  join chats c on c.id = r.chat_id and c.deleted_at is null
  left join messages u on u.id = r.user_message_id
 where r.user_id = (select app_user())
   and ($1::text is null or r.status = $1)
   and (r.created_at, r.id) < (case when $2::timestamptz is null then 'infinity' else $2::timestamptz end,
                               case when $3::uuid is null then 'ffffffff-ffff-ffff-ffff-ffffffffffff' else $3::uuid end)
 order by r.created_at desc, r.id desc
 limit $4;

-- name: request_list_unfinished
select r.id, r.chat_id, r.agent_id, r.user_message_id, r.message_id, r.job_id,
       coalesce(u.content, '') as user_message, r.status, m.content, m.sources::text as sources,
       null::text as partial, r.last_seq as seq,
       r.attempt, r.max_attempts, ts(r.next_attempt_at) as next_attempt_at, r.error::text as error,
       r.usage::text as usage, r.trace_id, r.finish_reason, ts(r.created_at) as created_at,
       ts(r.started_at) as started_at, ts(r.completed_at) as completed_at
  from requests r
  join messages m on m.id = r.message_id
  join chats c on c.id = r.chat_id and c.deleted_at is null
  left join messages u on u.id = r.user_message_id
 where r.user_id = (select app_user()) and r.completed_at is null and r.status = $1
   and (r.created_at, r.id) < (case when $2::timestamptz is null then 'infinity' else $2::timestamptz end,
                               case when $3::uuid is null then 'ffffffff-ffff-ffff-ffff-ffffffffffff' else $3::uuid end)
 order by r.created_at desc, r.id desc
 limit $4;

-- name: request_list_chat
select r.id, r.chat_id, r.agent_id, r.user_message_id, r.message_id, r.job_id,
       coalesce(u.content, '') as user_message, r.status, m.content, m.sources::text as sources,
       null::text as partial, r.last_seq as seq,
       r.attempt, r.max_attempts, ts(r.next_attempt_at) as next_attempt_at, r.error::text as error,
       r.usage::text as usage, r.trace_id, r.finish_reason, ts(r.created_at) as created_at,
       ts(r.started_at) as started_at, ts(r.completed_at) as completed_at
  from requests r
  join messages m on m.id = r.message_id
  join chats c on c.id = r.chat_id and c.deleted_at is null
  left join messages u on u.id = r.user_message_id
 where r.chat_id = $5 and r.user_id = (select app_user())
   and ($1::text is null or r.status = $1)
   and (r.created_at, r.id) < (case when $2::timestamptz is null then 'infinity' else $2::timestamptz end,
                               case when $3::uuid is null then 'ffffffff-ffff-ffff-ffff-ffffffffffff' else $3::uuid end)
 order by r.created_at desc, r.id desc
 limit $4;

-- name: request_job
-- The chat is locked first, as request_create() does: see request_finish() for the order.
select r.job_id, r.chat_id, r.message_id, r.user_id, r.status, r.attempt, r.completed_at is not null as final,
       extract(epoch from clock_timestamp() - r.created_at)::double precision * 1000 as age_ms,
       coalesce(t.duration_ms, 0) as traced_ms,
       coalesce((select max(e.seq) from response_events e where e.request_id = r.id), r.last_seq) as seq
  from requests r
  join chats c on c.id = r.chat_id
  left join traces t on t.id = r.id
 where r.id = $1 and r.user_id = (select app_user())
   for no key update of c;

-- name: request_of_message
-- A user message answers for itself; an assistant's leads to the one that it answered.
select m.chat_id, coalesce(r.user_message_id, m.id) as user_message_id,
       coalesce((select a.id from agents a where a.id = r.agent_id), c.agent_id) as agent_id
  from messages m
  join chats c on c.id = m.chat_id and c.deleted_at is null
  left join requests r on r.message_id = m.id
 where m.id = $1 and m.user_id = (select app_user())
   and (m.role = 'user' or r.user_message_id is not null);

-- name: request_watch
select r.status, r.http_request_id, r.completed_at is not null as final,
       coalesce((select max(e.seq) from response_events e where e.request_id = r.id), r.last_seq) as last_seq
  from requests r
 where r.id = $1 and r.user_id = $2;

-- name: request_gone
select w.id
  from unnest($1::uuid[]) as w (id)
 where not exists (select from requests r where r.id = w.id);

-- name: request_load
select r.id, r.user_id, r.chat_id, r.agent_id, r.message_id, r.user_message_id, r.status, r.http_request_id,
       coalesce((select max(e.seq) from response_events e where e.request_id = r.id), r.last_seq) as last_seq,
       coalesce((select max(e.item) from response_events e
                  where e.request_id = r.id and e.type in (10, 20, 30)), -1) + 1 as next_item,
       o.item as open_item, o.type as open_type, extract(epoch from r.created_at)::bigint as created_s,
       a.id is null as agent_gone, a.kind, a.endpoint_url, a.model, a.credential, a.instructions, a.temperature,
       a.max_output_tokens, a.history_limit, a.user_id as agent_owner_id, a.name as agent_name, a.auth, a.client_id, a.return_trace,
       coalesce(a.tools::text, '[]') as tools,
       r.traceparent,
       extract(epoch from clock_timestamp() - r.created_at)::double precision * 1000 as age_ms,
       extract(epoch from r.started_at - r.created_at)::double precision * 1000 as started_ms,
       t.duration_ms as traced_ms,
       exists (select from sources s where s.agent_id = a.id) as has_sources, coalesce(a.titles = 'model', false) as asks_title
  from requests r
  left join agents a on a.id = r.agent_id
  left join traces t on t.id = r.id
  left join lateral (select b.item, b.type
                       from response_events b
                      where b.request_id = r.id and b.type in (10, 20, 30)
                        and not exists (select from response_events d
                                         where d.request_id = r.id and d.item = b.item
                                           and d.type in (11, 26, 27, 35, 36))
                      order by b.item desc
                      limit 1) o on true
 where r.id = $1;

-- name: request_history
-- Up from the question, so that it is the question's own branch; what is still being
-- written does not count.
with recursive path as (
    select m.id, m.parent_id, m.role, m.content, 0 as depth, 0 as n, m.content <> '' as counts
      from messages m
     where m.id = $2 and m.chat_id = $1
    union all
    select m.id, m.parent_id, m.role, m.content, p.depth + 1, p.n + p.counts::int,
           m.content <> '' and m.status <> 'in_progress'
      from path p
      join messages m on m.id = p.parent_id and m.chat_id = $1
     where p.n + p.counts::int < $3::int
)
select role, content from path where counts order by depth desc;

-- name: request_branch
select message_branch($1, $2);

-- name: request_items
select b.item, b.type, b.data, d.type as done_type, d.data as done_data,
       (select coalesce(string_agg(t.text, '' order by t.seq), '')
          from response_events t
         where t.request_id = $1 and t.item = b.item and t.type in (22, 32)) as text
  from response_events b
  left join response_events d on d.request_id = $1 and d.item = b.item and d.type in (11, 26, 27, 35, 36)
 where b.request_id = $1 and b.type in (10, 20, 30)
 order by b.item;

-- name: request_started
update requests
   set status = 'streaming', attempt = $2, next_attempt_at = null,
       started_at = coalesce(started_at, clock_timestamp())
 where id = $1 and completed_at is null;

-- name: request_retrying
update requests
   set attempt = $2, next_attempt_at = clock_timestamp() + make_interval(secs => $3::double precision / 1000)
 where id = $1 and completed_at is null;

-- name: request_end
with ended as (
    update requests
       set status = $2, output = $3::jsonb, usage = $4::jsonb, error = $5::jsonb, finish_reason = $6,
           last_seq = $7, next_attempt_at = null, completed_at = clock_timestamp(),
           trace_id = case when not $11::boolean then id::text end
     where id = $1 and completed_at is null
    returning message_id, chat_id, user_id, key_id, reserved_tokens
), answered as (
    update messages m
       set status = $2, content = $8, sources = $9::jsonb
      from ended where m.id = ended.message_id
    returning m.id
), chat as (
    update chats c
       set answered_at = clock_timestamp(), active_at = clock_timestamp(),
           preview = case when $8 = '' then c.preview else $10 end
      from ended where c.id = ended.chat_id
    returning c.id
), found as (
    insert into search_pending (user_id, chat_id) select user_id, chat_id from ended
)
select must(exists (select from answered), 'the request was final already'),
       -- Behind the chat, whose row others lock first. What a model has not told is taken for a token in four bytes.
       (select count(quota_settle(e.user_id, e.key_id, case when $4::jsonb is null then octet_length($8) / 4
                                                       else coalesce(($4::jsonb ->> 'total_tokens')::bigint, 0) end))
          from ended e where e.reserved_tokens is not null and x.n >= 0)
  from (select count(*) as n from chat) x;
