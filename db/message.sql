-- name: message_insert
with touched as (
    update chats set active_at = clock_timestamp(), preview = $5
     where id = $2 and user_id = (select app_user())
    returning id
)
insert into messages (id, user_id, chat_id, role, content, created_at)
select $1, app_user(), touched.id, $3, $4, clock_timestamp() from touched
returning id, chat_id, role, status, content, request_id, sources::text as sources, null::text as trace_id,
          null::text as trace_summary, ts(created_at) as created_at;

-- name: message_get
select m.id, m.chat_id, m.role, m.status, m.content, m.request_id, m.sources::text as sources, t.id::text as trace_id,
       trace_summary(t.status, t.duration_ms, t.first_token_ms, t.input_tokens,
                     t.output_tokens, t.attempts, t.span_count + t.upstream_count, t.model_calls, t.tool_calls)::text as trace_summary, ts(m.created_at) as created_at
  from messages m
  left join traces t on t.id = m.request_id
 where m.id = $1 and m.user_id = (select app_user());

-- name: message_list
-- One row without a message when the chat has none on this page.
select c.id as chat, m.id, m.chat_id, m.role, m.status, m.content, m.request_id, m.sources::text as sources, t.id::text as trace_id,
       trace_summary(t.status, t.duration_ms, t.first_token_ms, t.input_tokens,
                     t.output_tokens, t.attempts, t.span_count + t.upstream_count, t.model_calls, t.tool_calls)::text as trace_summary, ts(m.created_at) as created_at
  from chats c
  left join lateral (select *
                       from messages l
                      where l.chat_id = c.id and l.user_id = c.user_id
                        and (l.created_at, l.id) > (case when $2::timestamptz is null then '-infinity' else $2::timestamptz end, case when $3::uuid is null then '00000000-0000-0000-0000-000000000000' else $3::uuid end)
                      order by l.created_at, l.id
                      limit $4) m on true
  left join traces t on t.id = m.request_id
 where c.id = $1 and c.user_id = (select app_user())
 order by m.created_at, m.id;

-- name: message_list_newest
-- One row without a message when the chat has none on this page.
select c.id as chat, m.id, m.chat_id, m.role, m.status, m.content, m.request_id, m.sources::text as sources, t.id::text as trace_id,
       trace_summary(t.status, t.duration_ms, t.first_token_ms, t.input_tokens,
                     t.output_tokens, t.attempts, t.span_count + t.upstream_count, t.model_calls, t.tool_calls)::text as trace_summary, ts(m.created_at) as created_at
  from chats c
  left join lateral (select *
                       from messages l
                      where l.chat_id = c.id and l.user_id = c.user_id
                        and (l.created_at, l.id) < (case when $2::timestamptz is null then 'infinity' else $2::timestamptz end, case when $3::uuid is null then 'ffffffff-ffff-ffff-ffff-ffffffffffff' else $3::uuid end)
                      order by l.created_at desc, l.id desc
                      limit $4) m on true
  left join traces t on t.id = m.request_id
 where c.id = $1 and c.user_id = (select app_user())
 order by m.created_at desc, m.id desc;

-- name: message_delete
-- An answer takes its request with it; a request that is not final would be lost to its worker.
with found as (
    select id, status from messages where id = $1 and user_id = (select app_user()) for update
), gone as (
    delete from messages m using found f where m.id = f.id and f.status <> 'in_progress' returning m.id
)
select f.id, exists (select from gone) as gone from found f;
