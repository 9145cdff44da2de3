-- Jobs. What a statement relies on is said in migrations/0002_queue.sql.

-- ---- adding ---------------------------------------------------------------------
-- A row in the answer says that a worker sleeps who serves the queue: it is woken behind
-- the commit. Under load nobody sleeps and nobody notifies.

-- name: job_add
with new as (
    insert into jobs (id, kind, queue, priority, max_attempts, waits, run_at, deadline, user_id, subject_id,
                      request_id, payload, forget)
    values ($1, $2, (select q.id from queues q where q.name = $3::text), $4, $5,
            case when $6::bigint > 0 then 4 else 0 end, now() + $6 * interval '1 ms',
            now() + $7::bigint * interval '1 ms', $8, $9, $10, $11, $12)
    returning waits
)
select 1
  from new
 where new.waits = 0
   and exists (select from workers w where w.sleeping and (w.queues is null or $3::text = any (w.queues)));

-- name: job_add_keyed
select 1
  from job_add_keyed($1, $2, (select q.id from queues q where q.name = $3::text), $4, $5, $6, $7, $8, $9, $10, $11,
                     $12, $13, $14) as wake
 where wake;

-- name: job_add_alike
-- Jobs that differ in little. A subquery's unnest() is not materialized, one in FROM is.
with new as (
    insert into jobs (id, user_id, subject_id, payload, kind, queue, priority, max_attempts, waits, run_at, deadline,
                      request_id, forget)
    select n.id, n.user_id, n.subject_id, n.payload, $5, (select q.id from queues q where q.name = $6::text), $7, $8,
           case when $9::bigint > 0 then 4 else 0 end, now() + $9 * interval '1 ms',
           now() + $10::bigint * interval '1 ms', $11, $12
      from (select unnest($1::uuid[]) as id, unnest($2::uuid[]) as user_id, unnest($3::uuid[]) as subject_id,
                   unnest($4::text[]) as payload) n
)
select 1
 where $9 <= 0
   and exists (select from workers w where w.sleeping and (w.queues is null or $6::text = any (w.queues)));

-- ---- the worker's side ------------------------------------------------------------

-- name: worker_lease
-- The lock comes before the row: a row without it is a dead worker's.
select l.lease, pg_advisory_lock(1, l.lease) from (select nextval('worker_lease')::int as lease) l;

-- name: worker_insert
insert into workers (lease, host, pid, queues) values ($1, $2, $3, string_to_array(replace($4, ' ', ''), ','));

-- name: worker_beat
update workers set seen_at = now(), running = $2 where lease = $1;

-- name: worker_sleeps
update workers set sleeping = $2 where lease = $1;

-- name: worker_bury
select worker_bury($1, null) as freed;

-- name: workers_rescue
select workers_rescue($1, $2 * interval '1 s') as freed;

-- name: jobs_promote
select jobs_promote() as moved;

-- name: job_queues
-- The statistics of a queue are always of another time: its plans are pinned for the
-- session. Which queues are claimed from one claim at a time?
select q.id, q.name, q.max_running > 0 or q.max_running_user > 0 as limited
  from (select set_config('enable_sort', 'off', false), set_config('enable_bitmapscan', 'off', false)) pinned
 cross join queues q
 order by q.id;

-- name: job_commit_lazily
select set_config('synchronous_commit', 'off', true);

-- name: job_fence
select job_fence($1);

-- name: job_claim
-- One probe of jobs_ready for each priority of each queue, above the mark, in the order
-- given; then the rows by their places.
update jobs j
   set lease = $1, attempt = j.attempt + 1, started_at = now()
 where j.ctid = any (array (
           select f.place
             from unnest($2::smallint[], $3::smallint[], $4::bigint[]) w (queue, priority, mark)
            cross join lateral (select n.ctid as place
                                  from jobs n
                                 where n.queue = w.queue and n.priority = w.priority and n.waits = 0
                                   and n.lease is null and n.pos > w.mark
                                 order by n.pos
                                 limit $5
                                   for no key update skip locked) f
            where w.queue <> all (array (select q.id
                                           from queues q
                                          where q.paused or q.max_running > 0 or q.max_running_user > 0))
            limit $5))
returning j.queue, j.priority, j.pos, j.id, j.ctid as place, j.kind, j.payload, j.request_id, j.user_id, j.subject_id,
          j.serial_key, j.attempt, j.max_attempts, j.cancel, j.forget, coalesce(j.deadline < now(), false) as expired,
          (date_part('epoch', now() - j.run_at) * 1000)::bigint as waited_ms, false as limited;

-- name: job_claim_limited
select queue, priority, pos, id, place, kind, payload, request_id, user_id, subject_id, serial_key, attempt,
       max_attempts, cancel, forget, coalesce(deadline < now(), false) as expired,
       (date_part('epoch', now() - run_at) * 1000)::bigint as waited_ms, true as limited
  from job_claim_limited($1, $2, $3, $4, $5);

-- name: jobs_done
-- The ends of jobs whose rows are where they were claimed. The sum guards against a table
-- that was rewritten meanwhile.
with gone as (
    delete from jobs where ctid = any ($2::tid[]) and lease = $1 returning pos
)
select jobs_must_be(sum(pos), $3) from gone;

-- name: jobs_done_kept
with gone as (
    delete from jobs where ctid = any ($2::tid[]) and lease = $1 returning *
), kept as (
    insert into jobs_done (id, created_at, run_at, started_at, queue, priority, state, attempt, max_attempts, kind,
                           user_id, subject_id, serial_key, unique_key, request_id)
    select id, created_at, run_at, started_at, queue, priority, 4, attempt, max_attempts, kind, user_id, subject_id,
           serial_key, unique_key, request_id
      from gone
)
select jobs_must_be(sum(pos), $3) from gone;

-- name: jobs_next_of_keys
select jobs_next_of_keys($1);

-- name: jobs_end
select jobs_end($1, $2, $3, $4, $5) as held;

-- name: job_end_here
select job_end_here($1, $2, $3, $4, $5);

-- name: job_progress
insert into job_notes as n (job_id, user_id, progress, message)
select j.id, j.user_id, $3, $4 from jobs j where j.id = $2 and j.lease = $1
on conflict (job_id) do update set progress = excluded.progress, message = excluded.message;

-- ---- looking ----------------------------------------------------------------------

-- name: job_get
select j.id, j.user_id, j.subject_id, j.kind, q.name as queue, j.priority, j.attempt, j.max_attempts, j.state,
       j.progress, j.message, j.error, ts(j.created_at) as created_at, ts(j.run_at) as run_at,
       ts(j.started_at) as started_at, ts(j.finished_at) as finished_at
  from all_jobs j
  join queues q on q.id = j.queue
 where j.id = $1;

-- name: job_list
-- The caller's, newest first.
select j.id, j.user_id, j.subject_id, j.kind, q.name as queue, j.priority, j.attempt, j.max_attempts, j.state,
       j.progress, j.message, j.error, ts(j.created_at) as created_at, ts(j.run_at) as run_at,
       ts(j.started_at) as started_at, ts(j.finished_at) as finished_at
  from (select *
          from all_jobs a
         where a.user_id = (select app_user()) and a.id < $1
           and ($2::int is null or a.state = $2) and ($3::text is null or a.kind = $3)
           and ($4::text is null or a.queue = (select q.id from queues q where q.name = $4))
         order by a.id desc
         limit $5) j
  join queues q on q.id = j.queue
 order by j.id desc;

-- name: job_list_everybody
select j.id, j.user_id, j.subject_id, j.kind, q.name as queue, j.priority, j.attempt, j.max_attempts, j.state,
       j.progress, j.message, j.error, ts(j.created_at) as created_at, ts(j.run_at) as run_at,
       ts(j.started_at) as started_at, ts(j.finished_at) as finished_at
  from (select *
          from all_jobs a
         where a.id < $1
           and ($2::int is null or a.state = $2) and ($3::text is null or a.kind = $3)
           and ($4::text is null or a.queue = (select q.id from queues q where q.name = $4))
         order by a.id desc
         limit $5) j
  join queues q on q.id = j.queue
 order by j.id desc;

-- name: job_cancel
select job_cancel($1) as how;

-- name: job_retry
select job_retry($1);

-- name: job_position
select job_position($1, $2) as position;

-- name: job_count_user
select count(*) as n
  from jobs j
 where j.user_id = $2 and j.queue = (select q.id from queues q where q.name = $1);

-- ---- queues and workers --------------------------------------------------------------

-- name: queue_list
select name, paused, max_running, max_running_user, available, scheduled, running, retryable, discarded, oldest_s
  from queue_stats();

-- name: queue_kinds
-- What waits and runs, and of what has ended lately how long it took. An id says when its job
-- was added: those of the last hour are looked at, and of them the newest.
with recent as materialized (
    select d.queue, d.kind, d.state, d.created_at, date_part('epoch', d.started_at - d.run_at) as wait,
           date_part('epoch', d.finished_at - d.started_at) as run
      from jobs_done d
     where d.id >= uuid_at(now() - interval '1 hour')
     order by d.id desc
     limit $1
), span as (
    select case when count(*) < $1 then 3600 else date_part('epoch', now() - min(created_at)) end as seconds
      from recent
), ended as (
    select queue, kind, count(*) filter (where state = 4) as completed, count(*) filter (where state = 5) as discarded,
           count(*) filter (where state = 6) as cancelled,
           percentile_cont(array[0.5, 0.95, 0.99]) within group (order by wait) as waits,
           percentile_cont(array[0.5, 0.95, 0.99]) within group (order by run) as runs
      from recent
     group by queue, kind
), live as (
    select queue, kind, count(*) filter (where lease is null and waits in (0, 1, 3)) as available,
           count(*) filter (where waits = 4) as scheduled, count(lease) as running,
           count(*) filter (where waits = 2) as retryable,
           min(run_at) filter (where lease is null and waits in (0, 1, 3)) as oldest
      from jobs
     group by queue, kind
)
select q.name as queue, coalesce(l.kind, e.kind) as kind, coalesce(l.available, 0) as available,
       coalesce(l.scheduled, 0) as scheduled, coalesce(l.running, 0) as running,
       coalesce(l.retryable, 0) as retryable,
       coalesce(date_part('epoch', clock_timestamp() - l.oldest), 0) as oldest_s, s.seconds as window_s,
       coalesce(e.completed, 0) as completed, coalesce(e.discarded, 0) as discarded,
       coalesce(e.cancelled, 0) as cancelled, e.waits[1] as wait_p50, e.waits[2] as wait_p95,
       e.waits[3] as wait_p99, e.runs[1] as run_p50, e.runs[2] as run_p95, e.runs[3] as run_p99
  from span s
 cross join (live l full join ended e on e.queue = l.queue and e.kind = l.kind)
  join queues q on q.id = coalesce(l.queue, e.queue)
 order by q.id, 2;

-- name: queue_depths
-- The former half of it alone, which costs what waits and runs.
select q.name as queue, l.kind, l.available, l.scheduled, l.running, l.retryable,
       coalesce(date_part('epoch', clock_timestamp() - l.oldest), 0) as oldest_s
  from (select queue, kind, count(*) filter (where lease is null and waits in (0, 1, 3)) as available,
               count(*) filter (where waits = 4) as scheduled, count(lease) as running,
               count(*) filter (where waits = 2) as retryable,
               min(run_at) filter (where lease is null and waits in (0, 1, 3)) as oldest
          from jobs
         group by queue, kind) l
  join queues q on q.id = l.queue
 order by q.id, l.kind;

-- name: queue_pause
update queues set paused = $2 where name = $1;

-- name: queue_wake
select job_wake(q.id) from queues q where q.name = $1;

-- name: queue_limit
select queue_limit($1, $2, $3) as known;

-- name: worker_list
select lease, host, pid, coalesce(array_to_string(queues, ','), '') as queues, running,
       ts(started_at) as started_at, ts(seen_at) as seen_at
  from workers
 order by lease;

-- name: jobs_sweep
select jobs_sweep($1);
