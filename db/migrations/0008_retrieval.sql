-- revision: 0008
-- down_revision: 0007
-- summary: chunks belong to pages; an inverted index of every agent's chunks

-- migrate:up

set local role offstage_owner;

-- ---- chunks -------------------------------------------------------------------------

-- A passage of a page. `terms` are its words in their order as hashes of their stems, 4
-- bytes each, little endian (lib/words.h): what is looked at again of those that were
-- found. What the release before had cut is in no index. User, agent and source are those of
-- the page, with which a chunk goes: to check each of them for every chunk takes as long as
-- to write it.
drop function passages_search(uuid, text, int);
delete from chunks;
update sources set status = 'failed', chunk_count = 0, error = 'It has to be added again: the index is new.'
 where status = 'ready';
alter table chunks
    drop column words,
    drop constraint chunks_source_id_position_key,
    drop constraint chunks_user_id_fkey,
    drop constraint chunks_agent_id_fkey,
    drop constraint chunks_source_id_fkey,
    add column page_id uuid not null references pages on delete cascade deferrable initially deferred,
    add column anchor  text not null default '' check (length(anchor) <= 300),
    add column terms   bytea not null,
    add constraint chunks_page_id_position_key unique (page_id, position);
drop index chunks_agent, chunks_user;
create index chunks_owner on chunks (user_id, agent_id);
alter table chunks alter column terms set storage external;
do $$
begin
    if exists (select from pg_settings where name = 'default_toast_compression' and 'lz4' = any (enumvals)) then
        alter table chunks alter column content set compression lz4;
    end if;
end $$;

-- ---- the index ------------------------------------------------------------------------

-- Immutable segments of an agent's index: the packed postings of up to 16,384 chunks each
-- (lib/postings.h). A page is stored with a segment of its own; eight of about one size
-- become one. `chunks` are the ids of the chunks, 16 bytes each, by their numbers in the
-- segment. One that is not in the table any more was deleted: it is passed over until its
-- segment is merged. `languages` has a bit for each language that the stems are of.
create table chunk_segments (
    id        bigint generated always as identity primary key,
    user_id   uuid not null references users on delete cascade,
    agent_id  uuid not null references agents on delete cascade,
    docs      int not null check (docs between 1 and 16384),
    words     bigint not null,
    bits      smallint not null check (bits between 0 and 14),
    languages int not null,
    chunks    bytea not null
);
alter table chunk_segments alter column chunks set storage external;
create index chunk_segments_agent on chunk_segments (agent_id);
create index chunk_segments_user on chunk_segments (user_id);

-- They come and go with their segment, in its transactions; no key has to be checked for each.
create table chunk_postings (
    segment_id bigint not null,
    bucket     int not null,
    user_id    uuid not null,
    postings   bytea not null,
    primary key (segment_id, bucket)
) with (toast_tuple_target = 8160);
alter table chunk_postings alter column postings set storage external;

create function chunk_segments_deleted() returns trigger
    language plpgsql security definer
    set search_path = pg_catalog, public, pg_temp
as $$
begin
    delete from public.chunk_postings where segment_id in (select id from old);
    return null;
end $$;
create trigger chunk_segments_deleted after delete on chunk_segments
    referencing old table as old
    for each statement execute function chunk_segments_deleted();

-- How many chunks of an agent were deleted since its index was last made anew.
create table chunk_deletions (
    agent_id uuid primary key references agents on delete cascade,
    user_id  uuid not null references users on delete cascade,
    chunks   bigint not null default 0
) with (fillfactor = 50);
create index chunk_deletions_user on chunk_deletions (user_id);

create function chunks_deleted() returns trigger
    language plpgsql security definer
    set search_path = pg_catalog, public, pg_temp
as $$
begin
    insert into public.chunk_deletions as d (agent_id, user_id, chunks)
    select o.agent_id, o.user_id, count(*)
      from old o
      join public.agents a on a.id = o.agent_id
     group by o.agent_id, o.user_id
     order by o.agent_id
    on conflict (agent_id) do update set chunks = d.chunks + excluded.chunks;
    return null;
end $$;
create trigger chunks_deleted after delete on chunks
    referencing old table as old
    for each statement execute function chunks_deleted();

-- Keep an agent from being deleted until the transaction ends; false when it is gone.
create function agent_hold(agent uuid) returns boolean
    language plpgsql volatile security definer
    set search_path = pg_catalog, public, pg_temp
as $$
begin
    perform from public.agents where id = agent for key share;
    return found;
end $$;
grant execute on function agent_hold(uuid) to offstage_worker;

-- ---- searching ------------------------------------------------------------------------

-- The rows belong to the agent's owner while the caller may be anyone who can see the
-- agent: these functions ask that by themselves, once for all rows. PL/pgSQL, since a session keeps
-- its plans: a function in SQL that cannot be inlined is planned anew at each call.
create function passages_allowed(agent uuid) returns boolean
    language plpgsql stable security definer
    set search_path = pg_catalog, public, pg_temp
as $$
begin
    return exists (select from public.agents g
                    where g.id = agent and (g.user_id = public.app_user() or g.visibility <> 'private'));
end $$;

-- The segments of an agent's index.
create function passages_index(agent uuid)
    returns table (segment_id bigint, docs int, words bigint, bits int, languages int)
    language plpgsql stable security definer
    set search_path = pg_catalog, public, pg_temp
as $$
begin
    return query
        select s.id, s.docs, s.words, s.bits::int, s.languages
          from public.chunk_segments s
         where s.agent_id = agent and public.passages_allowed(agent)
         order by s.id;
end $$;

-- Parts of segments, by their numbers side by side: of each a bucket of postings, which is null when it
-- is empty, or with -1 the ids of its chunks. A segment that is not there any more has no row.
create function passages_parts(agent uuid, segments bigint[], buckets int[])
    returns table (segment_id bigint, bucket int, bytes bytea)
    language plpgsql stable security definer
    set search_path = pg_catalog, public, pg_temp
as $$
begin
    return query
        select w.segment, w.bucket, case when w.bucket < 0 then s.chunks else p.postings end
          from unnest(segments, buckets) as w (segment, bucket)
          join public.chunk_segments s on s.id = w.segment and s.agent_id = agent
          left join public.chunk_postings p on p.segment_id = w.segment and p.bucket = w.bucket
         where public.passages_allowed(agent);
end $$;

create function passages_load(agent uuid, ids uuid[])
    returns table (chunk_id uuid, source_id uuid, page_id uuid, title text, url text, heading text, anchor text,
                   content text)
    language plpgsql stable security definer
    set search_path = pg_catalog, public, pg_temp
as $$
begin
    return query
        select c.id, c.source_id, c.page_id, p.title, p.url, c.heading, c.anchor, c.content
          from unnest(ids) with ordinality as w (id, place)
          join public.chunks c on c.id = w.id and c.agent_id = agent
          join public.pages p on p.id = c.page_id
         where public.passages_allowed(agent)
         order by w.place;
end $$;

-- ---- visitors -----------------------------------------------------------------------------
-- What visitors of a public agent ask is kept as chats of its owner's, on a shelf of their own.

-- Take a question of a session and of a network (/24 or /64): buckets as those of logins. The
-- seconds to wait when there is none to be had; then nothing may be committed.
create function visitor_take(session text, address text, per_minute int) returns int
    language plpgsql volatile security definer
    set search_path = pg_catalog, public, pg_temp
as $$
declare
    net      text := case when address ~ '^[0-9a-fA-F.:]+$'
                     then host(network(set_masklen(address::inet, case family(address::inet) when 4 then 24 else 64 end)))
                     else '' end;
    b        record;
    refilled timestamptz;
    wait     int := 0;
begin
    if per_minute = 0 then
        return 0;
    end if;
    for b in select sha256(convert_to(k.key, 'UTF8')) as key, interval '60 s' / (per_minute * k.size) as step
               from (values ('visitor net ' || net, 5), ('visitor session ' || session, 1)) k (key, size)
              order by 1 loop
        insert into public.login_tries as t (key, until)
        values (b.key, clock_timestamp() + b.step)
        on conflict (key) do update set until = greatest(t.until, clock_timestamp()) + b.step
        returning until into refilled;
        wait := greatest(wait, ceil(extract(epoch from refilled - clock_timestamp()) - 60)::int);
    end loop;
    return wait;
end $$;
grant execute on function visitor_take(text, text, int) to offstage_app;

-- Who may watch the answer to a visitor's question: whoever shows what only the session's client
-- could be told, while the agent is public. As with other tokens, its hash is what is compared.
create function auth_visitor(request uuid, token_hash bytea) returns table (user_id uuid, agent_id uuid)
    language sql stable security definer
    set search_path = pg_catalog, public, pg_temp
as $$
    select r.user_id, a.id
      from public.requests r
      join public.chats c on c.id = r.chat_id and c.user_id = r.user_id
      join public.agents a on a.id = r.agent_id and a.user_id = r.user_id
     where r.id = request and a.visibility = 'public' and c.deleted_at is null and c.session_id like 'visitor:%'
       and sha256(convert_to(encode(sha256(convert_to(r.id || ' ' || c.session_id, 'UTF8')), 'hex'), 'UTF8')) = token_hash
$$;

-- For the gateway, which holds visitors' streams open under their agents: those still public.
create function visitors_welcome(ids uuid[]) returns setof uuid
    language sql stable security definer
    set search_path = pg_catalog, public, pg_temp
as $$
    select a.id from public.agents a where a.id = any (ids) and a.visibility = 'public'
$$;
grant execute on function auth_visitor(uuid, bytea), visitors_welcome(uuid[]) to offstage_app, offstage_stream;

-- ---- who may see what ------------------------------------------------------------------

do $$
declare
    t text;
begin
    foreach t in array array['chunk_segments', 'chunk_postings', 'chunk_deletions'] loop
        execute format('alter table %I enable row level security', t);
        execute format('alter table %I force row level security', t);
        execute format('create policy owner_role on %I to offstage_owner using (true) with check (true)', t);
        execute format('create policy own on %I to offstage_app, offstage_worker using '
                       '(user_id = (select app_user()) or (select app_admin()))', t);
    end loop;
end $$;
grant select, insert, update, delete on chunk_segments, chunk_postings, chunk_deletions to offstage_worker;
grant execute on function passages_index(uuid), passages_parts(uuid, bigint[], int[]), passages_load(uuid, uuid[]) to offstage_app, offstage_worker;

-- migrate:down

set local role offstage_owner;
drop function visitors_welcome(uuid[]), auth_visitor(uuid, bytea), visitor_take(text, text, int);
drop function passages_index(uuid), passages_parts(uuid, bigint[], int[]), passages_load(uuid, uuid[]), passages_allowed(uuid);
drop trigger chunks_deleted on chunks;
drop trigger chunk_segments_deleted on chunk_segments;
drop function chunks_deleted(), chunk_segments_deleted(), agent_hold(uuid);
drop table chunk_deletions, chunk_postings, chunk_segments;
delete from chunks;
update sources set status = 'failed', chunk_count = 0, error = 'It has to be added again: the index is new.'
 where status = 'ready';
alter table chunks
    drop column page_id, drop column anchor, drop column terms, alter column content set compression default,
    add column words tsvector not null generated always as
        (setweight(to_tsvector('english', heading), 'A') || to_tsvector('english', content)) stored,
    add constraint chunks_source_id_position_key unique (source_id, position),
    add constraint chunks_user_id_fkey foreign key (user_id) references users on delete cascade,
    add constraint chunks_agent_id_fkey foreign key (agent_id) references agents on delete cascade,
    add constraint chunks_source_id_fkey foreign key (source_id) references sources on delete cascade;
create index chunks_words on chunks using gin (words);
drop index chunks_owner;
create index chunks_agent on chunks (agent_id);
create index chunks_user on chunks (user_id);
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
