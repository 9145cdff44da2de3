/* How a request is made: see request_create() in db/request.h. */
#include "db/chat.h"
#include "db/db.h"
#include "db/job.h"
#include "db/notify.h"
#include "db/request_private.h"
#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/plain.h"

#include <string.h>

#define TITLE_MAX 80 /* bytes of a title made from a message */

static const char *
first_user_text(const struct request_new *in)
{
    for (size_t i = 0; i < in->message_count; i++)
        if (strcmp(in->messages[i].role, "user") == 0)
            return in->messages[i].content;
    return in->message_count ? in->messages[0].content : "";
}

/* What is new of a request, told by arrays as long as its messages and the answer's placeholder. */
struct request_parts {
    size_t count;
    struct id *ids, *parents;
    const char **roles, **states, **contents;
};

static struct request_parts
parts_of(struct arena *a, const struct request_new *in, struct request_made *made, bool chat_is_new)
{
    size_t n = id_is_set(in->answer_to) ? 0 : in->message_count;
    const char **texts = arena_array(a, 3 * (n + 1), sizeof(*texts));
    struct request_parts p = { .count = n + 1,
                               .ids = arena_array(a, n + 1, sizeof(struct id)),
                               .parents = arena_array(a, n + 1, sizeof(struct id)),
                               .roles = texts,
                               .states = texts + n + 1,
                               .contents = texts + 2 * (n + 1) };

    if (n == 0)
        p.parents[0] = in->answer_to;
    else if (chat_is_new)
        p.parents[0] = made->chat_id;
    for (size_t i = 0; i < n; i++) {
        p.ids[i] = p.parents[i + 1] = made->user_message_id = id_new();
        p.roles[i] = in->messages[i].role;
        p.states[i] = "completed";
        p.contents[i] = in->messages[i].content;
    }
    p.ids[n] = made->message_id = id_new();
    p.roles[n] = "assistant";
    p.states[n] = "in_progress";
    p.contents[n] = "";
    return p;
}

static const char *
preview_of(struct arena *a, const struct request_new *in)
{
    return in->message_count > 0
               ? plain_start(a, in->messages[in->message_count - 1].content, CHAT_PREVIEW_MAX)
               : "";
}

static const char *
event_members(struct arena *a, const struct request_made *made, struct id agent_id)
{
    struct event_response r = { .model = agent_id.s,
                                .status = "queued",
                                .created_s = id_time_ms(made->request_id) / 1000 };
    struct buf members;

    buf_init(&members, a, 2000);
    event_response_members(&members, &r);
    return members.data;
}

/* The request with its chat, its messages, the start of its log and its job. Nobody can be watching
   it yet, so there is no notification of the events. */
static struct err
add_request(struct db *db, struct arena *a, const struct request_new *in,
            const struct request_place *at, struct request_made *made, bool chat_is_new)
{
    struct request_parts p;
    int64_t events[] = { EVENT_CREATED, EVENT_QUEUED };

    made->request_id = id_new();
    made->job_id = id_new();
    p = parts_of(a, in, made, chat_is_new);
    TRY(db_later(db, Q_REQUEST_ADD,
                 ARGS(arg_id(made->request_id), arg_id(made->chat_id), arg_bool(chat_is_new),
                      arg_id(at->agent_id), arg_str(plain_start(a, first_user_text(in), TITLE_MAX)),
                      arg_str(preview_of(a, in)), arg_ids(a, p.ids, p.count),
                      arg_ids(a, p.parents, p.count), arg_strs(a, p.roles, p.count),
                      arg_strs(a, p.states, p.count), arg_strs(a, p.contents, p.count),
                      arg_id(made->user_message_id), arg_id(made->message_id),
                      arg_str(in->http_request_id), arg_str(in->traceparent), arg_id(in->key_id),
                      at->reserved_tokens < 0 ? arg_null() : arg_int(at->reserved_tokens),
                      arg_int(REQUEST_ATTEMPTS), arg_ints(a, events, 2),
                      arg_str(event_members(a, made, at->agent_id)), arg_id(made->job_id),
                      arg_str(REQUEST_KIND), arg_str(REQUEST_QUEUE), arg_int(JOB_PRIORITY_USUAL),
                      arg_str(request_news(a, made->request_id, made->chat_id, made->message_id,
                                           "queued")))));
    db_notify_if(db, "wake", NOTIFY_JOB, REQUEST_QUEUE);
    db_notify_if(db, "watched", NOTIFY_FEED, in->user_id.s);
    return OK;
}

/* The chat of a session's first call, which may find that another made it. */
static struct err
chat_of_session(struct db *db, struct arena *a, const struct request_new *in, struct id agent_id,
                struct id *chat_id)
{
    struct row row;

    TRY(db_one(
        db, a, Q_REQUEST_CHAT_OF_SESSION,
        ARGS(arg_id(id_new()), arg_id(agent_id), arg_str("New chat"), arg_str(in->session_id)),
        &row));
    *chat_id = row_id(&row, "id");
    return OK;
}

/* Another answer, or another question, puts aside what followed. */
static struct err
branch(struct db *db, const struct request_new *in)
{
    if (id_is_set(in->answer_to))
        return db_later(db, Q_REQUEST_BRANCH, ARGS(arg_id(in->answer_to), arg_bool(true)));
    if (id_is_set(in->edit_of))
        return db_later(db, Q_REQUEST_BRANCH, ARGS(arg_id(in->edit_of), arg_bool(false)));
    return OK;
}

struct err
request_create(struct db *db, struct arena *a, const struct request_new *in, struct quota_use *use,
               struct request_made *out)
{
    struct request_made made = { .user_message_id = in->answer_to };
    struct request_place at;
    struct err e = request_find_place(db, a, in, &at);
    bool chat_is_new;

    *use = at.use;
    if (e.code)
        return e;
    made.chat_id = at.chat_id;
    if (!id_is_set(made.chat_id) && in->session_id)
        TRY(chat_of_session(db, a, in, at.agent_id, &made.chat_id));
    chat_is_new = !id_is_set(made.chat_id);
    if (chat_is_new)
        made.chat_id = id_new();
    TRY(branch(db, in));
    TRY(add_request(db, a, in, &at, &made, chat_is_new));
    *out = made;
    return OK;
}
