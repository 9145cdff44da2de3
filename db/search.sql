-- name: search_messages
select s.message_id, s.chat_id, s.chat_title, s.role, not s.hidden as shown, s.score, s.snippet,
       ts(s.created_at) as created_at
  from search_messages($1, $2) s;

-- name: search_index
select search_index($1) as n;
