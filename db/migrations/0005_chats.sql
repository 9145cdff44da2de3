-- revision: 0005
-- down_revision: 0004
-- summary: branches of chats, the bin, feedback, search over one's chats

-- migrate:up

set local role offstage_owner;

-- ---- branches ------------------------------------------------------------------------
-- The messages of a chat are a tree, of which one path is shown; the others are hidden.
-- A message is always newer than its parent, so that the shown path is also the order of
-- time, and a list of it walks messages_chat. parent_id of a first message is its chat's
-- id. It is no foreign key, which would lock the parent at every insert.

alter table messages add column parent_id uuid, add column hidden boolean not null default false;

update messages m
   set parent_id = p.parent_id
  from (select a.id,
               coalesce((select r.user_message_id from requests r where r.id = a.request_id),
                        lag(a.id) over (partition by a.chat_id order by a.created_at, a.id), a.chat_id) as parent_id
          from messages a) p
 where p.id = m.id;
-- Of several answers to one message the newest is shown.
update messages m
   set hidden = true
  from requests r
 where r.id = m.request_id
   and exists (select from requests n
                where n.user_message_id = r.user_message_id and (n.created_at, n.id) > (r.created_at, r.id));

-- Few: a chat without branches has none.
create index messages_hidden on messages (chat_id, parent_id, created_at, id) where hidden;

-- What follows a message is put aside for another continuation: the path to the message
-- is shown and nothing after it. `behind` says that the message itself stays.
create function message_branch(target uuid, behind boolean) returns void
    language plpgsql volatile
    set search_path = pg_catalog, public, pg_temp
as $$
declare
    me   uuid := app_user();
    chat uuid;
    top  uuid; -- the last to be shown; null: nothing is
    path uuid[] := '{}';
    fork messages;
begin
    select m.chat_id, case when behind then m.id else m.parent_id end into chat, top
      from messages m where m.id = target and m.user_id = me;
    loop
        select * into fork from messages m where m.id = top and m.chat_id = chat and m.user_id = me;
        exit when fork.id is null or not fork.hidden;
        path := path || fork.id;
        top := fork.parent_id;
    end loop;
    update messages m set hidden = true
     where m.chat_id = chat and m.user_id = me and not m.hidden
       and (fork.id is null or (m.created_at, m.id) > (fork.created_at, fork.id));
    update messages m set hidden = false where m.id = any (path) and m.user_id = me;
end $$;

-- Show the path through a message, on to its newest descendant.
create function message_show(target uuid) returns void
    language plpgsql volatile
    set search_path = pg_catalog, public, pg_temp
as $$
declare
    me   uuid := app_user();
    path uuid[] := '{}';
    next uuid := target;
    chat uuid;
begin
    select m.chat_id into chat from messages m where m.id = target and m.user_id = me and m.hidden;
    if chat is null then
        return;
    end if;
    while next is not null loop
        path := path || next;
        select m.id into next
          from messages m
         where m.chat_id = chat and m.parent_id = path[cardinality(path)] and m.hidden and m.user_id = me
         order by m.created_at desc, m.id desc
         limit 1;
    end loop;
    perform message_branch(target, true);
    update messages m set hidden = false where m.id = any (path) and m.user_id = me;
end $$;

-- Delete a message; what followed it follows its parent. A branch that ends with it gives
-- way to the newest beside it. An answer takes its request with it. False while it is
-- being written: a request that is not final would be lost to its worker.
create function message_remove(target uuid) returns boolean
    language plpgsql volatile
    set search_path = pg_catalog, public, pg_temp
as $$
declare
    me   uuid := app_user();
    gone messages;
    next messages;
begin
    perform from chats c
      join messages m on m.chat_id = c.id
     where m.id = target and m.user_id = me
       for no key update of c;
    delete from messages m
     where m.id = target and m.user_id = me and m.status <> 'in_progress'
    returning m.* into gone;
    if gone.id is null then
        return false;
    end if;
    update messages m set parent_id = gone.parent_id
     where m.chat_id = gone.chat_id and m.parent_id = gone.id and m.hidden and m.user_id = me;
    if gone.hidden then
        return true;
    end if;
    select * into next
      from messages m
     where m.chat_id = gone.chat_id and m.user_id = me and not m.hidden
       and (m.created_at, m.id) > (gone.created_at, gone.id)
     order by m.created_at, m.id
     limit 1;
    if next.id is not null then
        update messages m set parent_id = gone.parent_id where m.id = next.id;
    else
        perform message_show(m.id)
           from (select h.id from messages h
                  where h.chat_id = gone.chat_id and h.parent_id = gone.parent_id and h.hidden and h.user_id = me
                  order by h.created_at desc, h.id desc
                  limit 1) m;
    end if;
    return true;
end $$;

-- The messages that share a parent, oldest first, the newest hundred of them. Without
-- hidden ones, as nearly always, that is one look into a small index.
create function message_siblings(message messages) returns uuid[]
    language plpgsql stable
    set search_path = pg_catalog, public, pg_temp
as $$
declare
    others uuid[] := array(select h.id from messages h
                            where h.chat_id = message.chat_id and h.parent_id = message.parent_id and h.hidden
                              and h.user_id = message.user_id and h.id <> message.id
                            order by h.created_at desc, h.id desc
                            limit 99);
    shown  uuid;
begin
    if message.hidden then
        select s.id into shown
          from (select n.id, n.parent_id
                  from messages n
                 where n.chat_id = message.chat_id and n.user_id = message.user_id and not n.hidden
                   and (n.created_at, n.id) > (coalesce((select p.created_at from messages p where p.id = message.parent_id),
                                                        '-infinity'), message.parent_id)
                 order by n.created_at, n.id
                 limit 1) s
         where s.parent_id = message.parent_id;
    elsif others = '{}' then
        return array[message.id];
    end if;
    return array(select m.id from messages m
                  where m.id = any (others || message.id || shown) and m.user_id = message.user_id
                  order by m.created_at, m.id);
end $$;

grant execute on function message_branch(uuid, boolean), message_show(uuid), message_remove(uuid),
    message_siblings(messages) to offstage_app, offstage_worker;

-- ---- where a chat is kept ----------------------------------------------------------------
-- shelf: 0 the list, 1 the archive, 2 the bin, 3 what visitors asked. It leads the indexes, so that
-- each is listed at one price whatever the others hold. Whatever writes what it depends on sets it by
-- chat_shelf(): a generated column would be compiled anew by each statement that writes a chat.

alter table chats
    add column deleted_at timestamptz,
    add column shelf smallint not null default 0;
create function chat_shelf(deleted_at timestamptz, session_id text, archived boolean) returns smallint
    language sql immutable parallel safe
    return case when deleted_at is not null then 2 when session_id like 'visitor:%' then 3 when archived then 1 else 0 end;
grant execute on function chat_shelf(timestamptz, text, boolean) to offstage_app, offstage_worker;
drop index chats_user, chats_agent, chats_session;
create index chats_user on chats (user_id, shelf, active_at desc, id desc);
create index chats_agent on chats (agent_id, user_id, shelf, active_at desc, id desc);
create index chats_pinned on chats (user_id, active_at desc, id desc) where pinned;
create index chats_deleted on chats (deleted_at) where deleted_at is not null;
-- A chat in the bin gives its session free.
create unique index chats_session on chats (user_id, agent_id, session_id)
    where session_id is not null and deleted_at is null;

-- ---- what users think of answers ---------------------------------------------------------

create table message_feedback (
    message_id uuid primary key references messages on delete cascade,
    user_id    uuid not null references users on delete cascade,
    rating     text not null check (rating in ('up', 'down')),
    comment    text check (length(comment) between 1 and 2000),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index message_feedback_user on message_feedback (user_id);

-- ---- titles ------------------------------------------------------------------------------

-- Whether the model is asked for a title after the first answer.
alter table agents add column titles text not null default 'message' check (titles in ('message', 'model'));

-- ---- search over one's chats ---------------------------------------------------------------
-- Words are indexed as numbers that stand for (user, bucket, word), where a bucket is 1,024
-- messages of one user in the order in which they were indexed. So a search reads nothing
-- that other users' messages made grow, and goes from the newest bucket down, over those
-- that have its words, until it has found enough. A text search under a policy could not use
-- an index at all, since its operators are not leakproof; these functions run as the tables'
-- owner and ask for the caller by themselves.
--
-- Whatever changes a chat leaves it in search_pending, and a worker indexes it some
-- seconds later: nobody who asks or answers waits for that.

create table search_pending (
    n       bigint primary key generated always as identity,
    user_id uuid not null,
    chat_id uuid not null
);

-- How many messages of a user were indexed, ever.
create table search_users (
    user_id  uuid primary key references users on delete cascade,
    messages bigint not null default 0
) with (fillfactor = 50);

-- A chat's title, and how far its messages are indexed.
create table chat_words (
    chat_id uuid primary key,
    user_id uuid not null,
    title   text not null,
    upto_at timestamptz not null default '-infinity',
    upto_id uuid not null default '00000000-0000-0000-0000-000000000000'
) with (fillfactor = 85);

create table message_words (
    message_id uuid primary key,
    user_id    uuid not null,
    chat_id    uuid not null,
    bucket     int not null,
    words      tsvector not null
);

-- In which buckets of a user a word stands, or stood: so that a search passes over those that
-- have nothing for it, of which there are hundreds where somebody has written for years.
create table bucket_words (
    user_id uuid not null references users on delete cascade,
    word    bigint not null,
    bucket  int not null,
    primary key (user_id, word, bucket)
);

-- What foreign keys that cascade would do. Those look at what they refer to row by row, which was a
-- fifth of the work of indexing; search_index() locks all its chats and messages as it reads them.
create function chats_gone() returns trigger
    language plpgsql security definer
    set search_path = pg_catalog, public, pg_temp
as $$
begin
    delete from public.chat_words where chat_id in (select id from gone);
    return null;
end $$;
create trigger chats_gone after delete on chats
    referencing old table as gone
    for each statement execute function chats_gone();

create function messages_gone() returns trigger
    language plpgsql security definer
    set search_path = pg_catalog, public, pg_temp
as $$
begin
    delete from public.message_words where message_id in (select id from gone);
    return null;
end $$;
create trigger messages_gone after delete on messages
    referencing old table as gone
    for each statement execute function messages_gone();

create function search_word(word text) returns bigint
    language sql immutable strict parallel safe
    return hashtextextended(word collate "C", 0);

-- In FROM itself unnest() would fill a table of its own with each call.
create function search_terms(owner uuid, bucket int, words text[]) returns bigint[]
    language sql immutable strict parallel safe
    return array(select hashtextextended(w collate "C", hashtextextended(owner::text collate "C", bucket))
                   from (select unnest(words) as w) u);

-- Of a title, every beginning of every word: people search while they type. The terms are those of
-- search_terms() in bucket -1, made in place: a function called in one is planned with each call.
create function search_title_terms(owner uuid, title text) returns bigint[]
    language sql immutable strict parallel safe
    return array(select hashtextextended(left(w, n) collate "C", hashtextextended(owner::text collate "C", -1))
                   from (select w, generate_series(1, least(length(w), 16)) as n
                           from (select unnest(tsvector_to_array(to_tsvector('pg_catalog.simple'::regconfig, title))) as w)
                                words) beginnings);

create index message_words_terms on message_words
    using gin (search_terms(user_id, bucket, tsvector_to_array(words))) with (fastupdate = off);
create index chat_words_terms on chat_words
    using gin (search_title_terms(user_id, title)) with (fastupdate = off);

-- Index at most about `most` messages of up to 100 chats, as many of each; 0 when nothing was left
-- to do. One at a time: whoever comes second has nothing to do. All chats in one statement: where
-- many have gained one message, a few statements for each would cost more than the indexing.
create function search_index(most int) returns int
    language plpgsql volatile security definer
    set search_path = pg_catalog, public, pg_temp
    set client_min_messages = error
as $$
declare
    gained uuid[];
    room   int;
    done   int;
begin
    if not pg_try_advisory_xact_lock(4, 0) then
        return 0;
    end if;
    with taken as (
        delete from public.search_pending
         where n = any (array(select p.n
                                from (select h.n, dense_rank() over (order by h.chat_id) as chat
                                        from (select n, chat_id from public.search_pending order by n limit 1000) h) p
                               where p.chat <= 100))
        returning user_id, chat_id
    ), titled as (
        select c.id, c.user_id, c.title
          from public.chats c
          join (select distinct chat_id, user_id from taken) t on t.chat_id = c.id and t.user_id = c.user_id
           for key share of c
    ), named as (
        insert into public.chat_words as w (chat_id, user_id, title) select id, user_id, title from titled
        on conflict (chat_id) do update set title = excluded.title where w.title <> excluded.title
    )
    select array_agg(id) into gained from titled;
    if gained is null then
        return 0;
    end if;
    room := greatest(most / cardinality(gained), 1);
    -- What is being written is waited for, so that nothing before a mark is left out.
    with found as (
        select w.user_id, w.chat_id, m.id, m.content, m.created_at,
               row_number() over (partition by w.user_id order by m.created_at, m.id) as place,
               count(*) over (partition by w.user_id) as all_of_user
          from public.chat_words w
         cross join lateral (select l.id, l.content, l.created_at,
                                    bool_or(l.status = 'in_progress') over (order by l.created_at, l.id) as waits
                               from (select n.id, n.content, n.created_at, n.status
                                       from public.messages n
                                      where n.chat_id = w.chat_id and (n.created_at, n.id) > (w.upto_at, w.upto_id)
                                      order by n.created_at, n.id
                                      limit room
                                        for key share) l) m
         where w.chat_id = any (gained) and not m.waits
    ), counted as (
        insert into public.search_users as u (user_id, messages) select user_id, count(*) from found group by user_id
        on conflict (user_id) do update set messages = u.messages + excluded.messages
        returning user_id, messages
    ), added as (
        insert into public.message_words (message_id, user_id, chat_id, bucket, words)
        select f.id, f.user_id, f.chat_id, (c.messages - f.all_of_user + f.place - 1) / 1024,
               to_tsvector('pg_catalog.english', left(f.content, 100000))
          from found f
          join counted c on c.user_id = f.user_id
        on conflict do nothing
        returning user_id, bucket, words
    ), noted as (
        insert into public.bucket_words (user_id, word, bucket)
        select distinct a.user_id, public.search_word(a.word), a.bucket
          from (select user_id, bucket, unnest(tsvector_to_array(words)) as word from added) a
        on conflict do nothing
    ), marked as (
        update public.chat_words w
           set upto_at = l.created_at, upto_id = l.id
          from (select distinct on (f.chat_id) f.chat_id, f.created_at, f.id
                  from found f
                 order by f.chat_id, f.created_at desc, f.id desc) l
         where w.chat_id = l.chat_id
    ), left_over as (
        insert into public.search_pending (user_id, chat_id)
        select user_id, chat_id from found group by user_id, chat_id having count(*) = room
    )
    select count(*) into done from found;
    return done + cardinality(gained);
end $$;

-- Of a user's buckets below one, newest first: those in which every lexeme stands, or at least
-- one; and what to look up there, of which the rarest is enough where all must be met. A lexeme that
-- few buckets have leaves only those: the others are looked up there, however many buckets have them.
create function search_buckets(owner uuid, lexemes text[], every boolean, below int, out buckets int[], out lead text[])
    language plpgsql stable
    set search_path = pg_catalog, public, pg_temp
as $$
declare
    many constant int := 100;
    few  int[];
begin
    lead := lexemes;
    if every then
        select array[l.lexeme], f.few into lead, few
          from unnest(lexemes) l (lexeme)
         cross join lateral (select array(select w.bucket
                                            from public.bucket_words w
                                           where w.user_id = owner and w.word = public.search_word(l.lexeme)
                                             and w.bucket < below
                                           limit many) as few) f
         order by cardinality(f.few), l.lexeme
         limit 1;
    end if;
    if cardinality(few) < many then
        buckets := array(select b.bucket
                           from unnest(few) b (bucket)
                          where (select count(*)
                                   from unnest(lexemes) l (lexeme)
                                  cross join lateral (select from public.bucket_words w
                                                       where w.user_id = owner and w.word = public.search_word(l.lexeme)
                                                         and w.bucket = b.bucket
                                                       limit 1) w
                                  where l.lexeme <> lead[1]) = cardinality(lexemes) - 1
                          order by b.bucket desc);
    else
        with met as materialized (
            select l.lexeme, w.bucket
              from unnest(lexemes) l (lexeme)
              join public.bucket_words w on w.user_id = owner and w.word = public.search_word(l.lexeme) and w.bucket < below
        )
        select array(select m.bucket from met m group by m.bucket
                     having not every or count(*) = cardinality(lexemes) order by m.bucket desc),
               case when every then array(select m.lexeme from met m group by m.lexeme order by count(*), m.lexeme limit 1)
                    else lexemes end
          into buckets, lead;
    end if;
end $$;

-- The caller's messages that fit a query in the words of a web search (quotes, or, -), best
-- first. Of more than 500 the newest are ranked. Matches stand between U+0001 and U+0002.
create function search_messages(asked text, most int)
    returns table (message_id uuid, chat_id uuid, chat_title text, role text, hidden boolean, created_at timestamptz,
                   score real, snippet text)
    language plpgsql stable security definer
    set search_path = pg_catalog, public, pg_temp
    set enable_seqscan = off
    set plan_cache_mode = force_generic_plan
    set client_min_messages = error
as $$
declare
    ranked  constant int := 500;
    me      uuid := public.app_user();
    query   tsquery := websearch_to_tsquery('pg_catalog.english', asked);
    needed  text := querytree(query);
    every   boolean := needed !~ ' \| ';
    lexemes text[];
    met     text[];      -- at least one of these stands in what is read
    all_met text[];      -- and each of these
    newest  int;
    next    int[];
    later   int[];
    width   int := 1;    -- buckets at once
    ids     uuid[] := '{}';
    scores  real[] := '{}';
    more    record;
begin
    if me is null or needed in ('', 'T') then
        return; -- nothing but stop words or exclusions
    end if;
    lexemes := array(select distinct replace(m[1], '''''', '''')
                       from regexp_matches(needed, '''((?:[^'']|'''')+)''', 'g') m);
    select (u.messages - 1) / 1024 into newest from public.search_users u where u.user_id = me;
    -- What everybody looks for stands in the newest bucket, and costs no look at the others. The
    -- terms are made in place, as search_terms() makes them: calling it takes longer than looking.
    next := array[newest];
    met := lexemes;
    all_met := case when every then lexemes else '{}' end;
    while next[1] >= 0 loop
        select array_agg(f.id order by f.id desc) as ids,
               array_agg(ts_rank_cd(f.words, query, 1) order by f.id desc) as scores
          into more
          from (select w.message_id as id, w.words
                  from public.message_words w
                 where public.search_terms(w.user_id, w.bucket, tsvector_to_array(w.words))
                       && array(select hashtextextended(l collate "C", hashtextextended(me::text collate "C", b))
                                  from unnest(next) b, unnest(met) l)
                   and public.search_terms(w.user_id, w.bucket, tsvector_to_array(w.words))
                       @> array(select hashtextextended(l collate "C", hashtextextended(me::text collate "C", b))
                                  from unnest(next) b, unnest(all_met) l)
                   and w.user_id = me and w.words @@ query
                   and w.chat_id not in (select c.id from public.chats c where c.user_id = me and c.shelf = 2)
                 order by w.bucket desc, w.message_id desc
                 limit ranked - cardinality(ids)) f;
        ids := ids || coalesce(more.ids, '{}');
        scores := scores || coalesce(more.scores, '{}');
        exit when cardinality(ids) >= ranked;
        if later is null then
            select s.buckets, s.lead into later, met from public.search_buckets(me, lexemes, every, newest) s;
            all_met := '{}';
        end if;
        next := later[1:width];
        later := later[width + 1:];
        width := least(2 * width, 16);
    end loop;
    return query
        select b.id, m.chat_id, c.title::text, m.role::text, m.hidden, m.created_at, b.score,
               ts_headline('pg_catalog.english', translate(left(m.content, 50000), E'\x01\x02', ''), query,
                           E'StartSel=\x01, StopSel=\x02, MaxWords=35, MinWords=12, MaxFragments=2, FragmentDelimiter=" … "')
          from (select t.id, t.score, row_number() over (order by t.score desc, t.id desc) as place
                  from unnest(ids, scores) t (id, score)
                 order by t.score desc, t.id desc
                 limit most) b
          join public.messages m on m.id = b.id
          join public.chats c on c.id = m.chat_id
         order by b.place;
end $$;

-- A page of a user's chats in whose title each word of `asked` begins a word. A beginning
-- that few titles have is looked up; one that many have is met soon on the way down the list.
create function search_titles(owner uuid, asked text, place smallint, agent uuid, before_at timestamptz,
                              before_id uuid, most int) returns setof uuid
    language plpgsql stable security definer
    set search_path = pg_catalog, public, pg_temp
    set enable_seqscan = off
    set client_min_messages = error
as $$
declare
    terms bigint[];
begin
    if owner is distinct from public.app_user() and not public.app_admin() then
        return;
    end if;
    terms := public.search_terms(owner, -1,
                 array(select left(w, 16)
                         from unnest(tsvector_to_array(to_tsvector('pg_catalog.simple', asked))) w));
    if terms = '{}' then
        return;
    end if;
    if (select count(*) from (select from public.chat_words w
                               where public.search_title_terms(w.user_id, w.title) @> terms limit 1001) x) <= 1000 then
        return query
            select c.id
              from public.chat_words w
              join public.chats c on c.id = w.chat_id
             where public.search_title_terms(w.user_id, w.title) @> terms
               and c.user_id = owner and c.shelf = place and (agent is null or c.agent_id = agent)
               and (c.active_at, c.id) < (before_at, before_id)
             order by c.active_at desc, c.id desc
             limit most;
    else
        return query
            select c.id
              from public.chats c
             where c.user_id = owner and c.shelf = place and (agent is null or c.agent_id = agent)
               and (c.active_at, c.id) < (before_at, before_id)
               and (select public.search_title_terms(w.user_id, w.title)
                      from public.chat_words w where w.chat_id = c.id) @> terms
             order by c.active_at desc, c.id desc
             limit most;
    end if;
end $$;

grant execute on function search_terms(uuid, int, text[]), search_messages(text, int),
    search_titles(uuid, text, smallint, uuid, timestamptz, uuid, int) to offstage_app;
grant execute on function search_index(int) to offstage_worker;

insert into search_pending (user_id, chat_id) select user_id, id from chats;

-- ---- imports ---------------------------------------------------------------------------------

-- A file of chats until its job has read it. `done` chats have been looked at, and stored but
-- for those that could not be read (skipped) or were there already (known): an attempt that
-- follows another goes on there.
create table imports (
    id         uuid primary key,
    user_id    uuid not null references users on delete cascade,
    content    text not null,
    done       int not null default 0,
    skipped    int not null default 0,
    known      int not null default 0,
    created_at timestamptz not null default now()
);
create index imports_user on imports (user_id);
create index imports_created on imports (created_at);
-- SHA-256 of the text that a chat was imported from, by which it is known when it comes again.
alter table chats add column import_hash bytea check (octet_length(import_hash) = 32);
create index chats_import on chats (user_id, import_hash) where import_hash is not null;

-- ---- what leaves ------------------------------------------------------------------------------
-- In small batches, so that no transaction holds its locks for long; a worker calls again
-- until there is nothing left. Nothing here is anybody's but the owner's of the tables.

-- Messages with all that hangs on them: the events and traces of their requests have no
-- foreign key, since they usually leave with their partition.
create function messages_purge(gone uuid[]) returns int
    language plpgsql volatile security definer
    set search_path = pg_catalog, public, pg_temp
as $$
declare
    asked uuid[] := array(select r.id from public.requests r where r.message_id = any (gone));
    n     int;
begin
    delete from public.response_events where request_id = any (asked);
    delete from public.traces where id = any (asked);
    delete from public.messages where id = any (gone);
    get diagnostics n = row_count;
    return n;
end $$;

-- Chats that have been in the bin for bin_days, or are untouched for keep_days (0: kept).
create function chats_sweep(most int, bin_days int, keep_days int) returns int
    language plpgsql volatile security definer
    set search_path = pg_catalog, public, pg_temp
as $$
declare
    gone uuid[];
    n    int;
begin
    select array_agg(x.id) into gone
      from ((select id from public.chats where deleted_at < now() - bin_days * interval '1 day'
              order by deleted_at limit 50)
            union
            (select id from public.chats
              where keep_days > 0 and active_at < now() - keep_days * interval '1 day'
              limit 50)) x;
    if gone is null then
        return 0;
    end if;
    -- What is being written ends first.
    n := public.messages_purge(array(select m.id from public.messages m
                                      where m.chat_id = any (gone) and m.status <> 'in_progress'
                                      limit most));
    delete from public.chats c
     where c.id = any (gone) and not exists (select from public.messages m where m.chat_id = c.id);
    return case when n > 0 or found then 1 else 0 end;
end $$;

create function imports_sweep(most int) returns int
    language plpgsql volatile security definer
    set search_path = pg_catalog, public, pg_temp
as $$
declare
    n int;
begin
    delete from public.imports
     where id = any (array(select id from public.imports where created_at < now() - interval '7 days'
                            order by created_at limit least(most, 10)));
    get diagnostics n = row_count;
    return n;
end $$;

-- An account ends, by an admin or by its own user: nobody can use it from here on, and nothing
-- of it says whose it was. What it holds is erased by user_erase(). False when there is no such
-- user. The last admin stays: of two who leave at once the second waits for the first.
create function user_end(target uuid) returns boolean
    language plpgsql volatile security definer
    set search_path = pg_catalog, public, pg_temp
as $$
begin
    if not public.app_admin() and target is distinct from public.app_user() then
        return false;
    end if;
    perform from public.users where role = 'admin' order by id for update;
    if exists (select from public.users where id = target and role = 'admin')
       and not exists (select from public.users where id <> target and role = 'admin' and not disabled) then
        raise exception 'the only admin cannot go: make somebody else one first' using errcode = 'OF409';
    end if;
    update public.users
       set disabled = true, email = 'gone-' || id || '@invalid', name = 'Deleted', password_hash = null, role = 'user'
     where id = target;
    if not found then
        return false;
    end if;
    delete from public.sessions where user_id = target;
    delete from public.api_keys where user_id = target;
    return true;
end $$;

-- Everything of a user whose account has ended, at most `most` rows of one table at a time, each
-- with the few rows that hang on it: 1 while there is more, 0 when the user is gone, -1 while one
-- of its jobs runs. This is the one list of what is deleted and what is kept without a name, in
-- an order in which nothing takes many rows of another table along; a test looks for tables
-- that it forgets.
create function user_erase(target uuid, most int) returns int
    language plpgsql volatile security definer
    set search_path = pg_catalog, public, pg_temp
as $$
declare
    requests constant text := 'array(select id from public.requests where user_id = $1 order by created_at desc, id desc limit 50)';
    chats    constant text := 'array(select id from public.chats where user_id = $1 order by shelf, active_at desc, id desc limit 50)';
    segments constant text := 'array(select id from public.chunk_segments where user_id = $1 order by id limit 50)';
    crawls   constant text := 'array(select id from public.crawls where user_id = $1 order by id limit 50)';
    agents   constant text := 'array(select id from public.agents where user_id = $1 order by created_at, id limit 50)';
    -- table, key, which rows, how many times fewer of them as they are large, and what is set
    -- where they are kept
    parts    constant text[] := array[
        ['job_notes', 'job_id', 'user_id = $1', '1', ''],
        ['response_events', 'request_id, seq', 'request_id = any (' || requests || ')', '1', ''],
        ['requests', 'id', 'id = any (' || requests || ') and not exists (select from public.response_events e where e.request_id = t.id)', '1', ''],
        ['messages', 'id', 'chat_id = any (' || chats || ')', '1', ''],
        ['chats', 'id', 'id = any (' || chats || ') and not exists (select from public.messages m where m.chat_id = t.id)', '1', ''],
        ['traces', 'id', 'user_id = $1', '4', ''],
        ['feed_events', 'user_id, seq', 'user_id = $1', '1', ''],
        ['feeds', 'user_id', 'user_id = $1', '1', ''],
        ['webhook_deliveries', 'id', 'user_id = $1', '1', ''],
        ['webhooks', 'id', 'user_id = $1', '1', ''],
        ['search_pending', 'n', 'user_id = $1', '1', ''],
        ['search_users', 'user_id', 'user_id = $1', '1', ''],
        ['bucket_words', 'user_id, word, bucket', 'user_id = $1', '1', ''],
        ['imports', 'id', 'user_id = $1', '100', ''],
        ['question_vectors', 'id', 'user_id = $1', '1', ''],
        ['chunk_vectors', 'chunk_id', 'user_id = $1', '1', ''],
        ['chunks', 'id', 'user_id = $1', '1', ''],
        ['chunk_postings', 'segment_id, bucket', 'segment_id = any (' || segments || ')', '1', ''],
        ['chunk_segments', 'id', 'id = any (' || segments || ') and not exists (select from public.chunk_postings p where p.segment_id = t.id)', '10', ''],
        ['chunk_deletions', 'agent_id', 'user_id = $1', '1', ''],
        ['pages', 'id', 'user_id = $1', '4', ''],
        ['crawl_urls', 'crawl_id, key', 'crawl_id = any (' || crawls || ')', '1', ''],
        ['crawls', 'id', 'id = any (' || crawls || ') and not exists (select from public.crawl_urls u where u.crawl_id = t.id)', '1', ''],
        ['sources', 'id', 'user_id = $1', '4', ''],
        ['agent_tests', 'id', 'user_id = $1', '1', ''],
        ['chats', 'id', 'agent_id = any (' || agents || ')', '1', 'agent_id = null'],
        ['agents', 'id', 'id = any (' || agents || ') and not exists (select from public.chats c where c.agent_id = t.id)', '1', ''],
        ['idempotency_keys', 'user_id, key', 'user_id = $1', '1', ''],
        ['quotas', 'holder_id', 'user_id = $1', '1', ''],
        ['password_resets', 'id', 'user_id = $1', '1', ''],
        ['invitations', 'id', 'user_id = $1', '1', 'user_id = null'],
        ['invitations', 'id', 'accepted_by = $1', '1', 'accepted_by = null'],
        ['jobs_done', 'id', 'user_id = $1', '1', 'user_id = null, payload = null, message = null'],
        ['audit_entries', 'id', 'user_id = $1', '1', 'user_id = null, credential_id = null, address = null']];
    part     text[];
    n        int;
begin
    if not exists (select from public.users where id = target and email = 'gone-' || id || '@invalid' and disabled) then
        return 0;
    end if;
    insert into public.job_notes (job_id, user_id, cancel)
    select id, target, true from public.jobs where user_id = target and lease is not null limit most
    on conflict (job_id) do update set cancel = true where not job_notes.cancel;
    delete from public.jobs
     where lease is null and id = any (array(select id from public.jobs where user_id = target and lease is null limit most));
    get diagnostics n = row_count;
    if n > 0 then
        return 1;
    elsif exists (select from public.jobs where user_id = target) then
        return -1;
    end if;
    foreach part slice 1 in array parts loop
        execute format('%1$s public.%2$I t %3$s where (%4$s) in (select %4$s from public.%2$I t where %5$s limit $2)',
                       case part[5] when '' then 'delete from' else 'update' end, part[1],
                       case part[5] when '' then '' else 'set ' || part[5] end, part[2], part[3])
          using target, greatest(most / part[4]::int, 1);
        get diagnostics n = row_count;
        if n > 0 then
            return 1;
        end if;
    end loop;
    delete from public.users where id = target;
    return 0;
end $$;

grant execute on function chats_sweep(int, int, int), imports_sweep(int), user_erase(uuid, int) to offstage_worker;
grant execute on function user_end(uuid) to offstage_app;
grant delete on response_events to offstage_app;

-- ---- who may see what ------------------------------------------------------------------------

do $$
declare
    t text;
begin
    foreach t in array array['message_feedback', 'imports', 'search_pending', 'search_users', 'bucket_words', 'chat_words', 'message_words'] loop
        execute format('alter table %I enable row level security', t);
        execute format('alter table %I force row level security', t);
        execute format('create policy owner_role on %I to offstage_owner using (true) with check (true)', t);
        execute format('create policy own on %I to offstage_app, offstage_worker using '
                       '(user_id = (select app_user()) or (select app_admin()))', t);
    end loop;
end $$;
grant select, insert, update, delete on message_feedback to offstage_app;
grant insert on imports to offstage_app;
grant select, update, delete on imports to offstage_worker;
grant insert on chats, messages, message_feedback to offstage_worker;
grant insert on search_pending to offstage_app, offstage_worker;
grant select (titles) on agents to offstage_app;

-- migrate:down

set local role offstage_owner;
drop function user_erase(uuid, int), user_end(uuid), imports_sweep(int), chats_sweep(int, int, int), messages_purge(uuid[]);
drop function search_titles(uuid, text, smallint, uuid, timestamptz, uuid, int), search_messages(text, int),
    search_buckets(uuid, text[], boolean, int), search_index(int);
drop table imports, bucket_words, message_words, chat_words, search_users, search_pending, message_feedback;
drop trigger messages_gone on messages;
drop trigger chats_gone on chats;
drop function messages_gone(), chats_gone();
drop function search_title_terms(uuid, text), search_terms(uuid, int, text[]), search_word(text);
drop function chat_shelf(timestamptz, text, boolean);
alter table agents drop column titles;
revoke delete on response_events from offstage_app;
drop index chats_user, chats_agent, chats_pinned, chats_deleted, chats_session;
delete from chats where deleted_at is not null;
alter table chats drop column shelf, drop column deleted_at, drop column import_hash;
create index chats_user on chats (user_id, active_at desc, id desc);
create index chats_agent on chats (agent_id, active_at desc, id desc);
create unique index chats_session on chats (user_id, agent_id, session_id) where session_id is not null;
revoke insert on chats, messages from offstage_worker;
drop function message_siblings(messages), message_remove(uuid), message_show(uuid), message_branch(uuid, boolean);
drop index messages_hidden;
alter table messages drop column parent_id, drop column hidden;
