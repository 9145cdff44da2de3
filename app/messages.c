/* /api/chats/{id}/messages, /api/messages. */
#include "app/handlers.h"
#include "app/request.h"
#include "db/chat.h"
#include "db/message.h"
#include "db/request.h"
#include "db/trace.h"

static const char *const roles[] = { "system", "user", "assistant", NULL };
static const char *const orders[] = { "asc", "desc", NULL };

static const char *const branches[] = { "shown", "all", NULL };
static const char *const ratings[] = { "up", "down", NULL };

static void
write_feedback(struct json_writer *w, const struct message *m)
{
    if (!m->rating) {
        jw_null(w, "feedback");
        return;
    }
    jw_object(w, "feedback");
    jw_str(w, "rating", m->rating);
    jw_str(w, "comment", m->comment);
    jw_object_end(w);
}

static void
write_message(struct json_writer *w, const struct message *m)
{
    jw_object(w, NULL);
    jw_id(w, "id", m->id);
    jw_id(w, "chat_id", m->chat_id);
    jw_str(w, "role", m->role);
    jw_str(w, "status", m->status);
    jw_str(w, "content", m->content);
    jw_id(w, "request_id", m->request_id);
    jw_str(w, "trace_id", m->trace_id);
    jw_raw(w, "trace_summary", m->trace_summary);
    jw_raw(w, "steps", m->steps);
    jw_str(w, "finish_reason", m->finish_reason);
    jw_raw(w, "sources", m->sources);
    jw_id(w, "parent_id", m->parent_id);
    jw_raw(w, "siblings", m->siblings);
    jw_bool(w, "shown", m->shown);
    write_feedback(w, m);
    jw_str(w, "created_at", m->created_at);
    jw_object_end(w);
}

struct err
messages_list(struct request *rq, struct reply *rp)
{
    struct page page = request_page(rq);
    enum message_order order = params_word(&rq->params, "order", orders) == 1
                                   ? MESSAGE_NEWEST_FIRST
                                   : MESSAGE_OLDEST_FIRST;
    enum message_branches which = params_word(&rq->params, "branches", branches) == 1
                                      ? MESSAGE_ALL_BRANCHES
                                      : MESSAGE_SHOWN_BRANCH;
    struct json_writer *w;
    struct message *list;
    size_t count;

    TRY(message_list(rq->db, rq->arena, rq->id, order, which, &page, &list, &count));
    w = reply_list(rp, &page);
    for (size_t i = 0; i < count && reply_row(rp, list[i].created_at, list[i].id); i++)
        write_message(w, &list[i]);
    reply_list_end(rp);
    return OK;
}

struct err
messages_create(struct request *rq, struct reply *rp)
{
    struct json_reader *in = request_json(rq);
    int role = jr_word(in, "role", roles);
    const char *content = jr_str(in, "content", 1, REQUEST_TEXT_MAX);
    struct message message;

    TRY(jr_check(in));
    TRY(request_last(rq));
    TRY(message_add(rq->db, rq->arena, rq->id, roles[role], content, &message));
    write_message(reply_created(rp, "/api/messages/%s", message.id.s), &message);
    return OK;
}

struct err
messages_read(struct request *rq, struct reply *rp)
{
    struct message message;

    TRY(message_get(rq->db, rq->arena, rq->id, &message));
    write_message(reply_json(rp, 200), &message);
    return OK;
}

struct err
messages_delete(struct request *rq, struct reply *rp)
{
    TRY(message_delete(rq->db, rq->arena, rq->id));
    reply_empty(rp);
    return OK;
}

struct err
messages_show(struct request *rq, struct reply *rp)
{
    struct message message;
    struct id chat_id;

    TRY(message_show(rq->db, rq->arena, rq->id, &chat_id));
    TRY(message_get(rq->db, rq->arena, rq->id, &message));
    TRY(chat_tell(rq->db, rq->arena, rq->caller.user_id, chat_id, "updated"));
    write_message(reply_json(rp, 200), &message);
    return OK;
}

/* Its trace may be kept elsewhere too; only a request has one. */
static struct err
send_feedback(struct request *rq, const struct message *m)
{
    if (!id_is_set(m->request_id))
        return OK;
    return trace_feedback_later(rq->db, rq->arena, m->id, rq->caller.user_id, rq->request_id);
}

struct err
messages_rate(struct request *rq, struct reply *rp)
{
    struct json_reader *in = request_json(rq);
    int rating = jr_word(in, "rating", ratings);
    const char *comment = jr_opt_str(in, "comment", 1, MESSAGE_COMMENT_MAX);
    struct message message;

    TRY(jr_check(in));
    TRY(message_rate(rq->db, rq->arena, rq->id, ratings[rating], comment));
    TRY(message_get(rq->db, rq->arena, rq->id, &message));
    TRY(send_feedback(rq, &message));
    write_message(reply_json(rp, 200), &message);
    return OK;
}

struct err
messages_unrate(struct request *rq, struct reply *rp)
{
    struct message message;

    TRY(message_get(rq->db, rq->arena, rq->id, &message));
    TRY(message_unrate(rq->db, rq->id));
    if (message.rating)
        TRY(send_feedback(rq, &message));
    reply_empty(rp);
    return OK;
}
