/* How a request is made: see request_create() in db/request.h. */
#include "db/db.h"
#include "db/job.h"
#include "db/request_private.h"
#include "lib/arena.h"
#include "lib/buf.h"

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

/* The request with its chat, its messages and the start of its log. Nobody can be watching it yet,
   so there is no notification of the events. */
static struct err
add_request(struct db *db, struct arena *a, const struct request_new *in,
            const struct request_place *at, struct request_made *made, bool chat_is_new)
{
    size_t n = id_is_set(in->answer_to) ? 0 : in->message_count;
    struct id *ids = arena_array(a, n + 1, sizeof(*ids));
    struct id *requests = arena_array(a, n + 1, sizeof(*requests));
    struct id *parents = arena_array(a, n + 1, sizeof(*parents));
    const char **texts = arena_array(a, 3 * (n + 1), sizeof(*texts));
    const char **roles = texts, **states = texts + n + 1, **contents = texts + 2 * (n + 1);
    struct event_response r = { .model = at->agent_id.s, .status = "queued" };
    const char *preview = "";
    struct buf members;

    if (in->message_count > 0)
        preview =
            request_start_of(a, in->messages[in->message_count - 1].content, REQUEST_PREVIEW_MAX);
    made->request_id = id_new();
    if (n == 0)
        parents[0] = in->answer_to;
    else if (chat_is_new)
        parents[0] = made->chat_id;
    for (size_t i = 0; i < n; i++) {
        ids[i] = parents[i + 1] = made->user_message_id = id_new();
        roles[i] = in->messages[i].role;
        states[i] = "completed";
        contents[i] = in->messages[i].content;
    }
    ids[n] = made->message_id = id_new();
    requests[n] = made->request_id;
    roles[n] = "assistant";
    states[n] = "in_progress";
    contents[n] = "";
    r.created_s = id_time_ms(made->request_id) / 1000;
    buf_init(&members, a, 2000);
    event_response_members(&members, &r);
    return db_later(
        db, Q_REQUEST_NEW,
        ARGS(arg_id(made->request_id), arg_id(made->chat_id), arg_id(made->message_id),
             arg_id(at->agent_id), arg_id(made->user_message_id), arg_id(made->job_id),
             arg_int(REQUEST_ATTEMPTS), arg_str(in->http_request_id), arg_ids(a, ids, n + 1),
             arg_strs(a, roles, n + 1), arg_strs(a, states, n + 1), arg_strs(a, contents, n + 1),
             arg_ids(a, requests, n + 1), arg_int(EVENT_CREATED), arg_int(EVENT_QUEUED),
             arg_str(members.data), arg_str(request_start_of(a, first_user_text(in), TITLE_MAX)),
             arg_str(preview), arg_str(in->traceparent), arg_ids(a, parents, n + 1),
             arg_id(in->key_id),
             at->reserved_tokens < 0 ? arg_null() : arg_int(at->reserved_tokens)));
}

static struct err
add_job(struct db *db, struct arena *a, const struct request_new *in,
        const struct request_made *made, bool chat_is_new)
{
    struct job_new job = { .id = made->job_id,
                           .kind = REQUEST_KIND,
                           .queue = REQUEST_QUEUE,
                           .priority = JOB_PRIORITY_USUAL,
                           .max_attempts = REQUEST_ATTEMPTS,
                           .user_id = in->user_id,
                           .subject_id = made->request_id,
                           .serial_key = made->chat_id,
                           .serial_key_new = chat_is_new,
                           .request_id = in->http_request_id };

    return job_add(db, a, &job);
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
    made.job_id = id_new();
    TRY(add_request(db, a, in, &at, &made, chat_is_new));
    TRY(add_job(db, a, in, &made, chat_is_new));
    TRY(request_tell(db, a, in->user_id, made.request_id, made.chat_id, made.message_id, "queued"));
    *out = made;
    return OK;
}
