-- name: chunk_forget
delete from chunks where page_id = $1 and user_id = (select app_user());

-- name: chunk_add
insert into chunks (id, user_id, agent_id, source_id, page_id, position, heading, content)
select c.id, $1, $2, $3, $4, c.n, c.heading, c.content
  from unnest($5::uuid[], $6::text[], $7::text[]) with ordinality as c (id, heading, content, n);
