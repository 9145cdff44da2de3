-- revision: 0002
-- down_revision: 0001
-- summary: the queue: jobs, finished jobs, queues, workers

-- migrate:up

set local role offstage_owner;

-- ---- queues and workers ----------------------------------------------------------

-- A limit of 0 is none. Rows come by migration and are never deleted: a foreign key
-- from jobs would lock one of them at every insert.
create table queues (
    id               smallint primary key,
    name             text not null unique check (name ~ '^[a-z][a-z0-9_-]{0,39}$'),
    paused           boolean not null default false,
    max_running      int not null default 0 check (max_running >= 0),
    max_running_user int not null default 0 check (max_running_user >= 0)
);
insert into queues (id, name, max_running_user)
values (0, 'default', 0), (1, 'respond', 20), (2, 'crawl', 0);

-- One row an incarnation of a worker; its lease is the fence of everything it writes.
-- Burying deletes the row. Nothing that changes is indexed, so that all updates are HOT.
create sequence worker_lease as int;
create table workers (
    lease      int primary key,
    host       text not null,
    pid        int not null,
    queues     text[],
    running    int not null default 0,
    sleeping   boolean not null default false,
    started_at timestamptz not null default now(),
    seen_at    timestamptz not null default now()
) with (fillfactor = 50);

-- ---- jobs --------------------------------------------------------------------------
-- Unfinished jobs only. Whether a job runs is said by lease alone, which is in no index
-- and no index's predicate: a claim is a HOT update, half the work of one that moves an
-- entry between indexes. The price is room in the page for a second version (fillfactor)
-- and an index that still holds what runs; claims therefore start above a low-water mark
-- that each worker keeps, and never meet what runs or is dead, an old snapshot or not.
-- A job that becomes ready after it was added takes a new pos, above everybody's mark.
--
-- The row of a running job never moves: nothing but its end updates it. So its end can
-- address it by ctid, and what is said about it meanwhile goes to job_notes.
--
-- waits: 0 in line or running, 1 for a limit of its user, 2 for its next attempt,
--        3 for an earlier job of its serial key, 4 for its time.
-- A serial key is held by the one of its jobs that does not wait for it (waits < 3).
--
-- There are no check constraints, since each statement that inserts would parse their
-- texts anew; db/job.c, the only writer, checks. There is no foreign key to users: each
-- insert would lock the user's row, and a user's removal would wait for the queue. A job
-- whose user is gone finds nothing to do.

create sequence job_pos;
create table jobs (
    pos          bigint not null default nextval('job_pos'),
    created_at   timestamptz not null default now(),
    run_at       timestamptz not null default now(),
    queue        smallint not null,
    priority     smallint not null,
    waits        smallint not null default 0,
    attempt      smallint not null default 0,
    max_attempts smallint not null,
    cancel       boolean not null default false,
    forget       boolean not null default false,
    id           uuid primary key,
    kind         text not null,
    lease        int,
    limited      smallint,
    started_at   timestamptz,
    deadline     timestamptz,
    user_id      uuid,
    subject_id   uuid,
    serial_key   uuid,
    unique_key   uuid,
    request_id   text,
    payload      text,
    error        text
) with (fillfactor = 45,
        autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0,
        autovacuum_vacuum_insert_threshold = -1, autovacuum_analyze_threshold = 2000000000);

-- The claim's exact order. Most jobs are in this index and the primary key's alone.
create index jobs_ready on jobs (queue, priority, pos) where waits = 0;
create unique index jobs_serial on jobs (serial_key) where serial_key is not null and waits < 3;
create index jobs_serial_turn on jobs (serial_key, pos) where waits = 3;
create index jobs_limit_turn on jobs (queue, user_id, pos) where waits = 1;
create index jobs_due on jobs (run_at) where waits in (2, 4);
create unique index jobs_unique on jobs (unique_key) where unique_key is not null;
create index jobs_user on jobs (user_id, id) where user_id is not null;
-- What runs of the queues that have limits; limited is the queue while one does.
create index jobs_limited on jobs (limited, user_id) where limited is not null;

-- What is said about a running job: its progress, and that it shall end.
create table job_notes (
    job_id   uuid primary key,
    user_id  uuid,
    cancel   boolean not null default false,
    progress smallint not null default 0 check (progress between 0 and 100),
    message  text
) with (fillfactor = 50);

-- Finished jobs. An id says when its job was added, which may be long before it
-- finished: what is older than all partitions goes to the default one.
create table jobs_done (
    id           uuid not null,
    created_at   timestamptz not null,
    run_at       timestamptz not null,
    started_at   timestamptz,
    finished_at  timestamptz not null default clock_timestamp(),
    queue        smallint not null,
    priority     smallint not null,
    state        smallint not null, -- enum job_state
    attempt      smallint not null,
    max_attempts smallint not null,
    kind         text not null,
    user_id      uuid,
    subject_id   uuid,
    serial_key   uuid,
    unique_key   uuid,
    request_id   text,
    payload      text,
    error        text,
    message      text, -- the last that was noted
    primary key (id)
) partition by range (id);
create table jobs_done_rest partition of jobs_done default;
create index jobs_done_user on jobs_done (user_id, id) where user_id is not null;
create index jobs_done_discarded on jobs_done (finished_at) where state = 5;
select partition_sweep('jobs_done', 100000);

-- Every job that is known, as its user may see it; state is enum job_state.
create view all_jobs with (security_invoker = true) as
    select j.id, j.user_id, j.subject_id, j.kind, j.queue, j.priority, least(j.attempt, j.max_attempts) as attempt,
           j.max_attempts,
           case when j.lease is not null then 2 when j.waits = 4 then 1 when j.waits = 2 then 3 else 0 end as state,
           coalesce((select n.progress from job_notes n where n.job_id = j.id), 0) as progress,
           (select n.message from job_notes n where n.job_id = j.id) as message, j.error, j.created_at, j.run_at,
           j.started_at, null::timestamptz as finished_at
      from jobs j
    union all
    select d.id, d.user_id, d.subject_id, d.kind, d.queue, d.priority, d.attempt, d.max_attempts, d.state::int,
           case d.state when 4 then 100 else 0 end, d.message, d.error, d.created_at, d.run_at, d.started_at, d.finished_at
      from jobs_done d;

-- ---- adding ---------------------------------------------------------------------------
-- Advisory locks of two numbers: (1, lease) is held by a worker's session while it lives,
-- (2, queue) by a claim under limits, (3, 0) by whoever looks for what is due.

-- Functions are in PL/pgSQL even where SQL would do: it keeps their plans.

-- Whether a worker sleeps that serves the queue.
create function job_has_sleeper(line smallint) returns boolean
    language plpgsql stable
as $$
begin
    return exists (select
                     from queues q
                     join workers w on w.sleeping and (w.queues is null or q.name = any (w.queues))
                    where q.id = line);
end $$;

-- Wake a worker at commit, if one sleeps that serves the queue. For what happens now and
-- then; adders notify behind their commit (db_notify()), where it holds up nobody.
create function job_wake(line smallint) returns void
    language plpgsql volatile
as $$
begin
    if job_has_sleeper(line) then
        perform pg_notify('job', q.name) from queues q where q.id = line;
    end if;
end $$;

-- Lock the holder of a serial key, so that it cannot end before this transaction does;
-- waits for one that is ending. False when nobody holds the key.
create function job_hold_key(key uuid) returns boolean
    language plpgsql volatile security definer
    set search_path = pg_catalog, public, pg_temp
as $$
begin
    perform from public.jobs where serial_key = key and serial_key is not null and waits < 3 for key share;
    return found;
end $$;

create function job_has_unique(key uuid) returns boolean
    language plpgsql volatile security definer
    set search_path = pg_catalog, public, pg_temp
as $$
begin
    return exists (select from public.jobs where unique_key = key and unique_key is not null);
end $$;

-- Add a job that has a serial or a unique key. It holds its serial key, or waits behind
-- the holder, which is locked: the holder's end then waits for this transaction, and
-- sees whom to let go on. Returns whether a worker is to be woken; null when the unique
-- key is taken.
create function job_add_keyed(id uuid, kind text, line smallint, priority int, max_attempts int, delay_ms bigint,
                              deadline_ms bigint, user_id uuid, subject_id uuid, request_id text, payload text,
                              forget boolean, serial_key uuid, unique_key uuid) returns boolean
    language plpgsql volatile
as $$
declare
    state smallint := case when delay_ms > 0 then 4 else 0 end;
begin
    for round in 1 .. 20 loop
        insert into jobs as j (id, kind, queue, priority, max_attempts, waits, run_at, deadline, user_id, subject_id,
                               request_id, payload, forget, serial_key, unique_key)
        values ($1, $2, $3, $4, $5, state, now() + $6 * interval '1 ms', now() + $7 * interval '1 ms', $8, $9,
                $10, $11, $12, $13, $14)
        on conflict do nothing;
        if found then
            return state = 0 and job_has_sleeper($3);
        end if;
        if state <> 0 or $13 is null or job_has_unique($14) then
            return null;
        end if;
        if job_hold_key($13) then
            state := 3;
        end if;
    end loop;
    raise exception 'jobs of one serial key come and go too fast' using errcode = 'serialization_failure';
end $$;

-- ---- letting the next go on --------------------------------------------------------------

-- The first that waits for each of these keys, where nobody holds it.
create function jobs_next_of_keys(keys uuid[]) returns void
    language plpgsql volatile security definer
    set search_path = pg_catalog, public, pg_temp
as $$
declare
    wanted uuid[] := array(select distinct u.key
                             from unnest(keys) u (key)
                            where exists (select from public.jobs n where n.serial_key = u.key and n.waits = 3));
    line   smallint;
begin
    if wanted = '{}' then
        return; -- as nearly always
    end if;
    for line in
        with freed as (
            update public.jobs j
               set waits = 0, pos = nextval('public.job_pos')
              from unnest(wanted) k (key)
             cross join lateral (select n.id
                                   from public.jobs n
                                  where n.serial_key = k.key and n.waits = 3
                                  order by n.pos
                                  limit 1
                                    for no key update) f
             where j.id = f.id
               and not exists (select from public.jobs h
                                where h.serial_key = k.key and h.serial_key is not null and h.waits < 3)
            returning j.queue
        )
        select distinct queue from freed
    loop
        perform public.job_wake(line);
    end loop;
end $$;

-- For each pair of queue and user the first that waits for the user's limit.
create function jobs_next_of_users(lines smallint[], users uuid[]) returns void
    language plpgsql volatile security definer
    set search_path = pg_catalog, public, pg_temp
as $$
declare
    line smallint;
begin
    for line in
        with freed as (
            update public.jobs j
               set waits = 0, pos = nextval('public.job_pos')
              from (select u.line, u.user_id, count(*) as n
                      from unnest(lines, users) u (line, user_id)
                     group by 1, 2) g
             cross join lateral (select n.id
                                   from public.jobs n
                                  where n.queue = g.line and n.user_id = g.user_id and n.waits = 1
                                  order by n.pos
                                  limit g.n
                                    for no key update skip locked) f
             where j.id = f.id
            returning j.queue
        )
        select distinct queue from freed
    loop
        perform public.job_wake(line);
    end loop;
end $$;

-- ---- claiming ------------------------------------------------------------------------------

-- Everything in the transaction fails unless the incarnation is alive, and it cannot be
-- buried before the transaction ends.
create function job_fence(mine int) returns void
    language plpgsql volatile
as $$
begin
    perform from workers where lease = mine for key share;
    if not found then
        raise exception 'the lease of this worker is gone' using errcode = 'OF001';
    end if;
end $$;

-- Claim from one queue that has limits. Its claims go one at a time, so that what runs
-- can be counted. Jobs of users who have all they may are parked on the way, each once,
-- lest every claim walk over them. A row without an id says how far up a priority has
-- been looked at and that there may be more; without a priority, that nothing was looked at.
create function job_claim_limited(mine int, line smallint, priorities smallint[], marks bigint[], most int)
    returns table (place tid, pos bigint, id uuid, queue smallint, priority smallint, kind text, payload text,
                   request_id text, user_id uuid, subject_id uuid, serial_key uuid, attempt smallint,
                   max_attempts smallint, cancel boolean, forget boolean, run_at timestamptz, deadline timestamptz)
    language plpgsql volatile
as $$
#variable_conflict use_column
declare
    q      queues;
    c      record;
    at     int;
    users  uuid[] := '{}';   -- who has been met
    room   bigint[] := '{}'; -- how many more of theirs may run
    taken  tid[] := '{}';
    parked tid[] := '{}';
    upto   bigint[] := marks;
begin
    perform pg_advisory_xact_lock(2, line);
    select * into q from queues where queues.id = line;
    if q.max_running > 0 then
        most := least(most, q.max_running - (select count(*) from jobs j where j.limited = line));
    end if;
    if q.paused or most <= 0 then
        return query select null::tid, null::bigint, null::uuid, line, null::smallint, null, null, null, null::uuid,
                            null::uuid, null::uuid, null::smallint, null::smallint, null::boolean, null::boolean,
                            null::timestamptz, null::timestamptz;
        return;
    end if;
    for c in
        select f.*, w.n
          from unnest(priorities, marks) with ordinality w (priority, mark, n)
         cross join lateral (select j.ctid as place, j.user_id, j.pos
                               from jobs j
                              where j.queue = line and j.priority = w.priority and j.waits = 0 and j.lease is null
                                and j.pos > w.mark
                              order by j.pos) f
    loop
        upto[c.n] := c.pos;
        if q.max_running_user > 0 and c.user_id is not null then
            at := array_position(users, c.user_id);
            if at is null then
                users := users || c.user_id;
                room := room || q.max_running_user
                        - (select count(*) from jobs j where j.limited = line and j.user_id = c.user_id);
                at := cardinality(users);
            end if;
            room[at] := room[at] - 1;
            if room[at] < 0 then
                parked := parked || c.place;
                exit when cardinality(parked) >= 1000;
                continue;
            end if;
        end if;
        taken := taken || c.place;
        exit when cardinality(taken) >= most;
    end loop;
    -- A row that somebody else has changed meanwhile no longer fits.
    return query
        update jobs j
           set lease = mine, limited = line, attempt = j.attempt + 1, started_at = now()
         where j.ctid = any (taken) and j.lease is null and j.waits = 0
        returning j.ctid, j.pos, j.id, j.queue, j.priority, j.kind, j.payload, j.request_id, j.user_id,
                  j.subject_id, j.serial_key, j.attempt, j.max_attempts, j.cancel, j.forget, j.run_at, j.deadline;
    if cardinality(parked) = 0 then
        return;
    end if;
    update jobs j set waits = 1 where j.ctid = any (parked) and j.lease is null and j.waits = 0;
    return query
        select null::tid, w.upto, null::uuid, line, w.priority, null, null, null, null::uuid, null::uuid, null::uuid,
               null::smallint, null::smallint, null::boolean, null::boolean, null::timestamptz, null::timestamptz
          from unnest(priorities, upto) w (priority, upto);
end $$;

-- ---- ending --------------------------------------------------------------------------------

-- Drop the notes of jobs that have just been ended or put back. A cancel that came while
-- the job ran stays with it: the next to claim it ends it. A statement of its own sees
-- what was noted while the one before waited for the row.
create function jobs_drop_notes(ids uuid[]) returns void
    language plpgsql volatile
as $$
begin
    with dropped as (
        delete from job_notes n where n.job_id = any (ids) returning n.job_id, n.cancel
    )
    update jobs j
       set cancel = true, pos = nextval('job_pos'), waits = case j.waits when 2 then 0 else j.waits end
      from dropped d
     where d.cancel and j.id = d.job_id and j.lease is null;
end $$;

-- Record how jobs ended that this lease holds, whatever their outcome (enum job_outcome),
-- and let those go on that waited for them. Returns how many the lease did hold.
create function jobs_end(mine int, ids uuid[], outcomes smallint[], delays bigint[], errors text[]) returns int
    language plpgsql volatile
as $$
declare
    ended record;
begin
    with e as materialized (
        select * from unnest(ids, outcomes, delays, errors) u (id, outcome, delay_ms, error)
    ), gone as (
        delete from jobs j
         using e
         where j.id = e.id and j.lease = mine
           and (e.outcome in (0, 2, 3) or e.outcome = 1 and j.attempt >= j.max_attempts)
        returning j.*, e.outcome, e.error as last_error
    ), kept as (
        insert into jobs_done (id, created_at, run_at, started_at, queue, priority, state, attempt, max_attempts, kind,
                               user_id, subject_id, serial_key, unique_key, request_id, payload, error, message)
        select id, created_at, run_at, started_at, queue, priority,
               case outcome when 0 then 4 when 3 then 6 else 5 end, least(attempt, max_attempts), max_attempts, kind,
               user_id, subject_id, serial_key, unique_key, request_id, case when outcome <> 0 then payload end,
               case when outcome <> 0 then coalesce(last_error, error) end,
               (select n.message from job_notes n where n.job_id = gone.id)
          from gone
         where not (forget and outcome = 0)
    ), back as (
        update jobs j
           set lease = null, limited = null, started_at = null, pos = nextval('job_pos'),
               waits = case when e.outcome = 1 and e.delay_ms > 0 then 2 else 0 end,
               run_at = case when e.outcome = 1 then now() + e.delay_ms * interval '1 ms' else j.run_at end,
               attempt = j.attempt - case when e.outcome = 4 then 1 else 0 end,
               error = coalesce(e.error, j.error)
          from e
         where j.id = e.id and j.lease = mine and (e.outcome = 4 or e.outcome = 1 and j.attempt < j.max_attempts)
        returning j.queue, j.user_id
    )
    select count(*) as n, array_agg(a.serial_key) filter (where a.serial_key is not null) as keys,
           array_agg(a.queue) filter (where l.id is not null and a.user_id is not null) as lines,
           array_agg(a.user_id) filter (where l.id is not null and a.user_id is not null) as users,
           array_agg(distinct a.queue) filter (where a.back) as again
      into ended
      from (select queue, user_id, serial_key, false as back from gone
            union all
            select queue, user_id, null, true from back) a
      left join queues l on l.id = a.queue and l.max_running_user > 0;
    perform jobs_drop_notes(ids);
    -- Statements of their own: they see what those have committed that the deletes waited for.
    if ended.keys is not null then
        perform jobs_next_of_keys(ended.keys);
    end if;
    if ended.users is not null then
        perform jobs_next_of_users(ended.lines, ended.users);
    end if;
    perform job_wake(r.line) from unnest(ended.again) r (line);
    return ended.n;
end $$;

-- What follows when one job is over whose row has been deleted. Statements of their own
-- see what those have committed that the delete waited for.
create function job_over(j jobs, state int, reason text) returns void
    language plpgsql volatile
as $$
declare
    last_note text;
begin
    delete from job_notes n where n.job_id = j.id returning n.message into last_note;
    if state <> 4 or not j.forget then
        insert into jobs_done (id, created_at, run_at, started_at, queue, priority, state, attempt, max_attempts, kind,
                               user_id, subject_id, serial_key, unique_key, request_id, payload, error, message)
        values (j.id, j.created_at, j.run_at, j.started_at, j.queue, j.priority, state,
                least(j.attempt, j.max_attempts), j.max_attempts, j.kind, j.user_id, j.subject_id, j.serial_key,
                j.unique_key, j.request_id, case when state <> 4 then j.payload end,
                case when state <> 4 then coalesce(reason, j.error) end, last_note);
    end if;
    if j.serial_key is not null and j.waits < 3
       and exists (select from jobs n where n.serial_key = j.serial_key and n.waits = 3) then
        perform jobs_next_of_keys(array[j.serial_key]);
    end if;
    if j.limited is not null and j.user_id is not null
       and exists (select from jobs n where n.queue = j.queue and n.user_id = j.user_id and n.waits = 1) then
        perform jobs_next_of_users(array[j.queue], array[j.user_id]);
    end if;
end $$;

-- jobs_end() for one job, in the transaction of its results. Most end for good, and those
-- with few and simple statements: setting up those of jobs_end() takes longer than running them.
create function job_end_here(mine int, job uuid, outcome int, delay_ms bigint, reason text) returns void
    language plpgsql volatile
as $$
declare
    j jobs;
begin
    if outcome in (0, 2, 3) then
        delete from jobs where id = job and lease = mine returning * into j;
        if j.id is not null then
            perform job_over(j, case outcome when 0 then 4 when 3 then 6 else 5 end, reason);
            return;
        end if;
    elsif jobs_end(mine, array[job], array[outcome::smallint], array[delay_ms], array[reason]) = 1 then
        return;
    end if;
    raise exception 'the job is no longer held by this worker' using errcode = 'OF001';
end $$;

-- Fails the statement's transaction unless the rows that were found by their places are
-- those that were meant: a table that was rewritten has others there.
create function jobs_must_be(sum_found numeric, sum_meant numeric) returns void
    language plpgsql immutable
as $$
begin
    if sum_found is distinct from sum_meant then
        raise exception 'jobs have moved' using errcode = 'OF409';
    end if;
end $$;

-- Put back everything that an incarnation holds and remove it: how many there were, or -1
-- when a peer is at it or a fenced transaction still runs. A graceful stop (no reason)
-- does not count as an attempt. Its jobs are found by a scan, which is rare; an index on
-- lease would cost every claim.
create function worker_bury(dead int, why text) returns int
    language plpgsql volatile
as $$
declare
    held uuid[];
begin
    perform from workers where lease = dead for update skip locked;
    if not found then
        return -1;
    end if;
    with back as (
        update jobs j
           set lease = null, limited = null, started_at = null, pos = nextval('job_pos'),
               attempt = j.attempt - case when why is null then 1 else 0 end, error = coalesce(why, j.error)
         where j.lease = dead
        returning j.id
    )
    select array_agg(id) into held from back;
    delete from workers where lease = dead;
    if held is null then
        return 0;
    end if;
    perform jobs_drop_notes(held);
    perform job_wake(q.id) from queues q;
    return cardinality(held);
end $$;

-- Bury the dead: a session lock that can be had is one that nobody holds.
create function workers_rescue(mine int, age interval) returns int
    language plpgsql volatile
as $$
declare
    peer  int;
    freed int := 0;
begin
    for peer in
        select lease
          from workers
         where lease <> mine
           and (pg_try_advisory_xact_lock(1, lease) or seen_at < now() - age)
    loop
        freed := freed + greatest(worker_bury(peer, 'its worker was lost'), 0);
    end loop;
    return freed;
end $$;

-- Put a scheduled job with a serial key in line, or behind those that have been waiting
-- for the key's holder.
create function job_enter(job uuid, key uuid) returns void
    language plpgsql volatile
as $$
begin
    loop
        if job_hold_key(key) then
            update jobs set waits = 3, pos = nextval('job_pos') where id = job;
            return;
        end if;
        begin
            update jobs set waits = 0, pos = nextval('job_pos') where id = job;
            return;
        exception when unique_violation then
            null;
        end;
    end loop;
end $$;

-- Put in line what is due; and of each user who waits for a limit that has room, one job.
-- The ends of jobs see to the latter, but miss a job that is being parked at the same time.
create function jobs_promote() returns int
    language plpgsql volatile
as $$
declare
    due   record;
    moved int := 0;
    lines smallint[] := '{}';
begin
    if not pg_try_advisory_xact_lock(3, 0) then
        return 0;
    end if;
    for due in
        select id, queue, waits, serial_key
          from jobs
         where waits in (2, 4) and run_at <= now()
         order by run_at
         limit 2000
           for no key update skip locked
    loop
        if due.waits = 4 and due.serial_key is not null then
            perform job_enter(due.id, due.serial_key);
        else
            update jobs set waits = 0, pos = nextval('job_pos') where id = due.id;
        end if;
        moved := moved + 1;
        if due.queue <> all (lines) then
            lines := lines || due.queue;
        end if;
    end loop;
    perform job_wake(l.line) from unnest(lines) l (line);
    perform jobs_next_of_users(array_agg(w.queue), array_agg(w.user_id))
       from jobs_limit_waiting() w
      where w.room > 0;
    delete from job_notes n where not exists (select from jobs j where j.id = n.job_id);
    return moved;
end $$;

-- ---- for users and operators ------------------------------------------------------------------

-- Whose jobs wait for a limit, and how many more may run.
create function jobs_limit_waiting() returns table (queue smallint, user_id uuid, room bigint)
    language sql stable
as $$
    with recursive pairs as (
        (select j.queue, j.user_id from jobs j where j.waits = 1 order by j.queue, j.user_id limit 1)
        union all
        select n.queue, n.user_id
          from pairs p
         cross join lateral (select j.queue, j.user_id
                               from jobs j
                              where j.waits = 1 and (j.queue, j.user_id) > (p.queue, p.user_id)
                              order by j.queue, j.user_id
                              limit 1) n
    )
    select p.queue, p.user_id,
           case q.max_running_user
               when 0 then 2147483647
               else q.max_running_user - (select count(*)
                                            from jobs r
                                           where r.limited = p.queue and r.user_id = p.user_id)
           end
      from pairs p
      join queues q on q.id = p.queue
$$;

-- Change a queue's limits; null leaves one as it is. Those who may run more go in line.
create function queue_limit(queue_name text, running int, running_user int) returns boolean
    language plpgsql volatile
as $$
declare
    line smallint;
begin
    update queues
       set max_running = coalesce(running, max_running), max_running_user = coalesce(running_user, max_running_user)
     where name = queue_name
    returning id into line;
    if line is null then
        return false;
    end if;
    perform jobs_next_of_users(array_agg(w.queue), array_agg(w.user_id))
       from jobs_limit_waiting() w
      cross join lateral generate_series(1, least(w.room, 1000)) n
      where w.queue = line;
    perform job_wake(line);
    return true;
end $$;

-- 0: it waited and is cancelled now; 1: it runs, and its worker has been told; 2: too late.
create function job_cancel(job uuid) returns int
    language plpgsql volatile security definer
    set search_path = pg_catalog, public, pg_temp
as $$
declare
    j public.jobs;
begin
    select * into j
      from public.jobs
     where id = job and (user_id = public.app_user() or public.app_admin())
       for update;
    if not found then
        if exists (select from public.jobs_done
                    where id = job and (user_id = public.app_user() or public.app_admin())) then
            return 2;
        end if;
        raise exception 'job not found' using errcode = 'OF404';
    end if;
    if j.lease is not null then
        insert into public.job_notes (job_id, user_id, cancel) values (j.id, j.user_id, true)
        on conflict (job_id) do update set cancel = true;
        perform pg_notify('worker', j.lease::text);
        return 1;
    end if;
    delete from public.jobs where id = job;
    perform public.job_over(j, 6, null);
    return 0;
end $$;

-- Run again a job that has failed or was cancelled.
create function job_retry(job uuid) returns void
    language plpgsql volatile security definer
    set search_path = pg_catalog, public, pg_temp
as $$
declare
    line smallint;
    d    public.jobs_done;
begin
    update public.jobs
       set waits = 0, pos = nextval('public.job_pos'), attempt = 0, run_at = now()
     where id = job and waits = 2 and (user_id = public.app_user() or public.app_admin())
    returning queue into line;
    if line is not null then
        perform public.job_wake(line);
        return;
    end if;
    delete from public.jobs_done
     where id = job and state in (5, 6) and (user_id = public.app_user() or public.app_admin())
    returning * into d;
    if d.id is null then
        if exists (select from public.jobs
                    where id = job and (user_id = public.app_user() or public.app_admin()))
           or exists (select from public.jobs_done
                       where id = job and (user_id = public.app_user() or public.app_admin())) then
            raise exception 'only a job that failed or was cancelled can run again' using errcode = 'OF409';
        end if;
        raise exception 'job not found' using errcode = 'OF404';
    end if;
    if public.job_add_keyed(d.id, d.kind, d.queue, d.priority, d.max_attempts, 0, null, d.user_id, d.subject_id,
                            d.request_id, d.payload, false, d.serial_key, d.unique_key) is null then
        raise exception 'a job like it is unfinished' using errcode = 'OF409';
    end if;
    perform public.job_wake(d.queue);
    update public.jobs set created_at = d.created_at where id = d.id;
end $$;

-- How many waiting jobs come before one of the caller's, itself counted, up to `most`;
-- 0 when it runs, null when it is not there to be seen.
create function job_position(job uuid, most int) returns bigint
    language plpgsql stable security definer
    set search_path = pg_catalog, public, pg_temp
as $$
declare
    j public.jobs;
begin
    select * into j
      from public.jobs
     where id = job and (user_id = public.app_user() or public.app_admin());
    if not found then
        return null;
    elsif j.lease is not null then
        return 0;
    elsif j.waits = 0 then
        return 1 + (select count(*)
                      from (select from public.jobs a
                             where a.queue = j.queue and a.waits = 0 and a.lease is null
                               and (a.priority, a.pos) < (j.priority, j.pos)
                             limit most - 1) n);
    elsif j.waits = 1 then
        return 1 + (select count(*)
                      from (select from public.jobs a
                             where a.queue = j.queue and a.user_id = j.user_id and a.waits = 1 and a.pos < j.pos
                             limit most - 1) n);
    elsif j.waits = 3 then
        return 2 + (select count(*)
                      from (select from public.jobs a
                             where a.serial_key = j.serial_key and a.waits = 3 and a.pos < j.pos
                             limit most - 2) n);
    end if;
    return 1;
end $$;

-- Numbers over everybody's jobs, for operators.
create function queue_stats()
    returns table (name text, paused boolean, max_running int, max_running_user int, available bigint,
                   scheduled bigint, running bigint, retryable bigint, discarded bigint, oldest_s double precision)
    language sql stable security definer
    set search_path = pg_catalog, public, pg_temp
as $$
    select q.name, q.paused, q.max_running, q.max_running_user, coalesce(j.available, 0), coalesce(j.scheduled, 0),
           coalesce(j.running, 0), coalesce(j.retryable, 0), coalesce(d.discarded, 0),
           coalesce(extract(epoch from clock_timestamp() - j.oldest), 0)::double precision
      from public.queues q
      left join (select queue, count(*) filter (where lease is null and waits in (0, 1, 3)) as available,
                        count(*) filter (where waits = 4) as scheduled, count(lease) as running,
                        count(*) filter (where waits = 2) as retryable,
                        min(run_at) filter (where lease is null and waits in (0, 1, 3)) as oldest
                   from public.jobs
                  group by queue) j on j.queue = q.id
      left join (select queue, count(*) as discarded
                   from public.jobs_done
                  where state = 5 and finished_at > now() - interval '1 day'
                  group by queue) d on d.queue = q.id
     order by q.id
$$;

-- Forget finished jobs: whole partitions, and the stragglers among the rest.
create function jobs_sweep(keep_days int) returns void
    language plpgsql volatile security definer
    set search_path = pg_catalog, public, pg_temp
as $$
begin
    perform public.partition_sweep('jobs_done', keep_days);
    delete from public.jobs_done_rest where finished_at < now() - keep_days * interval '1 day';
end $$;

-- ---- who may what --------------------------------------------------------------------------------

do $$
declare
    t text;
begin
    foreach t in array array['queues', 'workers', 'jobs', 'job_notes', 'jobs_done'] loop
        execute format('alter table %I enable row level security', t);
        execute format('alter table %I force row level security', t);
        execute format('create policy owner_role on %I to offstage_owner using (true) with check (true)', t);
        execute format('create policy worker on %I to offstage_worker using (true) with check (true)', t);
    end loop;
    foreach t in array array['jobs', 'job_notes', 'jobs_done'] loop
        execute format('create policy own on %I to offstage_app '
                       'using (user_id = (select app_user()) or (select app_admin()))', t);
    end loop;
    foreach t in array array['queues', 'workers'] loop
        execute format('create policy everybody on %I for select to offstage_app, offstage_metrics using (true)', t);
    end loop;
end $$;
create policy admin on queues for update to offstage_app using ((select app_admin()));

grant select on queues, workers to offstage_app, offstage_worker, offstage_metrics;
grant update on queues to offstage_app;
grant update (max_running, max_running_user) on queues to offstage_worker;
grant select, insert on jobs to offstage_app;
grant select on job_notes, jobs_done, all_jobs to offstage_app;
grant insert, update, delete on workers to offstage_worker;
grant select, insert, update, delete on jobs, job_notes to offstage_worker;
grant select, insert on jobs_done to offstage_worker;
grant select on all_jobs to offstage_worker;
grant usage on sequence job_pos to offstage_app, offstage_worker;
grant usage on sequence worker_lease to offstage_worker;

grant execute on function job_has_sleeper(smallint), job_wake(smallint), job_hold_key(uuid), job_has_unique(uuid),
    job_add_keyed(uuid, text, smallint, int, int, bigint, bigint, uuid, uuid, text, text, boolean, uuid, uuid),
    job_cancel(uuid), job_retry(uuid), job_position(uuid, int)
    to offstage_app, offstage_worker;
grant execute on function jobs_limit_waiting(), jobs_next_of_users(smallint[], uuid[]), queue_limit(text, int, int)
    to offstage_app, offstage_worker;
grant execute on function queue_stats() to offstage_app, offstage_worker, offstage_metrics;
grant execute on function jobs_next_of_keys(uuid[]), job_fence(int),
    job_claim_limited(int, smallint, smallint[], bigint[], int), jobs_drop_notes(uuid[]),
    jobs_end(int, uuid[], smallint[], bigint[], text[]), job_over(jobs, int, text),
    job_end_here(int, uuid, int, bigint, text), jobs_must_be(numeric, numeric), worker_bury(int, text),
    workers_rescue(int, interval), job_enter(uuid, uuid), jobs_promote(), jobs_sweep(int)
    to offstage_worker;

-- migrate:down

set local role offstage_owner;
drop view all_jobs;
drop function job_has_sleeper(smallint), job_wake(smallint), job_hold_key(uuid), job_has_unique(uuid),
    job_add_keyed(uuid, text, smallint, int, int, bigint, bigint, uuid, uuid, text, text, boolean, uuid, uuid),
    jobs_next_of_keys(uuid[]), jobs_next_of_users(smallint[], uuid[]), job_fence(int),
    job_claim_limited(int, smallint, smallint[], bigint[], int), jobs_drop_notes(uuid[]),
    jobs_end(int, uuid[], smallint[], bigint[], text[]), job_over(jobs, int, text),
    job_end_here(int, uuid, int, bigint, text), jobs_must_be(numeric, numeric), worker_bury(int, text),
    workers_rescue(int, interval), job_enter(uuid, uuid), jobs_promote(), jobs_limit_waiting(),
    queue_limit(text, int, int), job_cancel(uuid), job_retry(uuid), job_position(uuid, int), queue_stats(),
    jobs_sweep(int);
drop table jobs_done, job_notes, jobs, workers, queues;
drop sequence job_pos, worker_lease;
