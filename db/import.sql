-- name: import_new
insert into imports (id, user_id, content) values ($1, app_user(), $2);

-- name: import_load
select content, done, skipped from imports where id = $1 and user_id = (select app_user());

-- name: import_chat
insert into chats (id, user_id, title, title_by, pinned, archived, shelf, preview, created_at, active_at, read_at)
select $1, app_user(), $2, 'user', $3, $4, chat_shelf(null, null, $4), $5,
       timestamptz 'epoch' + $6::bigint * interval '1 microsecond',
       timestamptz 'epoch' + $7::bigint * interval '1 microsecond', clock_timestamp();

-- name: import_messages
with added as (
    insert into messages (id, user_id, chat_id, parent_id, role, status, content, sources, hidden, created_at)
    select m.id, app_user(), $1, coalesce(m.parent_id, $1), m.role, m.status, m.content, m.sources::jsonb, m.hidden,
           timestamptz 'epoch' + m.at_us * interval '1 microsecond'
      from unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::boolean[], $9::bigint[])
           as m (id, parent_id, role, status, content, sources, hidden, at_us)
    returning id
)
insert into message_feedback (message_id, user_id, rating, comment)
select f.id, app_user(), f.rating, f.comment
  from unnest($2::uuid[], $10::text[], $11::text[]) as f (id, rating, comment)
 where f.rating is not null;

-- name: import_found
insert into search_pending (user_id, chat_id) values (app_user(), $1);

-- name: import_mark
update imports set done = $2, skipped = $3 where id = $1 and user_id = (select app_user());

-- name: import_end
delete from imports where id = $1 and user_id = (select app_user());
