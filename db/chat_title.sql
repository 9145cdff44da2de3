-- name: chat_title_wanted
-- By the end of a chat's first answer, when its agent says so and nobody has named the chat.
select a.titles = 'model' and c.title_by = 'message'
       and not exists (select from requests o where o.chat_id = c.id and o.id <> $2 and o.status = 'completed') as wanted
  from chats c
  join agents a on a.id = c.agent_id
 where c.id = $1 and c.user_id = (select app_user()) and c.deleted_at is null;

-- name: chat_title_load
select c.id, c.user_id, a.id as agent_id, a.kind, a.endpoint_url, a.model, a.credential, a.auth, a.client_id,
       left(q.content, $2) as question, left(m.content, $2) as answer
  from chats c
  join agents a on a.id = c.agent_id and a.titles = 'model'
  join requests r on r.chat_id = c.id and r.status = 'completed'
  join messages m on m.id = r.message_id
  join messages q on q.id = r.user_message_id
 where c.id = $1 and c.user_id = (select app_user()) and c.title_by = 'message' and c.deleted_at is null
 order by r.created_at, r.id
 limit 1;

-- name: chat_title_set
with titled as (
    update chats set title = $2, title_by = 'model'
     where id = $1 and user_id = (select app_user()) and title_by = 'message'
    returning id, user_id
)
insert into search_pending (user_id, chat_id) select user_id, id from titled;
