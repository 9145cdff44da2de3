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

static struct err
place(struct db *db, struct arena *a, const struct request_new *in, struct id *agent_id,
      struct id *chat_id)
{
    struct row row;

    TRY(db_one(db, a, Q_REQUEST_PLACE,
               ARGS(arg_id(in->agent_id), arg_id(in->chat_id), arg_str(in->session_id),
                    arg_int(in->user_queued_max)),
               &row));
    *chat_id = row_opt_id(&row, "chat_id");
    *agent_id = row_opt_id(&row, "agent_id");
    if (id_is_set(in->chat_id) && !id_is_set(*chat_id))
        return ERR(ERR_NOT_FOUND, "chat not found");
    if (!id_is_set(in->agent_id) && !id_is_set(*agent_id))
        return id_is_set(row_opt_id(&row, "chat_agent_id")) || id_is_set(*chat_id)
                   ? ERR(ERR_INVALID, "the chat's agent is gone: name another in agent_id")
                   : ERR(ERR_INVALID, "agent_id is needed to start a chat");
    if (!id_is_set(*agent_id))
        return ERR(ERR_NOT_FOUND, "agent not found");
    if (row_int(&row, "unfinished") >= in->user_queued_max)
        return err_fmt(a, ERR_RATE_LIMITED, "%lld responses are unfinished: wait for some to end",
                       (long long)in->user_queued_max);
    if (row_bool(&row, "busy") && in->if_busy == BUSY_REJECT)
        return ERR(ERR_CONFLICT, "the chat has an active request");
    if (row_bool(&row, "busy") && in->if_busy == BUSY_REPLACE)
        return request_cancel_chat(db, a, *chat_id);
    return OK;
}

static struct err
add_messages(struct db *db, struct arena *a, const struct request_new *in, struct id chat_id,
             struct id *last)
{
    size_t n = in->message_count;
    struct id *ids = arena_array(a, n, sizeof(*ids));
    const char **roles = arena_array(a, n, sizeof(*roles));
    const char **contents = arena_array(a, n, sizeof(*contents));

    for (size_t i = 0; i < n; i++) {
        ids[i] = id_new();
        roles[i] = in->messages[i].role;
        contents[i] = in->messages[i].content;
    }
    *last = ids[n - 1];
    return db_later(
        db, Q_REQUEST_MESSAGES_NEW,
        ARGS(arg_id(chat_id), arg_ids(a, ids, n), arg_strs(a, roles, n), arg_strs(a, contents, n)));
}

static struct err
add_first_events(struct db *db, struct arena *a, const struct request_made *made, struct id user_id,
                 struct id agent_id)
{
    struct event_response r = { .created_s = id_time_ms(made->request_id) / 1000,
                                .model = agent_id.s,
                                .status = "queued" };
    struct event events[2];
    struct buf members;

    buf_init(&members, a, 2000);
    event_response_members(&members, &r);
    for (int i = 0; i < 2; i++)
        events[i] = (struct event){ .request_id = made->request_id,
                                    .user_id = user_id,
                                    .seq = i,
                                    .type = i ? EVENT_QUEUED : EVENT_CREATED,
                                    .data = members.data };
    return event_add(db, a, events, 2);
}

static struct err
add_job(struct db *db, struct arena *a, const struct request_new *in,
        const struct request_made *made)
{
    struct job_new job = { .id = made->job_id,
                           .kind = REQUEST_KIND,
                           .queue = REQUEST_QUEUE,
                           .priority = JOB_PRIORITY_USUAL,
                           .max_attempts = REQUEST_ATTEMPTS,
                           .user_id = in->user_id,
                           .subject_id = made->request_id,
                           .serial_key = made->chat_id,
                           .request_id = in->http_request_id };

    return job_add(db, a, &job);
}

/* The chat as it is after this request; a session's first call may find that another made it. */
static struct err
settle_chat(struct db *db, struct arena *a, const struct request_new *in, struct id agent_id,
            struct id *chat_id)
{
    const char *preview =
        in->message_count
            ? request_start_of(a, in->messages[in->message_count - 1].content, REQUEST_PREVIEW_MAX)
            : NULL;
    const char *title = request_start_of(a, first_user_text(in), TITLE_MAX);
    struct row row;

    if (id_is_set(*chat_id))
        return preview ? db_later(db, Q_REQUEST_CHAT_TOUCH,
                                  ARGS(arg_id(*chat_id), arg_str(preview), arg_id(agent_id),
                                       arg_str(title)))
                       : OK;
    if (!*title)
        title = "New chat";
    *chat_id = id_new();
    if (!in->session_id)
        return db_later(
            db, Q_REQUEST_CHAT_NEW,
            ARGS(arg_id(*chat_id), arg_id(agent_id), arg_str(title), arg_null(), arg_str(preview)));
    TRY(db_one(db, a, Q_REQUEST_CHAT_NEW,
               ARGS(arg_id(*chat_id), arg_id(agent_id), arg_str(title), arg_str(in->session_id),
                    arg_str(preview)),
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
request_create(struct db *db, struct arena *a, const struct request_new *in,
               struct request_made *out)
{
    struct request_made made = { .user_message_id = in->answer_to };
    struct id agent_id;

    TRY(place(db, a, in, &agent_id, &made.chat_id));
    TRY(settle_chat(db, a, in, agent_id, &made.chat_id));
    TRY(branch(db, in));
    if (!id_is_set(in->answer_to))
        TRY(add_messages(db, a, in, made.chat_id, &made.user_message_id));
    made.request_id = id_new();
    made.message_id = id_new();
    made.job_id = id_new();
    TRY(db_later(db, Q_REQUEST_NEW,
                 ARGS(arg_id(made.request_id), arg_id(made.chat_id), arg_id(made.message_id),
                      arg_id(agent_id), arg_id(made.user_message_id), arg_id(made.job_id),
                      arg_int(REQUEST_ATTEMPTS), arg_str(in->http_request_id),
                      arg_str(in->traceparent))));
    TRY(add_first_events(db, a, &made, in->user_id, agent_id));
    TRY(add_job(db, a, in, &made));
    TRY(request_tell(db, a, in->user_id, made.request_id, made.chat_id, made.message_id, "queued"));
    *out = made;
    return OK;
}
