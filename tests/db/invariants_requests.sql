-- What must hold of requests, messages and events at any moment. Each query returns no rows.

-- name: one assistant message for each request
select r.id, count(m.id)
  from requests r
  left join messages m on m.request_id = r.id and m.role = 'assistant'
 group by r.id
having count(m.id) <> 1;

-- name: a request and its message agree on how it ended
select r.id, r.status, m.status
  from requests r
  join messages m on m.id = r.message_id
 where m.status <> case when r.completed_at is null then 'in_progress' else r.status end;

-- name: a request has an end when it is final, and an error when it failed
select id, status, completed_at, error
  from requests
 where (status in ('completed', 'failed', 'cancelled')) <> (completed_at is not null)
    or (status = 'failed') <> (error is not null);

-- name: messages and requests belong to the owner of their chat
select c.id
  from chats c
 where exists (select from messages m where m.chat_id = c.id and m.user_id <> c.user_id)
    or exists (select from requests r where r.chat_id = c.id and r.user_id <> c.user_id);

-- name: sequence numbers count from 0 without gaps
select request_id, count(*), min(seq), max(seq)
  from response_events
 group by request_id
having min(seq) <> 0 or max(seq) <> count(*) - 1;

-- name: a final request has one terminal event, its last, and no other request has one
select r.id, r.status, r.last_seq, t.n, t.seq, l.seq
  from requests r
 cross join lateral (select count(*) as n, max(seq) as seq from response_events e
                      where e.request_id = r.id and e.type in (3, 4, 5)) t
 cross join lateral (select max(seq) as seq from response_events e where e.request_id = r.id) l
 where (r.completed_at is null and t.n <> 0)
    or (r.completed_at is not null and (t.n <> 1 or t.seq <> l.seq or t.seq <> r.last_seq));

-- name: the stored text is what the last message item streamed
select r.id, r.status, length(m.content), length(s.text)
  from requests r
  join messages m on m.id = r.message_id
 cross join lateral (select coalesce(string_agg(e.text, '' order by e.seq), '') as text
                       from response_events e
                      where e.request_id = r.id and e.type = 22
                        and e.item = (select max(i.item) from response_events i
                                       where i.request_id = r.id and i.type = 20)) s
 where r.completed_at is not null and m.content <> s.text;

-- name: an item that was begun has been ended once the request has
select r.id, b.item
  from requests r
  join response_events b on b.request_id = r.id and b.type in (10, 20, 30)
 where r.completed_at is not null
   and (select count(*) from response_events d
         where d.request_id = r.id and d.item = b.item and d.type in (11, 26, 27, 35, 36)) <> 1;

-- name: an unfinished request has a job that will end it
select r.id, r.status
  from requests r
 where r.completed_at is null
   and not exists (select from jobs j where j.id = r.job_id)
   and not exists (select from jobs_later l where l.id = r.job_id);

-- name: feeds have no gaps
select f.user_id, f.seq, count(e.seq), max(e.seq)
  from feeds f
  left join feed_events e using (user_id)
 group by f.user_id, f.seq
having count(e.seq) <> f.seq or max(e.seq) <> f.seq;

-- name: a chat is on the shelf that its state says
select id, shelf, archived, deleted_at
  from chats
 where shelf <> chat_shelf(deleted_at, session_id, archived);

-- name: what is searched for is there
select 'message', message_id from message_words where message_id not in (select id from messages)
 union all
select 'chat', chat_id from chat_words where chat_id not in (select id from chats);
