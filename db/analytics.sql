-- name: analytics_range
-- What is asked for, or the newest month of days or two days of hours; at most a year or a month.
select ts(greatest(coalesce($1::timestamptz, least_at.usual), least_at.most)) as from_at, ts(upto.at) as to_at
  from (select least(greatest(coalesce($2::timestamptz, now()), timestamptz '2000-01-01 00:00Z'),
                     now() + interval '1 day') as at) upto,
       lateral (select upto.at - case $3 when 'hour' then interval '2 days' else interval '30 days' end as usual,
                       upto.at - case $3 when 'hour' then interval '31 days' else interval '366 days' end as most) least_at;

-- name: analytics_user
select ts(s.bucket) as bucket, s.agent_id, s.requests, s.completed, s.failed, s.cancelled, s.input_tokens, s.output_tokens,
       round(s.latency[1]::numeric, 3) as latency_p50, round(s.latency[2]::numeric, 3) as latency_p90, round(s.latency[3]::numeric, 3) as latency_p99,
       round(s.wait[1]::numeric, 3) as wait_p50, round(s.wait[2]::numeric, 3) as wait_p90, round(s.wait[3]::numeric, 3) as wait_p99
  from (select date_trunc($3, r.created_at, 'UTC') as bucket, r.agent_id, count(*) as requests,
               count(*) filter (where r.status = 'completed') as completed,
               count(*) filter (where r.status = 'failed') as failed,
               count(*) filter (where r.status = 'cancelled') as cancelled,
               coalesce(sum((r.usage ->> 'input_tokens')::bigint), 0) as input_tokens,
               coalesce(sum((r.usage ->> 'output_tokens')::bigint), 0) as output_tokens,
               percentile_cont(array[0.5, 0.9, 0.99]) within group
                   (order by extract(epoch from r.completed_at - r.created_at) * 1000)
                   filter (where r.status = 'completed') as latency,
               percentile_cont(array[0.5, 0.9, 0.99]) within group
                   (order by extract(epoch from r.started_at - r.created_at) * 1000)
                   filter (where r.started_at is not null) as wait
          from requests r
         where r.user_id = $6 and r.created_at >= $1 and r.created_at < $2
           and ($4::uuid is null or r.agent_id = $4)
         group by 1, 2
         order by 1, 2
         limit $5) s
 order by s.bucket, s.agent_id;

-- name: analytics_all
-- For admins. Ids begin with their time, so that the primary key finds the range.
select ts(s.bucket) as bucket, s.agent_id, s.requests, s.completed, s.failed, s.cancelled, s.input_tokens, s.output_tokens,
       round(s.latency[1]::numeric, 3) as latency_p50, round(s.latency[2]::numeric, 3) as latency_p90, round(s.latency[3]::numeric, 3) as latency_p99,
       round(s.wait[1]::numeric, 3) as wait_p50, round(s.wait[2]::numeric, 3) as wait_p90, round(s.wait[3]::numeric, 3) as wait_p99
  from (select date_trunc($3, r.created_at, 'UTC') as bucket, r.agent_id, count(*) as requests,
               count(*) filter (where r.status = 'completed') as completed,
               count(*) filter (where r.status = 'failed') as failed,
               count(*) filter (where r.status = 'cancelled') as cancelled,
               coalesce(sum((r.usage ->> 'input_tokens')::bigint), 0) as input_tokens,
               coalesce(sum((r.usage ->> 'output_tokens')::bigint), 0) as output_tokens,
               percentile_cont(array[0.5, 0.9, 0.99]) within group
                   (order by extract(epoch from r.completed_at - r.created_at) * 1000)
                   filter (where r.status = 'completed') as latency,
               percentile_cont(array[0.5, 0.9, 0.99]) within group
                   (order by extract(epoch from r.started_at - r.created_at) * 1000)
                   filter (where r.started_at is not null) as wait
          from requests r
         where r.id >= uuid_at($1::timestamptz) and r.id < uuid_at($2::timestamptz)
           and ($4::uuid is null or r.agent_id = $4)
         group by 1, 2
         order by 1, 2
         limit $5) s
 order by s.bucket, s.agent_id;
