-- name: chunk_forget
delete from chunks where page_id = $1 and user_id = (select app_user());

-- name: chunk_add
-- Chunks of several pages. The terms of all stand behind each other in $11; $9 and $10 say where those of each begin and
-- how long they are.
insert into chunks (id, user_id, agent_id, source_id, page_id, position, heading, anchor, content, terms)
select c.id, $1, $2, $3, c.page_id, c.position, c.heading, c.anchor, c.content,
       substring($11::bytea from c.start + 1 for c.bytes)
  from unnest($4::uuid[], $5::uuid[], $6::int[], $7::text[], $8::text[], $9::int[], $10::int[], $12::text[])
       as c (id, page_id, position, heading, anchor, start, bytes, content);

-- name: chunk_segment_add
-- The segment and its postings: all buckets stand behind each other in $11.
with segment as (
    insert into chunk_segments (user_id, agent_id, docs, words, bits, languages, chunks)
    values ($1, $2, $3, $4, $5, $6, $7)
    returning id, user_id
)
insert into chunk_postings (segment_id, bucket, user_id, postings)
select s.id, b.bucket, s.user_id, substring($11::bytea from b.start + 1 for b.bytes)
  from segment s, unnest($8::int[], $9::int[], $10::int[]) as b (bucket, start, bytes);

-- name: chunk_merge_lock
-- Whether the agent's segments may be merged now; until the transaction ends.
select pg_try_advisory_xact_lock(hashtextextended('search ' || $1, 0)) as locked,
       coalesce((select d.chunks from chunk_deletions d where d.agent_id = $1::uuid and d.user_id = (select app_user())), 0)
           as deleted;

-- name: chunk_segments
select id, docs, words, bits, languages
  from chunk_segments
 where agent_id = $1 and user_id = (select app_user())
 order by id;

-- name: chunk_segment_chunks
select id, chunks from chunk_segments where id = any ($1::bigint[]) and user_id = (select app_user()) order by id;

-- name: chunk_alive
-- Which of the ids are still there, in one string of t and f.
select string_agg(case when c.id is null then 'f' else 't' end, '' order by w.n) as alive
  from unnest($1::uuid[]) with ordinality as w (id, n)
  left join chunks c on c.id = w.id and c.user_id = (select app_user());

-- name: chunk_segment_postings
select segment_id, bucket, postings
  from chunk_postings
 where segment_id = any ($1::bigint[]) and user_id = (select app_user())
 order by segment_id, bucket;

-- name: chunk_segment_drop
delete from chunk_segments where id = any ($1::bigint[]) and user_id = (select app_user());

-- name: chunk_undelete
-- That many of the deleted are in no segment any more.
update chunk_deletions set chunks = greatest(chunks - $2, 0) where agent_id = $1 and user_id = (select app_user());
