-- name: trace_add
-- Every attempt adds what it has to say; the last tells how it ended.
insert into traces as t (id, user_id, chat_id, agent_id, status, error, started_at, duration_ms, store_ms,
                         first_token_ms, input_tokens, output_tokens, attempts, span_count, model_calls, tool_calls,
                         spans, upstream_id, upstream_parent, upstream_start_ms, upstream_status, upstream_spans,
                         upstream_count, fetched_at)
select r.id, r.user_id, r.chat_id, r.agent_id, $2, $3, r.created_at,
       round(extract(epoch from clock_timestamp() - r.created_at) * 1000, 3)::double precision, $4, $5, $6, $7, $8, $9, $10,
       $11, $12, $13, $14, $15,
       case when $13::text is null then null when $16::text is null then 'pending' else 'fetched' end,
       coalesce($16, ''), $17, case when $13::text is not null and $16::text is not null then clock_timestamp() end
  from requests r
 where r.id = $1
on conflict (id) do update
   set status = excluded.status, error = excluded.error, duration_ms = excluded.duration_ms,
       store_ms = excluded.store_ms, first_token_ms = coalesce(t.first_token_ms, excluded.first_token_ms),
       input_tokens = case when t.input_tokens is null then excluded.input_tokens
                           else t.input_tokens + coalesce(excluded.input_tokens, 0) end,
       output_tokens = case when t.output_tokens is null then excluded.output_tokens
                            else t.output_tokens + coalesce(excluded.output_tokens, 0) end,
       attempts = excluded.attempts, span_count = t.span_count + excluded.span_count,
       model_calls = t.model_calls + excluded.model_calls, tool_calls = t.tool_calls + excluded.tool_calls,
       upstream_id = excluded.upstream_id, upstream_parent = excluded.upstream_parent,
       upstream_start_ms = excluded.upstream_start_ms, upstream_status = excluded.upstream_status,
       upstream_spans = excluded.upstream_spans, upstream_count = excluded.upstream_count,
       fetched_at = excluded.fetched_at,
       spans = concat_ws(',', nullif(t.spans, ''), nullif(excluded.spans, ''));

-- name: trace_get
select t.id, t.chat_id, t.agent_id, t.status, t.error, ts(t.started_at) as started_at, t.duration_ms, t.store_ms,
       t.first_token_ms, t.input_tokens, t.output_tokens, t.spans, t.upstream_id, t.upstream_status, t.upstream_error,
       t.upstream_spans, ts(t.fetched_at) as fetched_at, ts(t.started_at + $2::int * interval '1 day') as expires_at,
       trace_summary(t.status, t.duration_ms, t.first_token_ms, t.input_tokens, t.output_tokens, t.attempts,
                     t.span_count + t.upstream_count, t.model_calls, t.tool_calls)::text as summary,
       a.name as agent_name, left(u.content, $3::int) as question, left(m.content, $3::int) as answer,
       r.traceparent, (extract(epoch from t.started_at) * 1000000)::bigint as started_us, f.rating, f.comment
  from traces t
  join requests r on r.id = t.id
  join messages m on m.id = r.message_id
  left join message_feedback f on f.message_id = m.id
  left join messages u on u.id = r.user_message_id
  left join agents a on a.id = t.agent_id
 where t.id = $1 and t.user_id = (select app_user());

-- name: trace_find
select id from traces where upstream_id = $1 and user_id = (select app_user()) order by id desc limit 1;

-- name: trace_list
-- A bound that is absent is not coalesce()d: see db/page.h.
select t.id, t.chat_id, t.agent_id, t.status, t.error, ts(t.started_at) as started_at, t.duration_ms,
       t.first_token_ms, t.input_tokens, t.output_tokens, t.upstream_id, t.upstream_status, t.upstream_error,
       ts(t.fetched_at) as fetched_at, ts(t.started_at + $9::int * interval '1 day') as expires_at,
       trace_summary(t.status, t.duration_ms, t.first_token_ms, t.input_tokens, t.output_tokens, t.attempts,
                     t.span_count + t.upstream_count, t.model_calls, t.tool_calls)::text as summary
  from traces t
 where t.user_id = (select app_user())
   and t.id < case when $1::uuid is null then 'ffffffff-ffff-ffff-ffff-ffffffffffff' else $1::uuid end
   and ($3::uuid is null or t.chat_id = $3)
   and ($4::uuid is null or t.agent_id = $4)
   and ($5::text is null or t.status = $5)
   and ($6::double precision is null or t.duration_ms >= $6)
   and t.id >= case when $7::timestamptz is null then '00000000-0000-0000-0000-000000000000' else uuid_at(greatest($7, 'epoch')) end
   and t.id < case when $8::timestamptz is null then 'ffffffff-ffff-ffff-ffff-ffffffffffff' else uuid_at(greatest($8, 'epoch')) end
 order by t.id desc
 limit $2;

-- name: trace_delete
with gone as (
    delete from traces where id = $1 and user_id = (select app_user()) returning id
), told as (
    update requests r set trace_id = null from gone where r.id = gone.id
)
select id from gone;

-- name: trace_refresh
with found as (
    select id, upstream_id is not null as has_upstream from traces where id = $1 and user_id = (select app_user())
), told as (
    update traces t set upstream_status = 'pending', upstream_error = null
      from found where t.id = found.id and found.has_upstream
)
select has_upstream from found;

-- name: trace_fetch_load
select t.id, t.upstream_id, t.upstream_parent, coalesce(t.upstream_start_ms, 0) as upstream_start_ms,
       (extract(epoch from t.started_at) * 1000000)::bigint as started_us, t.agent_id, a.endpoint_url, a.mlflow_url,
       a.credential, a.auth, a.client_id
  from traces t
  left join agents a on a.id = t.agent_id
 where t.id = $1 and t.user_id = (select app_user()) and t.upstream_id is not null;

-- name: trace_fetched
update traces
   set upstream_spans = $2, upstream_count = $3, upstream_status = 'fetched', upstream_error = null,
       fetched_at = clock_timestamp()
 where id = $1 and user_id = (select app_user());

-- name: trace_fetch_failed
update traces set upstream_status = 'failed', upstream_error = $2
 where id = $1 and user_id = (select app_user());

-- name: trace_feedback
-- What its user thinks of an answer now, and where its trace is kept. In no row: of no agent's answer.
select m.id, r.id as request_id, r.completed_at is not null as complete, t.id as trace_id, r.traceparent, t.upstream_id,
       t.agent_id, a.endpoint_url, a.mlflow_url, a.credential, a.auth, a.client_id, f.rating, f.comment,
       ts(f.created_at) as created_at, ts(f.updated_at) as updated_at
  from messages m
  join requests r on r.id = m.request_id
  left join traces t on t.id = r.id
  left join agents a on a.id = t.agent_id
  left join message_feedback f on f.message_id = m.id
 where m.id = $1 and m.user_id = (select app_user());

-- name: trace_sweep
select partition_sweep('traces', $1::int) as dropped;
