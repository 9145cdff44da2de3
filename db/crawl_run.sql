-- name: crawl_begin
-- The agent first: whoever deletes it locks it before what it has.
with held as materialized (
    select w.id, agent_hold(w.agent_id) as is_there from crawls w where w.id = $1 and w.user_id = (select app_user())
), c as (
    update crawls
       set status = 'crawling', stalls = stalls + 1, version = version + 1, updated_at = clock_timestamp(),
           started_at = coalesce(started_at, clock_timestamp()), message = case when fetched = 0 then 'Starting' else message end
      from held
     where crawls.id = held.id and held.is_there and status in ('queued', 'crawling')
    returning crawls.*
)
select c.id, c.source_id, c.agent_id, c.user_id, c.dry_run, c.stalls, c.found, c.fetched, c.indexed, c.unchanged,
       c.skipped, c.failed, c.progress, c.reasons::text as reasons, s.url, s.scope, s.subdomains, s.max_pages,
       s.max_depth, array_to_string(s.include, E'\n') as include, array_to_string(s.exclude, E'\n') as exclude,
       s.use_sitemap, s.delay_ms,
       exists (select from crawl_urls u where u.crawl_id = c.id) as seeded
  from c
  join sources s on s.id = c.source_id;

-- name: crawl_starts
-- The start address, and where it was moved to.
select url from crawl_urls
 where crawl_id = $1 and user_id = (select app_user()) and flags & 1 = 1 order by id;

-- name: crawl_known
select id, url, status = 'indexed' as indexed, depth, content_hash, simhash, etag, last_modified
  from pages
 where source_id = $1 and user_id = (select app_user()) and url is not null
 order by depth, id;

-- name: crawl_used
select count(*) as used
  from crawl_urls u
  join pages p on p.source_id = $2 and p.key = u.key and p.status = 'indexed'
 where u.crawl_id = $1 and u.user_id = (select app_user()) and u.state in ('indexed', 'unchanged', 'failed');

-- name: crawl_touch
-- Locks it, so that whoever pauses or cancels it waits for this transaction or is seen by it.
with held as materialized (
    select w.id, agent_hold(w.agent_id) as is_there from crawls w where w.id = $1 and w.user_id = (select app_user())
)
update crawls set stalls = 0, version = version + 1, updated_at = clock_timestamp()
  from held
 where crawls.id = held.id and held.is_there and status = 'crawling'
returning crawls.id;

-- name: crawl_count
update crawls
   set found = $2, fetched = $3, indexed = $4, unchanged = $5, skipped = $6, failed = $7, progress = $8,
       reasons = $9::jsonb, message = $10
 where id = $1 and user_id = (select app_user());

-- name: crawl_add
with new as (
    insert into crawl_urls (crawl_id, user_id, id, url, via, depth, late, hops, flags, state, reason)
    select $1, (select app_user()), n.id, n.url, n.via, n.depth, n.late = 1, n.hops, n.flags, n.state, n.reason
      from unnest($2::uuid[], $3::text[], $4::text[], $5::int[], $6::int[], $7::int[], $8::int[], $9::text[], $10::text[])
           as n (id, url, via, depth, late, hops, flags, state, reason)
    on conflict (crawl_id, key) do nothing
    returning id, url, depth, state, reason
), skipped as (
    insert into pages (id, user_id, agent_id, source_id, crawl_id, url, status, reason, depth)
    select n.id, c.user_id, c.agent_id, c.source_id, c.id, n.url, 'skipped', n.reason, n.depth
      from new n
      join crawls c on c.id = $1
     where n.state = 'skipped' and not c.dry_run
    on conflict (source_id, key) do update
       set status = 'skipped', reason = excluded.reason, detail = null, crawl_id = excluded.crawl_id, content = '',
           title = '', content_hash = null, simhash = null, chunk_count = 0, updated_at = clock_timestamp()
     where pages.status <> 'indexed'
)
select coalesce(reason, '') as reason, count(*) as n from new group by 1;

-- name: crawl_next
select id, url, via, depth, hops, tries, flags
  from crawl_urls
 where crawl_id = $1 and user_id = (select app_user()) and state = 'queued'
   and (next_at is null or next_at <= clock_timestamp()) and id not in (select unnest($2::uuid[]))
 order by late, depth, id
 limit $3;

-- name: crawl_waiting
-- How many wait, and how long until the first that has to wait for its time.
select count(*) as queued,
       coalesce(extract(epoch from min(next_at) filter (where next_at > clock_timestamp()) - clock_timestamp()) * 1000, -1)::bigint
           as due_ms
  from crawl_urls
 where crawl_id = $1 and user_id = (select app_user()) and state = 'queued' and id not in (select unnest($2::uuid[]));

-- name: crawl_settle
-- Not joined with the arrays: for a table that was empty when this was planned, the server would go through all of it.
update crawl_urls
   set state = ($3::text[])[array_position($2::uuid[], id)], reason = ($4::text[])[array_position($2, id)],
       tries = ($5::int[])[array_position($2, id)],
       next_at = case when ($6::bigint[])[array_position($2, id)] >= 0
                      then clock_timestamp() + make_interval(secs => ($6)[array_position($2, id)] / 1000.0) end
 where crawl_id = $1 and id = any ($2) and user_id = (select app_user());

-- name: crawl_again
-- Aliases whose page could not be had after all are taken themselves.
update crawl_urls
   set state = 'queued', reason = null, flags = flags | 2
 where crawl_id = $1 and user_id = (select app_user()) and state = 'skipped' and reason = 'canonical'
   and key = any (select md5(u)::uuid from unnest($2::text[]) u)
returning id;

-- name: crawl_close
-- What is still queued stays unread.
with rest as (
    update crawl_urls set state = 'skipped', reason = $2
     where crawl_id = $1 and user_id = (select app_user()) and state = 'queued'
    returning id, url, depth
), kept as (
    insert into pages (id, user_id, agent_id, source_id, crawl_id, url, status, reason, depth)
    select r.id, c.user_id, c.agent_id, c.source_id, c.id, r.url, 'skipped', $2, r.depth
      from (select * from rest order by depth, id limit 1000) r
      join crawls c on c.id = $1
     where not c.dry_run
    on conflict (source_id, key) do update
       set status = 'skipped', reason = excluded.reason, detail = null, crawl_id = excluded.crawl_id,
           updated_at = clock_timestamp()
     where pages.status <> 'indexed'
)
select count(*) as closed from rest;

-- name: crawl_stale
-- Pages of runs before that this one has left out for another reason than an error.
select p.id
  from pages p
  join crawl_urls u on u.crawl_id = $1 and u.key = p.key
 where p.source_id = $2 and p.user_id = (select app_user()) and p.status = 'indexed' and u.state = 'skipped';

-- name: crawl_unindexed
update pages p
   set status = 'skipped', reason = u.reason, content = '', content_hash = null, simhash = null, chunk_count = 0,
       updated_at = clock_timestamp()
  from crawl_urls u
 where u.crawl_id = $1 and u.key = p.key and p.id = any ($2::uuid[]) and p.user_id = (select app_user());

-- name: crawl_finish
update crawls
   set status = $2, error = $3, message = $4, progress = case when $2 = 'completed' then 100 else progress end,
       version = version + 1, updated_at = clock_timestamp(), finished_at = clock_timestamp()
 where id = $1 and user_id = (select app_user()) and finished_at is null;

-- name: page_store
insert into pages as p (id, user_id, agent_id, source_id, crawl_id, url, status, depth, http_status, content_type, bytes,
                        etag, last_modified, content_hash, simhash, title, content, language, chunk_count, fetched_at,
                        changed_at)
select n.id, c.user_id, c.agent_id, c.source_id, c.id, n.url, 'indexed', n.depth, n.http_status, n.content_type, n.bytes,
       n.etag, n.last_modified, n.content_hash, nullif(n.simhash, 0), n.title, n.content, n.language, n.chunks,
       clock_timestamp(), clock_timestamp()
  from crawls c
 cross join unnest($2::uuid[], $3::text[], $4::int[], $5::int[], $6::text[], $7::bigint[], $8::text[], $9::text[],
                   $10::uuid[], $11::bigint[], $12::text[], $13::text[], $14::text[], $15::int[])
       as n (id, url, depth, http_status, content_type, bytes, etag, last_modified, content_hash, simhash, title, content,
             language, chunks)
 where c.id = $1
on conflict (source_id, key) do update
   set id = excluded.id, crawl_id = excluded.crawl_id, status = 'indexed', reason = null, detail = null,
       canonical_id = null, depth = excluded.depth, http_status = excluded.http_status,
       content_type = excluded.content_type, bytes = excluded.bytes, etag = excluded.etag,
       last_modified = excluded.last_modified, content_hash = excluded.content_hash, simhash = excluded.simhash,
       title = excluded.title, content = excluded.content, language = excluded.language,
       chunk_count = excluded.chunk_count, fetched_at = excluded.fetched_at, changed_at = excluded.changed_at,
       updated_at = clock_timestamp();

-- name: page_unchanged
update pages
   set crawl_id = $2, http_status = $3, etag = coalesce($4, etag), last_modified = coalesce($5, last_modified),
       fetched_at = clock_timestamp(), updated_at = clock_timestamp()
 where id = $1 and user_id = (select app_user());

-- name: page_skip
-- An error leaves what was read before.
insert into pages (id, user_id, agent_id, source_id, crawl_id, url, status, reason, detail, canonical_id, depth,
                   http_status, content_type, bytes, fetched_at)
select o.id, c.user_id, c.agent_id, c.source_id, c.id, o.url, o.state, o.reason, o.detail,
       (select p.id from pages p where p.source_id = c.source_id and p.key = md5(o.canonical)::uuid),
       o.depth, o.status, o.type, o.bytes, clock_timestamp()
  from crawls c
 cross join unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::int[], $9::int[],
                   $10::text[], $11::bigint[])
       as o (id, url, state, reason, detail, canonical, depth, status, type, bytes)
 where c.id = $1 and c.user_id = (select app_user())
on conflict (source_id, key) do update
   set crawl_id = excluded.crawl_id, status = excluded.status, reason = excluded.reason, detail = excluded.detail,
       canonical_id = excluded.canonical_id, depth = excluded.depth, http_status = excluded.http_status,
       content_type = excluded.content_type, bytes = excluded.bytes, fetched_at = excluded.fetched_at, title = '',
       content = '', content_hash = null, simhash = null, chunk_count = 0, updated_at = clock_timestamp()
 where not (pages.status = 'indexed' and excluded.status = 'failed' and excluded.reason <> 'gone');
