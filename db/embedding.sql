-- name: embedding_agent
select url, model, credential from agent_embeddings($1);

-- name: embedding_missing
-- Chunks that have no vector yet, from behind one.
select c.id, p.title, c.heading, c.content
  from chunks c
  join pages p on p.id = c.page_id
 where c.agent_id = $1 and c.user_id = (select app_user())
   and c.id > coalesce($2::uuid, '00000000-0000-0000-0000-000000000000')
   and not exists (select from chunk_vectors v where v.chunk_id = c.id)
 order by c.id
 limit $3;

-- name: embedding_add
-- The vectors stand behind each other in $6; $5 says how long each is. None when they are of
-- another model than the agent now has.
insert into chunk_vectors (chunk_id, user_id, agent_id, vector)
select c.id, c.user_id, c.agent_id, substring($6::bytea from w.start::int + 1 for w.bytes)
  from (select u.id, u.bytes, sum(u.bytes) over (order by u.n) - u.bytes as start
          from unnest($4::uuid[], $5::int[]) with ordinality as u (id, bytes, n)) w
  join chunks c on c.id = w.id and c.agent_id = $1 and c.user_id = (select app_user())
 where (select agent_embeds($1, $2, $3))
    on conflict do nothing;

-- name: embedding_forget
delete from chunk_vectors where agent_id = $1 and user_id = (select app_user());

-- name: embedding_ask
-- Those of an hour ago have been read or given up.
with old as (
    delete from question_vectors
     where user_id = (select app_user()) and created_at < now() - interval '1 hour'
)
insert into question_vectors (id, user_id, agent_id, question) values ($1, (select app_user()), $2, $3);

-- name: embedding_question
select agent_id, question from question_vectors where id = $1 and user_id = (select app_user());

-- name: embedding_answer
update question_vectors set vector = $2, done = true where id = $1 and user_id = (select app_user());

-- name: embedding_answered
select coalesce(vector, '') as vector from question_vectors where id = $1 and user_id = (select app_user()) and done;
