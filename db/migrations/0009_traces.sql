-- revision: 0009
-- down_revision: 0008
-- summary: traces of responses

-- migrate:up

set local role offstage_owner;

-- How an agent's server is spoken to beyond its URL. With databricks_oauth the credential is
-- the secret of the service principal client_id.
alter table agents
    add column auth text not null default 'key' check (auth in ('key', 'databricks_oauth')),
    add column client_id text check (length(client_id) between 1 and 200),
    add column return_trace boolean not null default false,
    add column mlflow_url text check (length(mlflow_url) <= 2000),
    add column tools json not null default '[]' check (octet_length(tools::text) <= 200000),
    add check (auth = 'key' or client_id is not null);
grant select (auth, client_id, return_trace, mlflow_url, tools) on agents to offstage_app;

-- The W3C trace context that a request came with.
create domain trace_context as text check (length(value) = 55);
alter table requests add column traceparent trace_context;

-- One row for each response that an attempt was made at, or that was cancelled before:
-- its id is the request's. Spans are texts in the shape of the API, elements of an array
-- without its brackets, so that showing a trace needs no reading of them: `spans` are
-- ours, each attempt adds its own, and `upstream_spans` those that the agent made elsewhere.
create table traces (
    id                uuid primary key,
    user_id           uuid not null,
    chat_id           uuid not null,
    agent_id          uuid,
    status            text not null check (status in ('running', 'completed', 'failed', 'cancelled')),
    error             text,
    started_at        timestamptz not null,
    duration_ms       double precision not null,
    store_ms          double precision,
    first_token_ms    double precision,
    input_tokens      bigint,
    output_tokens     bigint,
    attempts          int not null default 0,
    span_count        int not null default 0,
    model_calls       int not null default 0,
    tool_calls        int not null default 0,
    spans             text not null default '',
    upstream_id       text check (length(upstream_id) between 1 and 300),
    upstream_parent   text,
    upstream_start_ms double precision,
    upstream_status   text check (upstream_status in ('pending', 'fetched', 'failed')),
    upstream_error    text,
    upstream_count    int not null default 0,
    upstream_spans    text not null default '',
    fetched_at        timestamptz,
    check ((upstream_id is null) = (upstream_status is null))
) partition by range (id);
create table traces_rest partition of traces default;
create index traces_user on traces (user_id, id);
create index traces_chat on traces (chat_id, id);
create index traces_upstream on traces (user_id, upstream_id) where upstream_id is not null;
select partition_sweep('traces', 100000);

-- Spans are texts of many KiB that are read whole: lz4 costs a fraction of pglz, where it is built in.
do $$
begin
    alter table traces alter column spans set compression lz4;
    alter table traces alter column upstream_spans set compression lz4;
exception when feature_not_supported then
    null;
end $$;

-- No foreign key to requests: to drop a partition it would lock that table, in which all is written.
create function trace_of_request_gone() returns trigger
    language plpgsql security definer
    set search_path = pg_catalog, public, pg_temp
as $$
begin
    delete from public.traces where id = old.id;
    return null;
end $$;
create trigger trace_gone after delete on requests for each row execute function trace_of_request_gone();

-- What an answer has besides text, in order, and after how many characters of its text each came about:
-- the text is that of all messages, with an empty line between them. Results belong to their calls.
create function answer_steps(output jsonb) returns json
    language sql immutable parallel safe
    return case when output @? '$[*] ? (@.type != "message")' then
        (select coalesce(json_agg(json_build_object('type', p.type, 'name', p.name, 'at', p.at) order by p.n), '[]')
           from (select i.n, i.item ->> 'type' as type, i.item ->> 'name' as name, i.item @? '$.content[*].text ? (@ != "")' as thought,
                        sum(t.length) over said + 2 * greatest(count(*) filter (where t.length > 0) over said - 1, 0) as at
                   from jsonb_array_elements(output) with ordinality i(item, n)
                  cross join lateral (select coalesce(sum(char_length(x.text #>> '{}')), 0) as length
                                        from jsonb_path_query(i.item, '$ ? (@.type == "message").content[*].text') x(text)) t
                 window said as (order by i.n)) p
          where p.type ~ '_call$' or (p.type = 'reasoning' and p.thought))
        else '[]' end;
grant execute on function answer_steps(jsonb) to offstage_app;

-- What a message tells of its trace; null when it has none.
create function trace_summary(status text, duration_ms double precision, first_token_ms double precision,
                              input_tokens bigint, output_tokens bigint, attempts int, spans int, model_calls int,
                              tool_calls int) returns json
    language sql stable parallel safe
    return case when status is not null then
        json_build_object('status', status, 'duration_ms', duration_ms, 'time_to_first_token_ms', first_token_ms,
                          'input_tokens', input_tokens, 'output_tokens', output_tokens, 'attempts', attempts,
                          'spans', spans, 'model_calls', model_calls, 'tool_calls', tool_calls) end;
grant execute on function trace_summary(text, double precision, double precision, bigint, bigint, int, int, int, int)
    to offstage_app, offstage_worker;

alter table traces enable row level security;
alter table traces force row level security;
create policy owner_role on traces to offstage_owner using (true) with check (true);
create policy own on traces to offstage_app, offstage_worker
    using (user_id = (select app_user()) or (select app_admin()));

grant select, insert, update, delete on traces to offstage_app;
grant select, insert, update on traces to offstage_worker;
grant select on message_feedback to offstage_worker; -- it is kept on the trace elsewhere too

-- migrate:down

set local role offstage_owner;
revoke select on message_feedback from offstage_worker;
drop trigger trace_gone on requests;
drop table traces;
drop function answer_steps(jsonb);
drop function trace_of_request_gone(), trace_summary(text, double precision, double precision, bigint, bigint, int, int,
                                                     int, int);
update requests set trace_id = null where trace_id is not null;
alter table requests drop column traceparent;
drop domain trace_context;
alter table agents drop column auth, drop column client_id, drop column return_trace, drop column mlflow_url,
    drop column tools;
