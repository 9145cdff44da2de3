-- name: chat_insert
insert into chats (id, user_id, agent_id, title, title_by, session_id)
values ($1, app_user(), $2, coalesce($3, 'New chat'), case when $3 is null then 'none' else 'user' end, $4);

-- name: chat_get
select c.id, c.user_id, c.agent_id, c.title, c.session_id, c.preview, c.pinned, c.archived,
       c.answered_at is not null and (c.read_at is null or c.answered_at > c.read_at) as unread,
       r.id as active_id, r.status as active_status, ts(c.created_at) as created_at, ts(c.active_at) as active_at
  from chats c
  left join lateral (select u.id, u.status
                       from requests u
                      where u.chat_id = c.id and u.completed_at is null
                      order by u.created_at, u.id
                      limit 1) r on true
 where c.id = $1 and c.user_id = (select app_user());

-- name: chat_list
select c.id, c.user_id, c.agent_id, c.title, c.session_id, c.preview, c.pinned, c.archived,
       c.answered_at is not null and (c.read_at is null or c.answered_at > c.read_at) as unread,
       r.id as active_id, r.status as active_status, ts(c.created_at) as created_at, ts(c.active_at) as active_at
  from chats c
  left join lateral (select u.id, u.status
                       from requests u
                      where u.chat_id = c.id and u.completed_at is null
                      order by u.created_at, u.id
                      limit 1) r on true
 where c.user_id = $1
   and (c.active_at, c.id) < (case when $2::timestamptz is null then 'infinity' else $2::timestamptz end,
                              case when $3::uuid is null then 'ffffffff-ffff-ffff-ffff-ffffffffffff' else $3::uuid end)
 order by c.active_at desc, c.id desc
 limit $4;

-- name: chat_list_agent
select c.id, c.user_id, c.agent_id, c.title, c.session_id, c.preview, c.pinned, c.archived,
       c.answered_at is not null and (c.read_at is null or c.answered_at > c.read_at) as unread,
       r.id as active_id, r.status as active_status, ts(c.created_at) as created_at, ts(c.active_at) as active_at
  from chats c
  left join lateral (select u.id, u.status
                       from requests u
                      where u.chat_id = c.id and u.completed_at is null
                      order by u.created_at, u.id
                      limit 1) r on true
 where c.agent_id = $1 and c.user_id = $2
   and (c.active_at, c.id) < (case when $3::timestamptz is null then 'infinity' else $3::timestamptz end,
                              case when $4::uuid is null then 'ffffffff-ffff-ffff-ffff-ffffffffffff' else $4::uuid end)
 order by c.active_at desc, c.id desc
 limit $5;

-- name: chat_update
update chats
   set title = coalesce($2, title), title_by = case when $2 is null then title_by else 'user' end,
       agent_id = coalesce($3, agent_id), pinned = coalesce($4, pinned), archived = coalesce($5, archived)
 where id = $1 and user_id = (select app_user());

-- name: chat_agent
-- The foreign key alone would let a chat name an agent that its owner may not see.
select id from agents where id = $1 and (user_id = (select app_user()) or visibility <> 'private');

-- name: chat_read
update chats set read_at = clock_timestamp() where id = $1 and user_id = (select app_user()) returning id;

-- name: chat_delete
delete from chats where id = $1 and user_id = (select app_user()) returning id;
