/* Job "agent_test": ask an agent's model for a word and say what was met. */
#include "db/agent.h"
#include "db/db.h"
#include "db/request.h"
#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/json_writer.h"
#include "worker/attempt.h"
#include "worker/kind.h"
#include "worker/model/model_call.h"

#include <math.h>
#include <string.h>

#define TRY_TOKENS 16 /* more are not waited for */
#define TRY_MS     30000
#define RESULT_MAX ((size_t)64 * 1024)
#define QUESTION   "Answer with one word: are you there?"
#define ANSWERED   "The model answered."
#define NEEDS_NONE "This agent answers by itself and needs no model server."

struct trial {
    struct attempt *at;
    struct agent_test test;
    struct model_call call;
    int64_t latency_ms; /* 0: nothing was sent */
    struct err result;  /* OK: it works; else a sentence for users */
    const char *detail;
};

/* ---- the result ------------------------------------------------------------------ */

static const char *
result_json(struct trial *t)
{
    struct json_writer w;
    struct buf out;

    buf_init(&out, t->at->arena, RESULT_MAX);
    jw_begin(&w, &out);
    jw_object(&w, NULL);
    jw_bool(&w, "ok", !t->result.code);
    if (t->call.status)
        jw_int(&w, "status", t->call.status);
    else
        jw_null(&w, "status");
    jw_int(&w, "latency_ms", t->latency_ms);
    jw_str(&w, "model", t->test.model);
    jw_str(&w, "detail", t->result.code ? t->result.msg : t->detail);
    jw_object_end(&w);
    return out.data;
}

static struct err
store(struct attempt *at, struct db *db)
{
    struct job_end end = attempt_job_end(at, JOB_END_COMPLETED, 0, NULL);
    struct trial *t = at->state;

    TRY(db_begin(db, TX_WRITE, at->job.user_id));
    TRY(job_fence(db, &at->lease));
    TRY(agent_test_finish(db, t->test.id, result_json(t)));
    TRY(job_end_here(db, at->arena, &at->lease, &end));
    return db_commit(db);
}

static void
finish(struct trial *t, struct err result)
{
    t->result = result;
    t->latency_ms = t->call.sent_ms ? clock_mono_ms() - t->call.sent_ms : 0;
    attempt_work(t->at, store, attempt_completed);
}

/* ---- the call ----------------------------------------------------------------------- */

/* The first word is enough to know that it works. */
static bool
heard(void *arg, const struct dialect_heard *list, size_t n)
{
    (void)arg;
    (void)list;
    return n == 0;
}

static void
called(void *arg, struct err err)
{
    finish(arg, err);
}

/* ---- the start ------------------------------------------------------------------------ */

static struct err
load(struct attempt *at, struct db *db)
{
    struct trial *t = at->state;

    TRY(db_begin(db, TX_READ, at->job.user_id));
    TRY(agent_test_load(db, at->arena, at->job.subject_id, &t->test));
    db_end_read(db);
    return OK;
}

static void
loaded(struct attempt *at, struct err err)
{
    static const struct message_text question = { "user", QUESTION };
    struct trial *t = at->state;
    const struct dialect *dialect;

    if (err.code == ERR_NOT_FOUND) {
        attempt_end(at, JOB_END_CANCELLED, "the agent was deleted");
        return;
    }
    if (err.code) {
        attempt_fail(at, err);
        return;
    }
    t->detail = ANSWERED;
    dialect = dialect_find(t->test.kind);
    t->call = (struct model_call){ .services = at->services,
                                   .arena = at->arena,
                                   .dialect = dialect,
                                   .question = { .endpoint_url = t->test.endpoint_url,
                                                 .model = t->test.model,
                                                 .instructions = "",
                                                 .temperature = (double)NAN,
                                                 .max_output_tokens = TRY_TOKENS,
                                                 .messages = &question,
                                                 .message_count = 1 },
                                   .agent_id = t->test.agent_id,
                                   .sealed = t->test.credential,
                                   .client_id = t->test.client_id,
                                   .signs_in = t->test.auth == AGENT_DATABRICKS_OAUTH,
                                   .total_ms = TRY_MS,
                                   .arg = t,
                                   .heard = heard,
                                   .done = called };
    if (!dialect) {
        finish(t, ERR(ERR_INVALID, "Agents of this kind cannot answer yet."));
    } else if (dialect->answer) {
        t->detail = NEEDS_NONE;
        finish(t, OK);
    } else {
        model_call_start(&t->call);
    }
}

static void
start(struct attempt *at)
{
    struct trial *t = at->state = ARENA_NEW(at->arena, struct trial);

    t->at = at;
    attempt_work(at, load, loaded);
}

static void
stop(struct attempt *at)
{
    struct trial *t = at->state;

    if (t)
        model_call_cancel(&t->call);
}

const struct kind kind_agent_test = {
    .name = AGENT_TEST_KIND,
    .queue = "default",
    .summary = "Try an agent's model server",
    .max_attempts = 1,
    .backoff_ms = 500,
    .backoff_max_ms = 5000,
    .start = start,
    .stop = stop,
};
