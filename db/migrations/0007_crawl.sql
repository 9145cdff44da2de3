-- revision: 0007
-- down_revision: 0006
-- summary: pages, crawls and their frontier; sources that are websites or files

-- migrate:up

set local role offstage_owner;

-- ---- sources ----------------------------------------------------------------------

-- url: a website, crawled by the settings below. file: uploaded bytes, converted once.
alter table sources drop constraint sources_type_check, drop constraint sources_status_check;
alter table sources
    add constraint sources_type_check check (type in ('text', 'file', 'url')),
    add constraint sources_status_check
        check (status in ('queued', 'indexing', 'crawling', 'paused', 'ready', 'failed', 'cancelled')),
    add column url             text check (length(url) <= 2000),
    add column scope           text not null default 'section' check (scope in ('section', 'site', 'page')),
    add column subdomains      boolean not null default false,
    add column max_pages       int not null default 50 check (max_pages between 1 and 100000),
    add column max_depth       int check (max_depth between 0 and 1000),
    add column include         text[] not null default '{}' check (cardinality(include) <= 100),
    add column exclude         text[] not null default '{}' check (cardinality(exclude) <= 100),
    add column use_sitemap     boolean not null default true,
    add column delay_ms        int check (delay_ms between 0 and 60000),
    add column recrawl_every   text not null default 'never'
                                   check (recrawl_every in ('never', 'daily', 'weekly', 'monthly')),
    add column next_crawl_at   timestamptz,
    add column schedule_job_id uuid,
    add column file            bytea,
    add column file_name       text check (length(file_name) <= 300),
    add column file_type       text check (length(file_type) <= 200),
    add column page_count      int not null default 0,
    add constraint sources_website_check check ((type = 'url') = (url is not null));

-- ---- pages --------------------------------------------------------------------------

-- One row an address of a website that was read, or was not for a reason; one row a text
-- or file, with its source's id. What answers are made from has status 'indexed'; `content` is Markdown-like and
-- empty for the others. reason is a word that programs know, detail a sentence for people.
-- An alias (redirect, rel=canonical, same content) is skipped and names the page that it
-- stands for in canonical_id.
create table pages (
    id            uuid primary key,
    user_id       uuid not null, -- the source's, with which it goes
    agent_id      uuid not null, -- likewise
    source_id     uuid not null references sources on delete cascade,
    crawl_id      uuid,
    url           text check (length(url) <= 2048),
    key           uuid generated always as (md5(url)::uuid) stored,
    status        text not null check (status in ('indexed', 'skipped', 'failed')),
    reason        text,
    detail        text,
    canonical_id  uuid,
    depth         int not null default 0,
    http_status   int,
    content_type  text,
    bytes         bigint,
    etag          text,
    last_modified text,
    content_hash  uuid,
    simhash       bigint,
    title         text not null default '' check (length(title) <= 300),
    content       text not null default '' check (octet_length(content) <= 10485760),
    language      text,
    chunk_count   int not null default 0,
    fetched_at    timestamptz,
    changed_at    timestamptz,
    created_at    timestamptz not null default now(),
    updated_at    timestamptz not null default now(),
    check ((status = 'indexed') = (reason is null))
);
create unique index pages_address on pages (source_id, key);
create index pages_source on pages (source_id, created_at, id);
create index pages_user on pages (user_id);

-- Where the server has it: packing the texts costs as much as all else about a page.
do $$
begin
    if exists (select from pg_settings where name = 'default_toast_compression' and 'lz4' = any (enumvals)) then
        alter table pages alter column content set compression lz4;
    end if;
end $$;

insert into pages (id, user_id, agent_id, source_id, status, title, content, chunk_count, fetched_at, changed_at,
                   created_at)
select id, user_id, agent_id, id, 'indexed', title, coalesce(content, ''), chunk_count, created_at,
       created_at, created_at
  from sources where status = 'ready';
update sources set page_count = 1 where status = 'ready';

-- ---- crawls -------------------------------------------------------------------------

-- One run over a website. Its job may be a new one after a pause; `stalls` counts the
-- attempts that began since something was last stored, `version` the changes that watchers
-- may see. reasons counts addresses that were not taken by reason, those too that were too
-- many to be kept.
create table crawls (
    id          uuid primary key,
    user_id     uuid not null references users on delete cascade,
    agent_id    uuid not null references agents on delete cascade,
    source_id   uuid not null references sources on delete cascade,
    job_id      uuid not null,
    dry_run     boolean not null default false,
    status      text not null default 'queued'
                    check (status in ('queued', 'crawling', 'paused', 'completed', 'failed', 'cancelled')),
    stalls      int not null default 0,
    version     bigint not null default 0,
    progress    int not null default 0 check (progress between 0 and 100),
    found       int not null default 0,
    fetched     int not null default 0,
    indexed     int not null default 0,
    unchanged   int not null default 0,
    skipped     int not null default 0,
    failed      int not null default 0,
    reasons     jsonb not null default '{}',
    message     text not null default 'Waiting to start',
    error       text,
    created_at  timestamptz not null default now(),
    updated_at  timestamptz not null default now(),
    started_at  timestamptz,
    finished_at timestamptz,
    check ((status in ('completed', 'failed', 'cancelled')) = (finished_at is not null))
) with (fillfactor = 50);
create unique index crawls_active on crawls (source_id) where finished_at is null;
create index crawls_source on crawls (source_id, created_at, id);
create index crawls_agent on crawls (agent_id);
create index crawls_user on crawls (user_id);

-- The frontier of a run, and its memory of what was met. A row stays queued until what
-- came of it is stored, in one transaction; so a crawl whose worker died goes on where the
-- last transaction ended. Only the run's worker works on it, hence no lease of its own. Its
-- id becomes that of the page.
create table crawl_urls (
    crawl_id uuid not null references crawls on delete cascade,
    key      uuid not null generated always as (md5(url)::uuid) stored,
    user_id  uuid not null, -- the crawl's
    id       uuid not null,
    url      text not null check (length(url) <= 2048),
    via      text,
    depth    int not null,
    late     boolean not null default false,
    hops     smallint not null default 0,
    tries    smallint not null default 0,
    flags    smallint not null default 0,
    state    text not null default 'queued' check (state in ('queued', 'indexed', 'unchanged', 'skipped', 'failed')),
    reason   text,
    next_at  timestamptz,
    primary key (crawl_id, key)
) with (fillfactor = 80);
create unique index crawl_urls_order on crawl_urls (crawl_id, id);
create index crawl_urls_queue on crawl_urls (crawl_id, late, depth, id) where state = 'queued';

-- ---- who may see what ----------------------------------------------------------------

do $$
declare
    t text;
begin
    foreach t in array array['pages', 'crawls', 'crawl_urls'] loop
        execute format('alter table %I enable row level security', t);
        execute format('alter table %I force row level security', t);
        execute format('create policy owner_role on %I to offstage_owner using (true) with check (true)', t);
        execute format('create policy own on %I to offstage_app, offstage_worker using '
                       '(user_id = (select app_user()) or (select app_admin()))', t);
    end loop;
end $$;
create policy gateway on crawls for select to offstage_stream using (true);

grant select, insert, update, delete on pages, crawls, crawl_urls to offstage_app, offstage_worker;
grant select on crawls to offstage_stream;

-- migrate:down

set local role offstage_owner;
drop table crawl_urls, crawls, pages;
delete from sources where type <> 'text';
update sources set status = 'failed' where status not in ('queued', 'indexing', 'ready', 'failed');
alter table sources
    drop constraint sources_website_check, drop constraint sources_type_check, drop constraint sources_status_check,
    drop column url, drop column scope, drop column subdomains, drop column max_pages, drop column max_depth,
    drop column include, drop column exclude, drop column use_sitemap, drop column delay_ms,
    drop column recrawl_every, drop column next_crawl_at, drop column schedule_job_id, drop column file,
    drop column file_name, drop column file_type, drop column page_count,
    add constraint sources_type_check check (type in ('text')),
    add constraint sources_status_check check (status in ('queued', 'indexing', 'ready', 'failed'));
