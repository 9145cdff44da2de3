-- What must hold of the queue at any moment. Each query returns no rows.

-- name: what runs is held by a live incarnation
select j.id, j.lease
  from jobs j
 where j.lease is not null and not exists (select from workers w where w.lease = j.lease);

-- name: what runs waits for nothing, and has been started
select id, waits, started_at from jobs where lease is not null and (waits <> 0 or started_at is null);

-- name: what waits is not counted as running
select id, limited from jobs where lease is null and limited is not null;

-- name: of the jobs of a serial key one is active
select serial_key, count(*)
  from jobs
 where serial_key is not null and waits < 3
 group by serial_key
having count(*) > 1;

-- name: no job waits for a serial key that nobody holds
select j.id, j.serial_key
  from jobs j
 where j.waits = 3
   and not exists (select from jobs h where h.serial_key = j.serial_key and h.waits < 3);

-- name: only jobs with a serial key wait for one, only a user's for a limit
select id, waits from jobs where (waits = 3 and serial_key is null) or (waits = 1 and user_id is null);

-- name: of the jobs of a unique key one is unfinished
select unique_key, count(*) from jobs where unique_key is not null group by unique_key having count(*) > 1;

-- name: no more of a queue run than may
select q.name, count(*)
  from queues q
  join jobs j on j.limited = q.id
 where q.max_running > 0
 group by q.id
having count(*) > q.max_running;

-- name: no more of a user run than may
select q.name, j.user_id, count(*)
  from queues q
  join jobs j on j.limited = q.id
 where q.max_running_user > 0 and j.user_id is not null
 group by q.id, j.user_id
having count(*) > q.max_running_user;

-- name: a job is finished or it is not
select j.id from jobs j join jobs_done d on d.id = j.id;

-- name: attempts are counted, and end
select id, attempt, max_attempts from jobs where attempt < 0 or (lease is not null and attempt = 0);

-- name: what failed says why
select id from jobs_done where state = 5 and error is null;
