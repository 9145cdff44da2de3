/* /api/invoke_endpoint, /api/requests: answers that are made in the background. */
#include "app/app.h"
#include "app/handlers.h"
#include "app/request.h"
#include "db/chat.h"
#include "db/request.h"
#include "lib/arena.h"
#include "lib/config.h"

#include <string.h>

#define CANCEL_WAIT_S 30 /* seconds; then the answer is whatever state it is in */

static const char *const busy_words[] = { "queue", "reject", "replace", NULL };
static const char *const roles[] = { "system", "user", "assistant", NULL };
static const char *const statuses[] = { "queued", "streaming", "completed",
                                        "failed", "cancelled", NULL };

static void
write_request(struct json_writer *w, const struct request_info *r)
{
    jw_object(w, NULL);
    jw_id(w, "id", r->id);
    jw_id(w, "chat_id", r->chat_id);
    jw_id(w, "agent_id", r->agent_id);
    jw_id(w, "user_message_id", r->user_message_id);
    jw_id(w, "message_id", r->message_id);
    jw_id(w, "job_id", r->job_id);
    jw_str(w, "user_message", r->user_message);
    jw_str(w, "status", r->status);
    jw_str(w, "partial_content", r->partial_content);
    jw_str(w, "final_response", r->final_response);
    jw_int(w, "sequence_number", r->sequence_number);
    jw_int(w, "attempt", r->attempt);
    jw_int(w, "max_attempts", r->max_attempts);
    jw_str(w, "next_attempt_at", r->next_attempt_at);
    jw_raw(w, "error", r->error);
    jw_raw(w, "usage", r->usage);
    jw_str(w, "finish_reason", r->finish_reason);
    jw_str(w, "trace_id", r->trace_id);
    jw_raw(w, "sources", r->sources);
    jw_str(w, "created_at", r->created_at);
    jw_str(w, "started_at", r->started_at);
    jw_str(w, "completed_at", r->completed_at);
    jw_int(w, "position", r->position);
    jw_object_end(w);
}

/* 202, with where to look. */
static void
write_accepted(struct reply *rp, const struct request_made *made)
{
    struct json_writer *w = reply_json(rp, 202);

    rp->location = arena_printf(rp->arena, "/api/requests/%s", made->request_id.s);
    jw_object(w, NULL);
    jw_id(w, "request_id", made->request_id);
    jw_id(w, "chat_id", made->chat_id);
    jw_id(w, "message_id", made->message_id);
    jw_str(w, "status", "processing");
    jw_str(w, "status_url", rp->location);
    jw_str(w, "stream_url", arena_printf(rp->arena, "%s/stream", rp->location));
    jw_object_end(w);
}

static struct request_new
new_request(struct request *rq, struct json_reader *in)
{
    int busy = jr_opt_word(in, "if_busy", busy_words);

    return (struct request_new){ .user_id = rq->caller.user_id,
                                 .if_busy = busy < 0 ? BUSY_QUEUE : (enum if_busy)busy,
                                 .http_request_id = rq->request_id,
                                 .traceparent = request_traceparent(rq),
                                 .user_limits = { config_int(SET_USER_REQUESTS),
                                                  config_int(SET_USER_QUEUED),
                                                  config_int(SET_USER_TOKENS) },
                                 .key_id = rq->caller.is_key ? rq->caller.credential_id : ID_NONE,
                                 .key_limits = rq->caller.limits,
                                 .reserve_tokens = config_int(SET_RESERVE_TOKENS) };
}

static struct message_text
read_message(struct json_reader *in, size_t i)
{
    struct message_text message = { "", "" };
    struct json_reader one;
    int role;

    jr_array_object(in, "messages", i, &one);
    role = jr_word(&one, "role", roles);
    message.content = jr_str(&one, "content", 1, REQUEST_TEXT_MAX);
    if (role >= 0)
        message.role = roles[role];
    (void)jr_check(&one).code; /* its problems are the outer reader's */
    return message;
}

/* "message", or "messages" of which the last is the user's. */
static void
read_messages(struct request *rq, struct json_reader *in, struct request_new *out)
{
    const char *text = jr_opt_str(in, "message", 1, REQUEST_TEXT_MAX);
    size_t n = jr_opt_array(in, "messages", REQUEST_MESSAGES_MAX);
    struct message_text *list = arena_array(rq->arena, n + 1, sizeof(*list));

    for (size_t i = 0; i < n; i++)
        list[i] = read_message(in, i);
    if (request_is_absent(in, "message") == request_is_absent(in, "messages"))
        jr_problem(in, "message", "is required, or messages in its place");
    if (!request_is_absent(in, "messages") && (n == 0 || strcmp(list[n - 1].role, "user") != 0))
        jr_problem(in, "messages", "must end with a message of the user");
    if (text)
        list[n++] = (struct message_text){ "user", text };
    out->messages = list;
    out->message_count = n;
}

static struct err
create(struct request *rq, const struct request_new *new, struct request_made *made)
{
    struct err e = request_create(rq->db, rq->arena, new, &rq->quota, made);

    rq->retry_after_s = rq->quota.retry_after_s;
    return e;
}

struct err
requests_invoke(struct request *rq, struct reply *rp)
{
    struct json_reader *in = request_json(rq);
    struct request_new new = new_request(rq, in);
    struct request_made made;

    new.agent_id = jr_opt_id(in, "agent_id");
    new.chat_id = jr_opt_id(in, "chat_id");
    new.session_id = jr_opt_str(in, "session_id", 1, CHAT_SESSION_MAX);
    read_messages(rq, in, &new);
    if (request_is_absent(in, "agent_id") && request_is_absent(in, "chat_id"))
        jr_problem(in, "agent_id", "is required, or chat_id in its place");
    TRY(jr_check(in));
    TRY(create(rq, &new, &made));
    write_accepted(rp, &made);
    return OK;
}

struct err
requests_regenerate(struct request *rq, struct reply *rp)
{
    struct json_reader *in = request_json(rq);
    struct request_new new = new_request(rq, in);
    struct request_made made;

    TRY(jr_check(in));
    TRY(request_of_message(rq->db, rq->arena, rq->id, &new.chat_id, &new.answer_to, &new.agent_id));
    TRY(create(rq, &new, &made));
    write_accepted(rp, &made);
    return OK;
}

struct err
requests_edit(struct request *rq, struct reply *rp)
{
    struct json_reader *in = request_json(rq);
    struct request_new new = new_request(rq, in);
    struct message_text text = { "user", jr_str(in, "content", 1, REQUEST_TEXT_MAX) };
    struct request_made made;
    struct id of_id;

    TRY(jr_check(in));
    TRY(request_of_message(rq->db, rq->arena, rq->id, &new.chat_id, &of_id, &new.agent_id));
    if (!id_eq(of_id, rq->id))
        return ERR(ERR_CONFLICT, "only a user's message can be edited; regenerate an answer");
    new.edit_of = rq->id;
    new.messages = &text;
    new.message_count = 1;
    TRY(create(rq, &new, &made));
    write_accepted(rp, &made);
    return OK;
}

struct err
requests_list(struct request *rq, struct reply *rp)
{
    struct page page = request_page(rq);
    int status = params_word(&rq->params, "status", statuses);
    struct request_filter filter = { .status = status < 0 ? NULL : statuses[status],
                                     .chat_id = params_id(&rq->params, "chat_id"),
                                     .before_at = page.at,
                                     .before_id = page.id,
                                     .limit = page.limit };
    struct request_info *list;
    struct json_writer *w;
    size_t count;

    TRY(request_list(rq->db, rq->arena, &filter, &list, &count));
    w = reply_list(rp, &page);
    for (size_t i = 0; i < count && reply_row(rp, list[i].created_at, list[i].id); i++)
        write_request(w, &list[i]);
    reply_list_end(rp);
    return OK;
}

struct err
requests_read(struct request *rq, struct reply *rp)
{
    struct request_info info;

    /* Holding the answer back is the gateway's work, which has it asked for when it is time. */
    (void)params_int(&rq->params, "wait", 0, INT64_MAX, 0);
    (void)params_int(&rq->params, "after", -1, INT64_MAX, -1);
    (void)params_int(&rq->params, "sequence_number", -1, INT64_MAX, -1);
    TRY(request_get(rq->db, rq->arena, rq->id, &info));
    write_request(reply_json(rp, 200), &info);
    return OK;
}

/*
 * Of a request that runs, the worker has been told, and ends it within a
 * second. No process of ours waits for that: nginx is sent on to the gateway,
 * which holds the request until the response has ended (no event is numbered
 * as high as `after`) and then has its status answered.
 */
struct err
requests_cancel(struct request *rq, struct reply *rp)
{
    struct request_info info;
    bool asked;

    TRY(request_cancel(rq->db, rq->arena, rq->id, &asked));
    TRY(request_get(rq->db, rq->arena, rq->id, &info));
    if (asked)
        reply_header(rp, "X-Accel-Redirect",
                     arena_printf(rq->arena, "/_wait/api/requests/%s?wait=%d&after=%lld", rq->id.s,
                                  CANCEL_WAIT_S, (long long)INT64_MAX));
    write_request(reply_json(rp, 200), &info);
    return OK;
}
