-- revision: 0003
-- down_revision: 0002
-- summary: agents, text sources, chats, messages, requests, the event log, feeds, idempotency keys

-- migrate:up

set local role offstage_owner;

-- ---- agents and what they know ------------------------------------------------

create table agents (
    id                uuid primary key,
    user_id           uuid not null references users on delete cascade,
    name              text not null check (length(name) between 1 and 200),
    description       text not null default '' check (length(description) <= 2000),
    kind              text not null check (kind in ('extractive', 'chat_completions', 'responses')),
    endpoint_url      text check (length(endpoint_url) <= 2000),
    model             text check (length(model) between 1 and 200),
    credential        text,
    has_credential    boolean not null generated always as (credential is not null) stored,
    instructions      text not null default '' check (length(instructions) <= 100000),
    temperature       double precision check (temperature between 0 and 2),
    max_output_tokens int check (max_output_tokens between 1 and 1000000),
    history_limit     int not null default 10 check (history_limit between 0 and 1000),
    visibility        text not null default 'private' check (visibility in ('private', 'workspace', 'public')),
    starter_questions text[] not null default '{}' check (cardinality(starter_questions) <= 20),
    created_at        timestamptz not null default now(),
    updated_at        timestamptz not null default now(),
    check (kind = 'extractive' or endpoint_url is not null)
);
create index agents_user on agents (user_id, created_at, id);
create index agents_shared on agents (created_at, id) where visibility <> 'private';

-- A try at an agent's endpoint: the app adds the row and its job, a worker writes what it met.
create table agent_tests (
    id         uuid primary key,
    user_id    uuid not null references users on delete cascade,
    agent_id   uuid not null references agents on delete cascade,
    status     text not null default 'queued' check (status in ('queued', 'done')),
    result     jsonb,
    created_at timestamptz not null default now(),
    check ((status = 'done') = (result is not null))
);
create index agent_tests_agent on agent_tests (agent_id, created_at);
create index agent_tests_user on agent_tests (user_id);

create table sources (
    id          uuid primary key,
    user_id     uuid not null references users on delete cascade,
    agent_id    uuid not null references agents on delete cascade,
    type        text not null check (type in ('text')),
    title       text not null check (length(title) between 1 and 300),
    content     text check (octet_length(content) <= 10485760),
    status      text not null default 'queued' check (status in ('queued', 'indexing', 'ready', 'failed')),
    error       text,
    chunk_count int not null default 0,
    job_id      uuid,
    created_at  timestamptz not null default now(),
    updated_at  timestamptz not null default now()
);
create index sources_agent on sources (agent_id, created_at, id);
create index sources_user on sources (user_id);

create table chunks (
    id        uuid primary key,
    user_id   uuid not null references users on delete cascade,
    agent_id  uuid not null references agents on delete cascade,
    source_id uuid not null references sources on delete cascade,
    position  int not null,
    heading   text not null default '',
    content   text not null,
    words     tsvector not null generated always as
                  (setweight(to_tsvector('english', heading), 'A') || to_tsvector('english', content)) stored,
    unique (source_id, position)
);
create index chunks_agent on chunks (agent_id);
create index chunks_user on chunks (user_id);
create index chunks_words on chunks using gin (words);

-- ---- chats ----------------------------------------------------------------------

-- Domains instead of table checks where rows come and go with each request: PostgreSQL parses a
-- table's checks again for every statement, a domain's once a session.
create domain chat_title as text check (length(value) between 1 and 200);
create domain chat_title_by as text check (value in ('none', 'message', 'user', 'model'));
create domain chat_session as text check (length(value) between 1 and 200);
create domain message_role as text check (value in ('system', 'user', 'assistant'));
create domain message_status as text check (value in ('in_progress', 'completed', 'failed', 'cancelled'));
create domain request_status as text check (value in ('queued', 'streaming', 'completed', 'failed', 'cancelled'));
create domain event_seq as int check (value >= 0);

create table chats (
    id           uuid primary key,
    user_id      uuid not null references users on delete cascade,
    agent_id     uuid,
    title        chat_title not null,
    title_by     chat_title_by not null default 'message',
    session_id   chat_session,
    preview      text not null default '',
    pinned       boolean not null default false,
    archived     boolean not null default false,
    created_at   timestamptz not null default now(),
    active_at    timestamptz not null default now(),
    answered_at  timestamptz,
    read_at      timestamptz
) with (fillfactor = 85);
create index chats_user on chats (user_id, active_at desc, id desc);
create index chats_agent on chats (agent_id, active_at desc, id desc);
create unique index chats_session on chats (user_id, agent_id, session_id) where session_id is not null;

-- What a foreign key that sets null would do. That one locks the agent's row for each new chat, and
-- all users of an agent meet there. A chat that is begun while its agent is deleted keeps an id that
-- leads nowhere: whoever reads looks the agent up.
create function agents_gone() returns trigger
    language plpgsql security definer
    set search_path = pg_catalog, public, pg_temp
as $$
begin
    update public.chats set agent_id = null where agent_id in (select id from gone);
    return null;
end $$;
create trigger agents_gone after delete on agents
    referencing old table as gone
    for each statement execute function agents_gone();

-- Messages and requests leave with their chat, which leaves with its user: one foreign key each, as
-- every key is a look-up with each row.
create table messages (
    id         uuid primary key,
    user_id    uuid not null,
    chat_id    uuid not null references chats on delete cascade,
    role       message_role not null,
    status     message_status not null default 'completed',
    content    text not null,
    request_id uuid,
    sources    jsonb,
    created_at timestamptz not null default now()
) with (fillfactor = 90);
create index messages_chat on messages (chat_id, created_at, id);

create table requests (
    id              uuid primary key,
    user_id         uuid not null,
    chat_id         uuid not null references chats on delete cascade,
    agent_id        uuid,
    user_message_id uuid,
    message_id      uuid not null unique,
    job_id          uuid not null,
    status          request_status not null default 'queued',
    attempt         int not null default 0,
    max_attempts    int not null,
    next_attempt_at timestamptz,
    error           jsonb,
    output          jsonb,
    usage           jsonb,
    finish_reason   text,
    last_seq        int not null default -1,
    trace_id        text,
    http_request_id text,
    created_at      timestamptz not null default now(),
    started_at      timestamptz,
    completed_at    timestamptz
) with (fillfactor = 85);
create index requests_user on requests (user_id, created_at desc, id desc);
create index requests_chat on requests (chat_id, created_at desc, id desc);
create index requests_user_message on requests (user_message_id);
create index requests_active on requests (chat_id, created_at, id) where completed_at is null;
create index requests_unfinished on requests (user_id, created_at, id) where completed_at is null;

-- The event log of responses; see db/event.h for `type`. One writer a request, so
-- that seq has no gaps: what was read once is a prefix of what is read later.
create table response_events (
    request_id uuid not null,
    seq        event_seq not null,
    user_id    uuid not null,
    attempt    smallint not null,
    type       smallint not null,
    item       smallint not null default 0,
    text       text,
    data       text,
    primary key (request_id, seq)
) partition by range (request_id);
create table response_events_rest partition of response_events default;
select partition_sweep('response_events', 100000);

-- ---- what happens to a user's things, for /api/events ------------------------------

create table feeds (
    user_id       uuid primary key references users on delete cascade,
    seq           bigint not null,
    watched_until timestamptz -- whose entries are worth a notification
) with (fillfactor = 50);

create table feed_events (
    user_id    uuid not null,
    seq        bigint not null,
    type       text not null,
    data       jsonb not null,
    created_at timestamptz not null default now(),
    primary key (user_id, seq)
);
create index feed_events_created on feed_events (created_at);

create function feed_gone() returns trigger
    language plpgsql security definer
    set search_path = pg_catalog, public, pg_temp
as $$
begin
    delete from public.feed_events where user_id = old.user_id;
    return null;
end $$;
create trigger feed_gone after delete on feeds for each row execute function feed_gone();

-- Add to a user's feed. The counter's row stays locked until the transaction ends, so
-- that numbers become visible in their order; call it last. Returns whether anybody watches.
create function feed_add(owner uuid, kind text, what jsonb) returns boolean
    language plpgsql volatile
as $$
declare
    place   bigint;
    watched boolean;
begin
    insert into feeds as f (user_id, seq) values (owner, 1)
    on conflict (user_id) do update set seq = f.seq + 1
    returning f.seq, coalesce(f.watched_until > now(), false) into place, watched;
    insert into feed_events (user_id, seq, type, data) values (owner, place, kind, what);
    return watched;
end $$;
grant execute on function feed_add(uuid, text, jsonb) to offstage_app, offstage_worker;

-- For the gateway: these users' feeds are watched for so long from now. Returns whose it is that
-- now are. Those whose counter another transaction has locked are passed over: it waits for nobody.
-- What was added before then stands in the feed for it to read.
create function feeds_watch(ids uuid[], for_s int) returns setof uuid
    language plpgsql volatile security definer
    set search_path = pg_catalog, public, pg_temp
as $$
begin
    insert into public.feeds (user_id, seq)
    select u.id, 0
      from public.users u
     where u.id = any (ids) and not exists (select from public.feeds f where f.user_id = u.id)
     order by u.id
        on conflict do nothing;
    return query
    with free as (
        select f.user_id from public.feeds f where f.user_id = any (ids) order by f.user_id for no key update skip locked
    )
    update public.feeds f set watched_until = now() + make_interval(secs => for_s)
      from free
     where f.user_id = free.user_id
    returning f.user_id;
end $$;
revoke execute on function feeds_watch(uuid[], int) from public;
grant execute on function feeds_watch(uuid[], int) to offstage_stream;

-- End the transaction with a conflict unless a condition holds; for statements whose
-- row count nobody looks at.
create function must(holds boolean, otherwise text) returns boolean
    language plpgsql immutable
as $$
begin
    if not holds then
        raise exception '%', otherwise using errcode = 'OF409';
    end if;
    return true;
end $$;
grant execute on function must(boolean, text) to offstage_app, offstage_worker;

-- ---- one effect for a repeated POST -------------------------------------------------

create table idempotency_keys (
    user_id    uuid not null references users on delete cascade,
    key        text not null check (length(key) between 1 and 255),
    route      text not null,
    body_hash  text not null,
    status     int,
    location   text,
    body       text,
    created_at timestamptz not null default now(),
    primary key (user_id, key)
);
create index idempotency_keys_created on idempotency_keys (created_at);

-- ---- retrieval ----------------------------------------------------------------------

-- The best passages of an agent's sources for a question. The rows belong to the
-- agent's owner while the caller may be any user who can see the agent, and a text
-- search under a policy cannot use the index; so this function asks by itself.
create function passages_search(agent uuid, question text, most int)
    returns table (chunk_id uuid, source_id uuid, title text, heading text, content text, score real)
    language plpgsql stable security definer
    set search_path = pg_catalog, public, pg_temp
as $$
declare
    terms tsquery;
begin
    if not exists (select from public.agents g
                    where g.id = agent and (g.user_id = public.app_user() or g.visibility <> 'private')) then
        return;
    end if;
    -- Any of the words: a passage that has more of them, closer together, ranks higher.
    terms := replace(plainto_tsquery('english', left(question, 2000))::text, '&', '|')::tsquery;
    return query
        select c.id, c.source_id, s.title, c.heading, c.content, ts_rank_cd(c.words, terms, 1 | 4)
          from public.chunks c
          join public.sources s on s.id = c.source_id
         where c.agent_id = agent and c.words @@ terms
         order by 6 desc, c.id
         limit most;
end $$;
grant execute on function passages_search(uuid, text, int) to offstage_app, offstage_worker;

-- ---- who may see what ------------------------------------------------------------------

do $$
declare
    t text;
begin
    foreach t in array array['agents', 'agent_tests', 'sources', 'chunks', 'chats', 'messages', 'requests',
                             'response_events', 'feeds', 'feed_events', 'idempotency_keys'] loop
        execute format('alter table %I enable row level security', t);
        execute format('alter table %I force row level security', t);
        execute format('create policy owner_role on %I to offstage_owner using (true) with check (true)', t);
        execute format('create policy own on %I to offstage_app, offstage_worker using '
                       '(user_id = (select app_user()) or (select app_admin()))', t);
    end loop;
end $$;
create policy shared on agents for select to offstage_app, offstage_worker using (visibility <> 'private');
-- One flush of the worker holds many users' events.
create policy writer on response_events to offstage_worker using (true);
create policy gateway on requests for select to offstage_stream using (true);
create policy gateway on response_events for select to offstage_stream using (true);
create policy gateway on feeds for select to offstage_stream using (true);
create policy gateway on feed_events for select to offstage_stream using (true);
create policy sweep on feed_events for delete to offstage_worker using (created_at < now() - interval '1 day');
create policy sweep_read on feed_events for select to offstage_worker using (created_at < now() - interval '1 day');
create policy sweep on idempotency_keys for delete to offstage_worker using (created_at < now() - interval '1 day');
create policy sweep_read on idempotency_keys for select to offstage_worker using (created_at < now() - interval '1 day');

grant select, insert, update, delete on sources, chunks, chats, messages, requests, feeds, feed_events,
    idempotency_keys to offstage_app;
grant select (id, user_id, name, description, kind, endpoint_url, model, has_credential, instructions, temperature,
              max_output_tokens, history_limit, visibility, starter_questions, created_at, updated_at),
      insert, update, delete on agents to offstage_app;
grant select, insert on response_events to offstage_app;
grant select, insert, delete on agent_tests to offstage_app;
grant select on agents to offstage_worker;
grant select, update on agent_tests to offstage_worker;
grant select, update on sources, chats, messages, requests to offstage_worker;
grant select, insert, delete on chunks to offstage_worker;
grant select, insert on response_events to offstage_worker;
grant select, insert, update on feeds to offstage_worker;
grant select, insert, delete on feed_events to offstage_worker;
grant select, delete on idempotency_keys to offstage_worker;
grant select (id, user_id, chat_id, agent_id, status, last_seq, attempt, output, usage, error, finish_reason, created_at, completed_at)
    on requests to offstage_stream;
grant select on response_events, feeds, feed_events to offstage_stream;

-- migrate:down

set local role offstage_owner;
drop table idempotency_keys, feed_events, feeds, response_events, requests, messages, chats, chunks, sources, agent_tests,
    agents;
drop function passages_search(uuid, text, int), feeds_watch(uuid[], int), feed_add(uuid, text, jsonb), must(boolean, text), feed_gone(), agents_gone();
drop domain chat_title, chat_title_by, chat_session, message_role, message_status, request_status, event_seq;
