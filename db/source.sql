-- name: source_insert
-- A file's bytes come in base64.
insert into sources (id, user_id, agent_id, type, title, content, job_id, url, scope, subdomains, max_pages, max_depth,
                     include, exclude, use_sitemap, delay_ms, recrawl_every, file, file_name, file_type)
select $1, a.user_id, a.id, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, decode($17, 'base64'), $18, $19
  from agents a
 where a.id = $2 and a.user_id = (select app_user())
returning id, user_id, agent_id, job_id, type, title, status, error, url, scope, subdomains, max_pages, max_depth,
          array_to_string(include, E'\n') as include, array_to_string(exclude, E'\n') as exclude, use_sitemap, delay_ms,
          recrawl_every, ts(next_crawl_at) as next_crawl_at, file_name, file_type, page_count, chunk_count,
          ts(created_at) as created_at, ts(updated_at) as updated_at;

-- name: source_get
select id, user_id, agent_id, job_id, schedule_job_id, type, title, status, error, url, scope, subdomains, max_pages, max_depth,
          array_to_string(include, E'\n') as include, array_to_string(exclude, E'\n') as exclude, use_sitemap, delay_ms,
          recrawl_every, ts(next_crawl_at) as next_crawl_at, file_name, file_type, page_count, chunk_count,
          ts(created_at) as created_at, ts(updated_at) as updated_at
  from sources
 where id = $1 and user_id = (select app_user());

-- name: source_lock
select id from sources where id = $1 and user_id = (select app_user()) for update;

-- name: source_update
update sources
   set title = $2, scope = $3, subdomains = $4, max_pages = $5, max_depth = $6, include = $7, exclude = $8,
       use_sitemap = $9, delay_ms = $10, recrawl_every = $11, schedule_job_id = $12,
       next_crawl_at = case when $12::uuid is null then null
                            else clock_timestamp() + make_interval(secs => $13::bigint) end,
       updated_at = clock_timestamp()
 where id = $1 and user_id = (select app_user())
returning id, user_id, agent_id, job_id, type, title, status, error, url, scope, subdomains, max_pages, max_depth,
          array_to_string(include, E'\n') as include, array_to_string(exclude, E'\n') as exclude, use_sitemap, delay_ms,
          recrawl_every, ts(next_crawl_at) as next_crawl_at, file_name, file_type, page_count, chunk_count,
          ts(created_at) as created_at, ts(updated_at) as updated_at;

-- name: source_list
-- One row without a source when the agent has none on this page.
select a.id as agent, s.id, s.agent_id, s.job_id, s.type, s.title, s.status, s.error, s.url, s.scope, s.subdomains,
       s.max_pages, s.max_depth, array_to_string(s.include, E'\n') as include,
       array_to_string(s.exclude, E'\n') as exclude, s.use_sitemap, s.delay_ms, s.recrawl_every,
       ts(s.next_crawl_at) as next_crawl_at, s.file_name, s.file_type, s.page_count, s.chunk_count,
       ts(s.created_at) as created_at, ts(s.updated_at) as updated_at
  from agents a
  left join lateral (select *
                       from sources l
                      where l.agent_id = a.id and l.user_id = a.user_id
                        and (l.created_at, l.id) < (case when $2::timestamptz is null then 'infinity' else $2::timestamptz end,
                                                    case when $3::uuid is null then 'ffffffff-ffff-ffff-ffff-ffffffffffff' else $3::uuid end)
                      order by l.created_at desc, l.id desc
                      limit $4) s on true
 where a.id = $1 and a.user_id = (select app_user())
 order by s.created_at desc, s.id desc;

-- name: source_delete
delete from sources where id = $1 and user_id = (select app_user()) returning id, job_id, schedule_job_id;

-- name: source_load
-- The agent first: whoever deletes it locks it before its sources.
with held as materialized (
    select s.id, agent_hold(s.agent_id) as is_there from sources s where s.id = $1 and s.user_id = (select app_user())
)
update sources set status = 'indexing', error = null, updated_at = clock_timestamp()
  from held
 where sources.id = held.id and held.is_there and sources.user_id = (select app_user())
returning sources.id, user_id, agent_id, title, content, encode(file, 'base64') as file, file_name, file_type;

-- name: source_page
-- The one page of a text or file, which has its source's id.
insert into pages (id, user_id, agent_id, source_id, status, title, content, language, content_type, bytes, fetched_at,
                   changed_at)
select s.id, s.user_id, s.agent_id, s.id, 'indexed', s.title, $2, $3, s.file_type,
       coalesce(octet_length(s.file), octet_length($2)), clock_timestamp(), clock_timestamp()
  from sources s
 where s.id = $1 and s.user_id = (select app_user())
on conflict (id) do update
   set title = excluded.title, content = excluded.content, language = excluded.language, bytes = excluded.bytes,
       fetched_at = excluded.fetched_at, changed_at = excluded.changed_at, updated_at = clock_timestamp();

-- name: source_ready
with page as (
    update pages set chunk_count = $2 where id = $1 and user_id = (select app_user())
)
update sources set status = 'ready', chunk_count = $2, page_count = 1, error = null, updated_at = clock_timestamp()
 where id = $1 and user_id = (select app_user());

-- name: source_failed
update sources set status = 'failed', error = $2, updated_at = clock_timestamp()
 where id = $1 and user_id = (select app_user());
