-- name: import_new
insert into imports (id, user_id, content) values ($1, app_user(), $2);

-- name: import_load
select content, done, skipped, known from imports where id = $1 and user_id = (select app_user());

-- name: import_known
-- One of the caller's chats came from the same text, or has all these messages as they are in the file.
select exists (select from chats where user_id = (select app_user()) and import_hash = $1 and deleted_at is null)
       or cardinality($2::uuid[]) > 0
       and cardinality($2::uuid[]) = (select count(*)
                                        from unnest($2::uuid[], $3::text[]) f (id, hash)
                                        join messages m on m.id = f.id and m.user_id = (select app_user())
                                        join chats c on c.id = m.chat_id and c.deleted_at is null
                                       where encode(sha256(convert_to(m.content, 'UTF8')), 'hex') = f.hash) as known;

-- name: import_chat
insert into chats (id, user_id, title, title_by, pinned, archived, shelf, preview, created_at, active_at, read_at,
                   import_hash)
select $1, app_user(), $2, 'user', $3, $4, chat_shelf(null, null, $4), $5,
       timestamptz 'epoch' + $6::bigint * interval '1 microsecond',
       timestamptz 'epoch' + $7::bigint * interval '1 microsecond', clock_timestamp(), $8;

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
update imports set done = $2, skipped = $3, known = $4 where id = $1 and user_id = (select app_user());

-- name: import_end
delete from imports where id = $1 and user_id = (select app_user());
