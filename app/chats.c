/* /api/chats: the caller's chats. */
#include "app/handlers.h"
#include "app/request.h"
#include "db/agent.h"
#include "db/chat.h"
#include "db/request.h"

static const char *const flags[] = { "false", "true", NULL };

static void
write_chat(struct json_writer *w, const struct chat *c)
{
    jw_object(w, NULL);
    jw_id(w, "id", c->id);
    jw_id(w, "user_id", c->user_id);
    jw_id(w, "agent_id", c->agent_id);
    jw_str(w, "title", c->title);
    jw_str(w, "session_id", c->session_id);
    jw_str(w, "preview", c->preview);
    jw_bool(w, "unread", c->unread);
    jw_bool(w, "pinned", c->pinned);
    jw_bool(w, "archived", c->archived);
    if (id_is_set(c->active_id)) {
        jw_object(w, "active_request");
        jw_id(w, "id", c->active_id);
        jw_str(w, "status", c->active_status);
        jw_object_end(w);
    } else {
        jw_null(w, "active_request");
    }
    jw_str(w, "created_at", c->created_at);
    jw_str(w, "active_at", c->active_at);
    jw_str(w, "deleted_at", c->deleted_at);
    jw_object_end(w);
}

static struct chat_filter
read_filter(struct params *p)
{
    struct chat_filter f = { .user_id = params_id(p, "user_id"),
                             .agent_id = params_id(p, "agent_id"),
                             .q = params_str(p, "q", CHAT_TITLE_MAX) };
    bool archived = params_word(p, "archived", flags) == 1;
    bool deleted = params_word(p, "deleted", flags) == 1;

    f.pinned = params_word(p, "pinned", flags) == 1;
    f.shelf = deleted ? CHAT_BIN : archived ? CHAT_ARCHIVE : CHAT_LIST;
    if (archived && deleted)
        params_problem(p, "archived", "cannot be asked for together with deleted");
    if (f.q && f.pinned)
        params_problem(p, "pinned", "cannot be asked for together with q");
    return f;
}

struct err
chats_list(struct request *rq, struct reply *rp)
{
    struct page page = request_page(rq);
    struct chat_filter filter = read_filter(&rq->params);
    struct json_writer *w;
    struct chat *list;
    size_t count;

    TRY(params_check(&rq->params));
    if (!id_is_set(filter.user_id))
        filter.user_id = rq->caller.user_id;
    if (!id_eq(filter.user_id, rq->caller.user_id)) {
        if (!rq->caller.is_admin)
            return ERR(ERR_FORBIDDEN, "only admins may list the chats of others");
        db_be_admin(rq->db);
    }
    TRY(chat_list(rq->db, rq->arena, &filter, &page, &list, &count));
    w = reply_list(rp, &page);
    for (size_t i = 0; i < count && reply_row(rp, list[i].active_at, list[i].id); i++)
        write_chat(w, &list[i]);
    reply_list_end(rp);
    return OK;
}

/* What visitors asked an agent without being known: chats of its owner's. */
struct err
conversations_list(struct request *rq, struct reply *rp)
{
    struct page page = request_page(rq);
    struct chat_filter filter = { .user_id = rq->caller.user_id,
                                  .agent_id = rq->id,
                                  .shelf = CHAT_VISITORS };
    struct json_writer *w;
    struct agent agent;
    struct chat *list;
    size_t count;

    TRY(params_check(&rq->params));
    TRY(agent_get(rq->db, rq->arena, rq->id, &agent));
    if (!agent.is_own)
        return ERR(ERR_NOT_FOUND, "agent not found");
    TRY(chat_list(rq->db, rq->arena, &filter, &page, &list, &count));
    w = reply_list(rp, &page);
    for (size_t i = 0; i < count && reply_row(rp, list[i].active_at, list[i].id); i++)
        write_chat(w, &list[i]);
    reply_list_end(rp);
    return OK;
}

struct err
chats_create(struct request *rq, struct reply *rp)
{
    struct json_reader *in = request_json(rq);
    struct chat_new new = { .user_id = rq->caller.user_id };
    struct chat chat;

    new.agent_id = jr_opt_id(in, "agent_id");
    new.title = jr_opt_str(in, "title", 1, CHAT_TITLE_MAX);
    new.session_id = jr_opt_str(in, "session_id", 1, CHAT_SESSION_MAX);
    if (new.session_id && !id_is_set(new.agent_id))
        jr_problem(in, "agent_id", "is required with session_id");
    TRY(jr_check(in));
    TRY(chat_insert(rq->db, rq->arena, &new, &chat));
    write_chat(reply_created(rp, "/api/chats/%s", chat.id.s), &chat);
    return OK;
}

struct err
chats_read(struct request *rq, struct reply *rp)
{
    struct chat chat;

    TRY(chat_get(rq->db, rq->arena, rq->id, &chat));
    write_chat(reply_json(rp, 200), &chat);
    return OK;
}

struct err
chats_update(struct request *rq, struct reply *rp)
{
    struct json_reader *in = request_json(rq);
    struct chat_change change = { .id = rq->id, .user_id = rq->caller.user_id };
    struct chat chat;

    change.title = jr_opt_str(in, "title", 1, CHAT_TITLE_MAX);
    change.agent_id = jr_opt_id(in, "agent_id");
    change.pinned = jr_has(in, "pinned") ? jr_opt_bool(in, "pinned", false) : -1;
    change.archived = jr_has(in, "archived") ? jr_opt_bool(in, "archived", false) : -1;
    TRY(jr_check(in));
    TRY(chat_update(rq->db, rq->arena, &change, &chat));
    write_chat(reply_json(rp, 200), &chat);
    return OK;
}

struct err
chats_delete(struct request *rq, struct reply *rp)
{
    bool forever = params_word(&rq->params, "forever", flags) == 1;

    TRY(request_cancel_chat(rq->db, rq->arena, rq->id));
    if (forever)
        TRY(chat_delete_forever(rq->db, rq->arena, rq->id, rq->caller.user_id));
    else
        TRY(chat_delete(rq->db, rq->arena, rq->id, rq->caller.user_id));
    reply_empty(rp);
    return OK;
}

struct err
chats_restore(struct request *rq, struct reply *rp)
{
    struct chat chat;

    TRY(chat_restore(rq->db, rq->arena, rq->id, rq->caller.user_id, &chat));
    write_chat(reply_json(rp, 200), &chat);
    return OK;
}

struct err
chats_mark_read(struct request *rq, struct reply *rp)
{
    TRY(chat_read(rq->db, rq->arena, rq->id, rq->caller.user_id));
    reply_empty(rp);
    return OK;
}
