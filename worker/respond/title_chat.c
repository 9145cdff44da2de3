/* Job "title_chat": ask the agent's model for a title after its first answer. */
#include "db/chat_title.h"
#include "db/db.h"
#include "db/request.h"
#include "lib/arena.h"
#include "lib/buf.h"
#include "worker/attempt.h"
#include "worker/kind.h"
#include "worker/model/model_call.h"

#include <math.h>

#define INSTRUCTIONS                                                                               \
    "Write a title of two to six words for the conversation that the user shows you, in its "      \
    "language. Answer with the title alone: no quotation marks, no full stop."
#define TITLE_TOKENS 200  /* room for a model that thinks first */
#define TITLE_BYTES  2000 /* more than that is no title */
#define EXCERPT      2000 /* bytes of each message that the model is shown */
#define TRY_MS       60000

struct titling {
    struct attempt *at;
    struct chat_title_task task;
    struct model_call call;
    struct buf text;
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

/* ---- the call ------------------------------------------------------------------------ */

static bool
heard(void *arg, const struct dialect_heard *list, size_t n)
{
    struct titling *t = arg;

    for (size_t i = 0; i < n; i++)
        if (list[i].type == HEARD_TEXT)
            buf_add(&t->text, list[i].text.p, list[i].text.len);
    return true;
}

static void
called(void *arg, struct err err)
{
    struct titling *t = arg;

    if (err.code)
        attempt_fail(t->at, err);
    else
        attempt_work(t->at, store, attempt_completed);
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
    const struct dialect *dialect;
    struct message_text *message = ARENA_NEW(at->arena, struct message_text);

    if (err.code == ERR_NOT_FOUND) {
        attempt_end(at, JOB_END_CANCELLED, "the chat has a title, or is gone");
        return;
    }
    if (err.code) {
        attempt_fail(at, err);
        return;
    }
    dialect = dialect_find(t->task.kind);
    if (!dialect || dialect->answer) {
        attempt_end(at, JOB_END_CANCELLED, "agents of this kind have no model to ask");
        return;
    }
    message->role = "user";
    message->content = arena_printf(at->arena, "<user>\n%s\n</user>\n<assistant>\n%s\n</assistant>",
                                    t->task.question, t->task.answer);
    t->call = (struct model_call){ .services = at->services,
                                   .arena = at->arena,
                                   .dialect = dialect,
                                   .question = { .endpoint_url = t->task.endpoint_url,
                                                 .model = t->task.model,
                                                 .instructions = INSTRUCTIONS,
                                                 .temperature = (double)NAN,
                                                 .max_output_tokens = TITLE_TOKENS,
                                                 .messages = message,
                                                 .message_count = 1 },
                                   .agent_id = t->task.agent_id,
                                   .sealed = t->task.credential,
                                   .client_id = t->task.client_id,
                                   .signs_in = t->task.auth == AGENT_DATABRICKS_OAUTH,
                                   .total_ms = TRY_MS,
                                   .arg = t,
                                   .heard = heard,
                                   .done = called };
    buf_init(&t->text, at->arena, TITLE_BYTES);
    model_call_start(&t->call);
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

    if (t)
        model_call_cancel(&t->call);
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
