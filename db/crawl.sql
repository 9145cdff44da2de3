-- name: crawl_insert
-- What an earlier run of this purpose met is of no more use.
with old as (
    delete from crawls
     where source_id = $2 and user_id = (select app_user()) and dry_run = $4 and finished_at is not null
)
insert into crawls (id, user_id, agent_id, source_id, job_id, dry_run)
select $1, s.user_id, s.agent_id, s.id, $3, $4
  from sources s
 where s.id = $2 and s.user_id = (select app_user())
returning id, source_id, job_id, dry_run, status, progress, found, fetched, indexed, unchanged, skipped, failed,
          reasons::text as reasons, message, error, version, ts(created_at) as created_at, ts(updated_at) as updated_at,
          ts(started_at) as started_at, ts(finished_at) as finished_at;

-- name: crawl_source_status
-- A trial run leaves the source as it is.
update sources s
   set status = case when c.status = 'completed' then 'ready' else c.status end,
       error = c.error, job_id = c.job_id, updated_at = clock_timestamp(),
       chunk_count = case when c.finished_at is null then s.chunk_count
                          else (select coalesce(sum(p.chunk_count), 0) from pages p where p.source_id = s.id) end,
       page_count = case when c.finished_at is null then s.page_count
                         else (select count(*) from pages p where p.source_id = s.id and p.status = 'indexed') end
  from crawls c
 where c.id = $1 and s.id = c.source_id and not c.dry_run;

-- name: crawl_latest
select id, source_id, job_id, dry_run, status, progress, found, fetched, indexed, unchanged, skipped, failed,
       reasons::text as reasons, message, error, version, ts(created_at) as created_at, ts(updated_at) as updated_at,
       ts(started_at) as started_at, ts(finished_at) as finished_at
  from crawls
 where source_id = $1 and user_id = (select app_user())
 order by created_at desc, id desc
 limit 1;

-- name: crawl_latest_of
select id, source_id, job_id, dry_run, status, progress, found, fetched, indexed, unchanged, skipped, failed,
       reasons::text as reasons, message, error, version, ts(created_at) as created_at, ts(updated_at) as updated_at,
       ts(started_at) as started_at, ts(finished_at) as finished_at
  from crawls
 where source_id = $1 and user_id = $2
 order by created_at desc, id desc
 limit 1;

-- name: crawl_news
select c.id, source_id, job_id, dry_run, status, progress, found, fetched, indexed, unchanged, skipped, failed,
       reasons::text as reasons, message, error, version, ts(created_at) as created_at, ts(updated_at) as updated_at,
       ts(started_at) as started_at, ts(finished_at) as finished_at
  from unnest($1::uuid[], $2::bigint[]) as w (crawl, seen)
  join crawls c on c.id = w.crawl and c.version > w.seen;

-- name: crawl_gone
select w.id
  from unnest($1::uuid[]) as w (id)
 where not exists (select from crawls c where c.id = w.id);

-- name: crawl_lock
select id, job_id, status
  from crawls
 where source_id = $1 and user_id = (select app_user()) and finished_at is null
   for update;

-- name: crawl_set
-- The state that a user or the queue puts it into.
update crawls
   set status = $2, job_id = coalesce($3, job_id), error = $4, message = $5, version = version + 1, stalls = 0,
       updated_at = clock_timestamp(),
       finished_at = case when $2 in ('failed', 'cancelled') then clock_timestamp() end
 where id = $1 and user_id = (select app_user()) and finished_at is null;

-- name: crawl_over
-- Its job has ended without it. What a user has paused waits on.
update crawls
   set status = $2, error = $3, message = $4, version = version + 1, updated_at = clock_timestamp(),
       finished_at = clock_timestamp()
 where id = $1 and user_id = (select app_user()) and status in ('queued', 'crawling');

-- name: crawl_addresses
select url, via, state, reason, depth, id
  from crawl_urls
 where crawl_id = $1 and user_id = (select app_user()) and ($2::text is null or state = $2)
   and id > coalesce($3::uuid, '00000000-0000-0000-0000-000000000000')
 order by id
 limit $4;
