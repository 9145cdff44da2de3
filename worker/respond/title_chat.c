/* Job "title_chat": ask the agent's model for a title after its first answer. */
#include "db/chat_title.h"
#include "db/db.h"
#include "db/request.h"
#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/http.h"
#include "worker/attempt.h"
#include "worker/kind.h"
#include "worker/respond/dialect.h"
#include "worker/respond/model.h"
#include "worker/respond/oauth.h"
#include "worker/respond/upstream.h"

#include <math.h>

#define INSTRUCTIONS                                                                               \
    "Write a title of two to six words for the conversation that the user shows you, in its "      \
    "language. Answer with the title alone: no quotation marks, no full stop."
#define TITLE_TOKENS 200  /* room for a model that thinks first */
#define TITLE_BYTES  2000 /* more than that is no title */
#define EXCERPT      2000 /* bytes of each message that the model is shown */
#define TRY_MS       60000
#define BODY_MAX     (INT64_C(16) * 1024 * 1024) /* bytes */

struct titling {
    struct attempt *at;
    struct chat_title_task task;
    const struct dialect *dialect;
    struct dialect_question question;
    struct dialect_request request;
    struct http_transfer *transfer;
    struct oauth_call signing;
    const char *token;
    void *listener;
    int status;
    struct buf refusal, text;
};

/* ---- the result -------------------------------------------------------------------- */

static struct err
store(struct attempt *at, struct db *db)
{
    struct job_end end = attempt_job_end(at, JOB_END_COMPLETED, 0, NULL);
    struct titling *t = at->state;
    const char *title = chat_title_clean(at->arena, t->text.data);

    TRY(db_begin(db, TX_WRITE, at->job.user_id));
    TRY(job_fence(db, &at->lease));
    if (*title)
        TRY(chat_title_set(db, at->arena, &t->task, title));
    TRY(job_end_here(db, at->arena, &at->lease, &end));
    return db_commit(db);
}

static void
stored(struct attempt *at, struct err err)
{
    struct job_end end = attempt_job_end(at, JOB_END_COMPLETED, 0, NULL);

    if (err.code)
        attempt_fail(at, err);
    else
        attempt_ended(at, &end);
}

static void
finish(struct titling *t, struct err err)
{
    if (t->transfer)
        http_cancel(t->transfer);
    t->transfer = NULL;
    if (err.code)
        attempt_fail(t->at, err);
    else
        attempt_work(t->at, store, stored);
}

/* ---- the call ------------------------------------------------------------------------ */

static void
on_reply(void *arg, const struct http_reply *reply)
{
    struct titling *t = arg;

    t->status = reply->status;
    if (t->status / 100 == 2)
        t->listener = t->dialect->listen(t->at->arena, reply->content_type);
    else
        buf_init(&t->refusal, t->at->arena, UPSTREAM_BODY_MAX);
}

static void
keep_text(struct titling *t, const struct dialect_heard *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (list[i].type == HEARD_TEXT)
            buf_add(&t->text, list[i].text.p, list[i].text.len);
}

static bool
on_data(void *arg, const char *bytes, size_t len)
{
    struct titling *t = arg;
    struct arena *scratch = t->at->services->scratch;
    struct dialect_heard *list;
    struct err e;
    size_t n = 0, room;

    if (!t->listener) {
        room = UPSTREAM_BODY_MAX - t->refusal.len;
        buf_add(&t->refusal, bytes, len < room ? len : room);
        return true;
    }
    e = t->dialect->hear(t->listener, scratch, bytes, len, &list, &n);
    if (!e.code)
        keep_text(t, list, n);
    arena_reset(scratch);
    if (e.code || t->dialect->reply(t->listener)->over)
        finish(t, e);
    return true;
}

static void call_model(struct titling *t);

static void
on_end(void *arg, const struct http_reply *reply)
{
    struct titling *t = arg;
    struct arena *scratch = t->at->services->scratch;
    struct dialect_heard *list;
    struct err e;
    size_t n = 0;

    t->transfer = NULL;
    if (t->status && !t->listener) {
        if (t->dialect->concede(t->status, t->refusal.data, &t->question.concessions))
            call_model(t);
        else
            finish(t, upstream_refused(t->at->arena, t->status, t->refusal.data, t->refusal.len));
        return;
    }
    if (reply->err.code) {
        finish(t, upstream_broken(t->at->arena, reply));
        return;
    }
    e = t->dialect->heard_end(t->listener, scratch, &list, &n);
    if (!e.code)
        keep_text(t, list, n);
    arena_reset(scratch);
    finish(t, e);
}

static void
call_model(struct titling *t)
{
    const struct http_request how = {
        .total_ms = TRY_MS,
        .body_max = BODY_MAX,
        .arg = t,
        .on_reply = on_reply,
        .on_data = on_data,
        .on_end = on_end,
    };
    struct err e = model_ask(t->at->arena, t->dialect, &t->question, t->task.agent_id,
                             t->task.credential, t->token, &t->request);

    if (e.code) {
        finish(t, e);
        return;
    }
    t->status = 0;
    t->transfer = model_send(t->at->services->http, &t->request, &how);
}

static void
signed_in(void *arg, struct err err, const char *token)
{
    struct titling *t = arg;

    t->token = token;
    if (err.code)
        finish(t, err);
    else
        call_model(t);
}

static void
ask(struct titling *t)
{
    if (t->task.auth != AGENT_DATABRICKS_OAUTH) {
        call_model(t);
        return;
    }
    t->signing = (struct oauth_call){ .services = t->at->services,
                                      .arena = t->at->arena,
                                      .agent_id = t->task.agent_id,
                                      .endpoint_url = t->task.endpoint_url,
                                      .client_id = t->task.client_id,
                                      .sealed = t->task.credential,
                                      .arg = t,
                                      .done = signed_in };
    oauth_get(&t->signing);
}

/* ---- the start -------------------------------------------------------------------------- */

static struct err
load(struct attempt *at, struct db *db)
{
    struct titling *t = at->state;

    TRY(db_begin(db, TX_READ, at->job.user_id));
    TRY(chat_title_load(db, at->arena, at->job.subject_id, EXCERPT, &t->task));
    db_end_read(db);
    return OK;
}

static void
loaded(struct attempt *at, struct err err)
{
    struct titling *t = at->state;
    struct message_text *message = ARENA_NEW(at->arena, struct message_text);

    if (err.code == ERR_NOT_FOUND) {
        attempt_end(at, JOB_END_CANCELLED, "the chat has a title, or is gone");
        return;
    }
    if (err.code) {
        attempt_fail(at, err);
        return;
    }
    t->dialect = dialect_find(t->task.kind);
    if (!t->dialect || t->dialect->answer) {
        attempt_end(at, JOB_END_CANCELLED, "agents of this kind have no model to ask");
        return;
    }
    message->role = "user";
    message->content = arena_printf(at->arena, "<user>\n%s\n</user>\n<assistant>\n%s\n</assistant>",
                                    t->task.question, t->task.answer);
    t->question = (struct dialect_question){ .endpoint_url = t->task.endpoint_url,
                                             .model = t->task.model,
                                             .instructions = INSTRUCTIONS,
                                             .temperature = (double)NAN,
                                             .max_output_tokens = TITLE_TOKENS,
                                             .messages = message,
                                             .message_count = 1 };
    buf_init(&t->text, at->arena, TITLE_BYTES);
    ask(t);
}

static void
start(struct attempt *at)
{
    struct titling *t = at->state = ARENA_NEW(at->arena, struct titling);

    t->at = at;
    attempt_work(at, load, loaded);
}

static void
stop(struct attempt *at)
{
    struct titling *t = at->state;

    if (!t)
        return;
    oauth_cancel(&t->signing);
    if (t->transfer)
        http_cancel(t->transfer);
}

const struct kind kind_title_chat = {
    .name = CHAT_TITLE_KIND,
    .queue = "default",
    .summary = "Ask an agent's model for a chat's title",
    .max_attempts = 3,
    .backoff_ms = 5000,
    .backoff_max_ms = 60000,
    .start = start,
    .stop = stop,
};
