-- revision: 0011
-- down_revision: 0010
-- summary: a request is made by one call, and so is a message

-- migrate:up

set local role offstage_owner;

-- Make a request of the caller's: the chat, begun or touched; the messages with the answer's
-- placeholder, which is the last of them (one without a parent follows whatever is shown last); the
-- request with the first two events of its log; its job; and a line of the caller's feed, which comes
-- last, since its counter stays locked until the transaction ends. Tells whether a worker is to be
-- woken, and whether anybody watches the feed. A function, because starting a statement costs more
-- than the row that it adds, and starting it under policies as much again: everything here is the
-- caller's by its own hand.
create function request_add(new_id uuid, in_chat uuid, chat_is_new boolean, of_agent uuid, new_title text,
                            new_preview text, ids uuid[], parents uuid[], roles text[], states text[],
                            contents text[], asked uuid, answer uuid, http_id text, trace text, by_key uuid,
                            reserved bigint, attempts int, events smallint[], event text, job uuid, job_kind text,
                            job_queue text, job_priority int, feed jsonb, out wake boolean, out watched boolean)
    language plpgsql volatile security definer
    set search_path = pg_catalog, public, pg_temp
as $$
declare
    owner uuid := public.app_user();
    at    timestamptz := clock_timestamp();
    last  uuid;
    line  smallint;
begin
    if chat_is_new then
        insert into public.chats (id, user_id, agent_id, title, title_by, preview, created_at, active_at, read_at)
        values (in_chat, owner, of_agent, case when new_title = '' then 'New chat' else new_title end,
                case when new_title = '' then 'none' else 'message' end, new_preview, at, at, at);
    else
        update public.chats c
           set active_at = at, read_at = at,
               preview = case when new_preview <> '' then new_preview else c.preview end,
               agent_id = coalesce(c.agent_id, of_agent),
               title = case when c.title_by <> 'none' then c.title
                            when new_title = '' then 'New chat' else new_title end,
               title_by = case when c.title_by = 'none' and new_title <> '' then 'message' else c.title_by end
         where c.id = in_chat and c.user_id = owner;
        if not found then
            raise exception 'chat not found' using errcode = 'OF404';
        end if;
        if parents[1] is null then
            select m.id into last
              from public.messages m
             where m.chat_id = in_chat and not m.hidden
             order by m.created_at desc, m.id desc
             limit 1;
        end if;
    end if;
    insert into public.messages (id, user_id, chat_id, parent_id, role, status, content, request_id, created_at)
    select m.id, owner, in_chat, coalesce(m.parent_id, last, in_chat), m.role, m.status, m.content,
           case when m.id = answer then new_id end, clock_timestamp()
      from unnest(ids, parents, roles, states, contents) m (id, parent_id, role, status, content);
    insert into public.response_events (request_id, seq, user_id, attempt, type, data)
    values (new_id, 0, owner, 0, events[1], event), (new_id, 1, owner, 0, events[2], event);
    insert into public.requests (id, user_id, chat_id, agent_id, user_message_id, message_id, job_id, max_attempts,
                                 http_request_id, traceparent, created_at, last_seq, key_id, reserved_tokens)
    values (new_id, owner, in_chat, of_agent, asked, answer, job, attempts, http_id, trace, at, 1, by_key, reserved);
    line := (select q.id from public.queues q where q.name = job_queue);
    if chat_is_new then
        -- Nobody else has its key.
        insert into public.jobs (id, kind, queue, priority, max_attempts, waits, run_at, user_id, subject_id, request_id,
                                 serial_key)
        values (job, job_kind, line, job_priority, attempts, 0, at, owner, new_id, http_id, in_chat);
        wake := exists (select from public.workers w
                         where w.sleeping and (w.queues is null or job_queue = any (w.queues)));
    else
        wake := public.job_add_keyed(job, job_kind, line, job_priority, attempts, 0, null, owner, new_id, http_id, null,
                                     false, in_chat, null);
    end if;
    watched := public.feed_add(owner, 'request', feed);
end $$;
revoke execute on function request_add(uuid, uuid, boolean, uuid, text, text, uuid[], uuid[], text[], text[], text[],
                                       uuid, uuid, text, text, uuid, bigint, int, smallint[], text, uuid, text, text,
                                       int, jsonb) from public;
grant execute on function request_add(uuid, uuid, boolean, uuid, text, text, uuid[], uuid[], text[], text[], text[],
                                      uuid, uuid, text, text, uuid, bigint, int, smallint[], text, uuid, text, text,
                                      int, jsonb) to offstage_app;

-- Add a message of the caller's to a chat, behind whatever is shown last. Nulls when the chat is not
-- there. The chat is locked first, so that the look at its messages sees what others have added.
create function message_add(new_id uuid, in_chat uuid, of_role text, said text, new_preview text, out parent uuid,
                            out at timestamptz)
    language plpgsql volatile security definer
    set search_path = pg_catalog, public, pg_temp
as $$
declare
    owner uuid := public.app_user();
begin
    update public.chats c
       set active_at = clock_timestamp(), preview = new_preview
     where c.id = in_chat and c.user_id = owner and c.deleted_at is null;
    if not found then
        return;
    end if;
    select m.id into parent
      from public.messages m
     where m.chat_id = in_chat and not m.hidden
     order by m.created_at desc, m.id desc
     limit 1;
    at := clock_timestamp();
    insert into public.messages (id, user_id, chat_id, parent_id, role, content, created_at)
    values (new_id, owner, in_chat, coalesce(parent, in_chat), of_role, said, at);
    insert into public.search_pending (user_id, chat_id) values (owner, in_chat);
end $$;
revoke execute on function message_add(uuid, uuid, text, text, text) from public;
grant execute on function message_add(uuid, uuid, text, text, text) to offstage_app;

-- migrate:down

set local role offstage_owner;
drop function message_add(uuid, uuid, text, text, text);
drop function request_add(uuid, uuid, boolean, uuid, text, text, uuid[], uuid[], text[], text[], text[], uuid, uuid,
                          text, text, uuid, bigint, int, smallint[], text, uuid, text, text, int, jsonb);
