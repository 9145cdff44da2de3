-- name: chat_insert
with made as (
    insert into chats (id, user_id, agent_id, title, title_by, session_id, shelf)
    values ($1, app_user(), $2, coalesce($3, 'New chat'), case when $3 is null then 'none' else 'user' end, $4::text,
            chat_shelf(null, $4::text, false))
    returning id, user_id
)
insert into search_pending (user_id, chat_id) select user_id, id from made;

-- name: chat_get
select c.id, c.user_id, c.agent_id, c.title, c.session_id, c.preview, c.pinned, c.archived,
       c.answered_at is not null and (c.read_at is null or c.answered_at > c.read_at) as unread,
       r.id as active_id, r.status as active_status, ts(c.created_at) as created_at, ts(c.active_at) as active_at,
       ts(c.deleted_at) as deleted_at
  from chats c
  left join lateral (select u.id, u.status
                       from requests u
                      where u.chat_id = c.id and u.completed_at is null
                      order by u.created_at, u.id
                      limit 1) r on true
 where c.id = $1 and c.user_id = (select app_user()) and c.deleted_at is null;

-- name: chat_list
select c.id, c.user_id, c.agent_id, c.title, c.session_id, c.preview, c.pinned, c.archived,
       c.answered_at is not null and (c.read_at is null or c.answered_at > c.read_at) as unread,
       r.id as active_id, r.status as active_status, c.created_at, c.active_at, c.deleted_at
  from chats c
  left join lateral (select u.id, u.status
                       from requests u
                      where u.chat_id = c.id and u.completed_at is null
                      order by u.created_at, u.id
                      limit 1) r on true
 where c.user_id = $1 and c.shelf = $5
   and (c.active_at, c.id) < (case when $2::timestamptz is null then 'infinity' else $2::timestamptz end,
                              case when $3::uuid is null then 'ffffffff-ffff-ffff-ffff-ffffffffffff' else $3::uuid end)
 order by c.active_at desc, c.id desc
 limit $4;

-- name: chat_list_agent
select c.id, c.user_id, c.agent_id, c.title, c.session_id, c.preview, c.pinned, c.archived,
       c.answered_at is not null and (c.read_at is null or c.answered_at > c.read_at) as unread,
       r.id as active_id, r.status as active_status, c.created_at, c.active_at, c.deleted_at
  from chats c
  left join lateral (select u.id, u.status
                       from requests u
                      where u.chat_id = c.id and u.completed_at is null
                      order by u.created_at, u.id
                      limit 1) r on true
 where c.agent_id = $6 and c.user_id = $1 and c.shelf = $5
   and (c.active_at, c.id) < (case when $2::timestamptz is null then 'infinity' else $2::timestamptz end,
                              case when $3::uuid is null then 'ffffffff-ffff-ffff-ffff-ffffffffffff' else $3::uuid end)
 order by c.active_at desc, c.id desc
 limit $4;

-- name: chat_list_pinned
-- Those of all shelves but the bin: a user pins a few.
select c.id, c.user_id, c.agent_id, c.title, c.session_id, c.preview, c.pinned, c.archived,
       c.answered_at is not null and (c.read_at is null or c.answered_at > c.read_at) as unread,
       r.id as active_id, r.status as active_status, c.created_at, c.active_at, c.deleted_at
  from chats c
  left join lateral (select u.id, u.status
                       from requests u
                      where u.chat_id = c.id and u.completed_at is null
                      order by u.created_at, u.id
                      limit 1) r on true
 where c.user_id = $1 and c.pinned and c.shelf = $5
   and ($6::uuid is null or c.agent_id = $6)
   and (c.active_at, c.id) < (case when $2::timestamptz is null then 'infinity' else $2::timestamptz end,
                              case when $3::uuid is null then 'ffffffff-ffff-ffff-ffff-ffffffffffff' else $3::uuid end)
 order by c.active_at desc, c.id desc
 limit $4;

-- name: chat_list_titled
select c.id, c.user_id, c.agent_id, c.title, c.session_id, c.preview, c.pinned, c.archived,
       c.answered_at is not null and (c.read_at is null or c.answered_at > c.read_at) as unread,
       r.id as active_id, r.status as active_status, c.created_at, c.active_at, c.deleted_at
  from search_titles($1, $7, $5, $6,
                     case when $2::timestamptz is null then 'infinity' else $2::timestamptz end,
                     case when $3::uuid is null then 'ffffffff-ffff-ffff-ffff-ffffffffffff' else $3::uuid end,
                     $4) as found (id)
  join chats c on c.id = found.id and c.user_id = $1
  left join lateral (select u.id, u.status
                       from requests u
                      where u.chat_id = c.id and u.completed_at is null
                      order by u.created_at, u.id
                      limit 1) r on true
 order by c.active_at desc, c.id desc;

-- name: chat_list_all
-- Each shelf from its index: together they are too many to sort.
select c.id, c.user_id, c.agent_id, c.title, c.session_id, c.preview, c.pinned, c.archived,
       c.answered_at is not null and (c.read_at is null or c.answered_at > c.read_at) as unread,
       null::uuid as active_id, null::text as active_status, c.created_at, c.active_at, c.deleted_at
  from ((select s.*
           from chats s
          where s.user_id = $1 and s.shelf = 0
            and (s.active_at, s.id) > (case when $2::timestamptz is null then '-infinity' else $2::timestamptz end,
                                     case when $3::uuid is null then '00000000-0000-0000-0000-000000000000' else $3::uuid end)
          order by s.active_at, s.id
          limit $4)
        union all
        (select s.*
           from chats s
          where s.user_id = $1 and s.shelf = 1
            and (s.active_at, s.id) > (case when $2::timestamptz is null then '-infinity' else $2::timestamptz end,
                                     case when $3::uuid is null then '00000000-0000-0000-0000-000000000000' else $3::uuid end)
          order by s.active_at, s.id
          limit $4)) c
 order by c.active_at, c.id
 limit $4;

-- name: chat_update
with changed as (
    update chats
       set title = coalesce($2, title), title_by = case when $2 is null then title_by else 'user' end,
           agent_id = coalesce($3, agent_id), pinned = coalesce($4, pinned), archived = coalesce($5, archived),
           shelf = chat_shelf(null, session_id, coalesce($5, archived))
     where id = $1 and user_id = (select app_user()) and deleted_at is null
    returning id, user_id
)
insert into search_pending (user_id, chat_id) select user_id, id from changed where $2 is not null;

-- name: chat_agent
-- The foreign key alone would let a chat name an agent that its owner may not see.
select id from agents where id = $1 and (user_id = (select app_user()) or visibility <> 'private');

-- name: chat_read
update chats set read_at = clock_timestamp()
 where id = $1 and user_id = (select app_user()) and deleted_at is null
returning id;

-- name: chat_delete
update chats set deleted_at = clock_timestamp(), shelf = chat_shelf(clock_timestamp(), session_id, archived)
 where id = $1 and user_id = (select app_user()) and deleted_at is null
returning id;

-- name: chat_delete_forever
-- What has no foreign key, since it usually leaves with its partition, goes too.
with asked as (
    select id from requests where chat_id = $1 and user_id = (select app_user())
), events as (
    delete from response_events where user_id = (select app_user()) and request_id = any (array(select id from asked))
), traced as (
    delete from traces where user_id = (select app_user()) and id = any (array(select id from asked))
)
delete from chats where id = $1 and user_id = (select app_user()) returning id;

-- name: chat_restore
-- A session that has gone on in another chat stays there.
update chats c
   set deleted_at = null,
       (session_id, shelf) = (
           select n.session, chat_shelf(null, n.session, c.archived)
             from (select case when not exists (select from chats o
                                                 where o.user_id = c.user_id and o.agent_id = c.agent_id
                                                   and o.session_id = c.session_id and o.deleted_at is null)
                               then c.session_id end as session) n)
 where c.id = $1 and c.user_id = (select app_user()) and c.deleted_at is not null
returning c.id;
