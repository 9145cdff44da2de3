-- name: message_add
select parent as parent_id, ts(at) as created_at from message_add($1, $2, $3, $4, $5) where at is not null;

-- name: message_get
select m.id, m.chat_id, m.role, m.status, m.content, m.request_id, m.sources::text as sources, t.id::text as trace_id,
       r.finish_reason,
       answer_steps(r.output)::text as steps,
       trace_summary(t.status, t.duration_ms, t.first_token_ms, t.input_tokens,
                     t.output_tokens, t.attempts, t.span_count + t.upstream_count, t.model_calls, t.tool_calls)::text as trace_summary,
       nullif(m.parent_id, m.chat_id) as parent_id, not m.hidden as shown, array_to_json(message_siblings(m))::text as siblings,
       f.rating, f.comment, ts(m.created_at) as created_at
  from messages m
  join chats c on c.id = m.chat_id and c.deleted_at is null
  left join requests r on r.id = m.request_id
  left join traces t on t.id = m.request_id
  left join message_feedback f on f.message_id = m.id
 where m.id = $1 and m.user_id = (select app_user());

-- name: message_list
-- What only some messages have is asked for when there are such: PostgreSQL makes the nodes of a plan
-- anew for each run, used or not. The outer order is that of the subquery, and costs nothing.
select m.id, m.request_id, m.role, m.status, m.content, m.sources::text as sources, nullif(m.parent_id, $1) as parent_id,
       not m.hidden as shown, f.rating, f.comment, m.created_at,
       exists (select from messages h
                where h.chat_id = $1 and h.hidden and h.user_id = (select app_user())) as branched
  from (select l.*
          from messages l
         where l.chat_id = $1 and l.user_id = (select app_user()) and (not l.hidden or $5::boolean)
           and (l.created_at, l.id) > (case when $2::timestamptz is null then '-infinity' else $2::timestamptz end, case when $3::uuid is null then '00000000-0000-0000-0000-000000000000' else $3::uuid end)
           and exists (select from chats c
                        where c.id = $1 and c.user_id = (select app_user()) and c.deleted_at is null)
         order by l.created_at, l.id
         limit $4) m
  left join message_feedback f on f.message_id = m.id
 order by m.created_at, m.id;

-- name: message_list_newest
select m.id, m.request_id, m.role, m.status, m.content, m.sources::text as sources, nullif(m.parent_id, $1) as parent_id,
       not m.hidden as shown, f.rating, f.comment, m.created_at,
       exists (select from messages h
                where h.chat_id = $1 and h.hidden and h.user_id = (select app_user())) as branched
  from (select l.*
          from messages l
         where l.chat_id = $1 and l.user_id = (select app_user()) and (not l.hidden or $5::boolean)
           and (l.created_at, l.id) < (case when $2::timestamptz is null then 'infinity' else $2::timestamptz end, case when $3::uuid is null then 'ffffffff-ffff-ffff-ffff-ffffffffffff' else $3::uuid end)
           and exists (select from chats c
                        where c.id = $1 and c.user_id = (select app_user()) and c.deleted_at is null)
         order by l.created_at desc, l.id desc
         limit $4) m
  left join message_feedback f on f.message_id = m.id
 order by m.created_at desc, m.id desc;

-- name: message_answers
select r.id, r.finish_reason,
       answer_steps(r.output)::text as steps,
       t.id::text as trace_id,
       trace_summary(t.status, t.duration_ms, t.first_token_ms, t.input_tokens,
                     t.output_tokens, t.attempts, t.span_count + t.upstream_count, t.model_calls, t.tool_calls)::text as trace_summary
  from requests r
  left join traces t on t.id = r.id
 where r.id = any ($1::uuid[]) and r.user_id = (select app_user());

-- name: message_branches
-- Of messages that have siblings.
select m.id, array_to_json(message_siblings(m))::text as siblings
  from messages m
 where m.id = any ($1::uuid[]) and m.user_id = (select app_user())
   and exists (select from messages h
                where h.chat_id = m.chat_id and h.parent_id = m.parent_id and h.hidden and h.user_id = m.user_id);

-- name: message_delete
select m.id, message_remove(m.id) as gone
  from messages m
  join chats c on c.id = m.chat_id and c.deleted_at is null
 where m.id = $1 and m.user_id = (select app_user());

-- name: message_show
-- The chat is locked, as by whoever adds to it.
select m.id, m.chat_id
  from messages m
  join chats c on c.id = m.chat_id and c.deleted_at is null
 where m.id = $1 and m.user_id = (select app_user())
   for no key update of c;

-- name: message_show_it
select message_show($1);

-- name: message_rate
insert into message_feedback (message_id, user_id, rating, comment)
select m.id, m.user_id, $2, $3
  from messages m
  join chats c on c.id = m.chat_id and c.deleted_at is null
 where m.id = $1 and m.user_id = (select app_user()) and m.role = 'assistant'
on conflict (message_id) do update
   set rating = excluded.rating, comment = excluded.comment, updated_at = clock_timestamp();

-- name: message_unrate
delete from message_feedback f
 where f.message_id = $1 and f.user_id = (select app_user());
