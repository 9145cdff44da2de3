/* Job "agent_test": ask an agent's model for a word and say what was met. */
#include "db/agent.h"
#include "db/db.h"
#include "db/request.h"
#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/http.h"
#include "lib/json_writer.h"
#include "worker/attempt.h"
#include "worker/kind.h"
#include "worker/respond/dialect.h"
#include "worker/respond/model.h"
#include "worker/respond/oauth.h"
#include "worker/respond/upstream.h"

#include <math.h>
#include <string.h>

#define TRY_TOKENS 16 /* more are not waited for */
#define TRY_MS     30000
#define BODY_MAX   (INT64_C(16) * 1024 * 1024) /* bytes */
#define RESULT_MAX ((size_t)64 * 1024)
#define QUESTION   "Answer with one word: are you there?"
#define ANSWERED   "The model answered."
#define NEEDS_NONE "This agent answers by itself and needs no model server."

struct trial {
    struct attempt *at;
    struct agent_test test;
    const struct dialect *dialect;
    struct dialect_question question;
    struct dialect_request request;
    struct http_transfer *transfer;
    struct oauth_call signing;
    const char *token;
    void *listener;
    struct buf refusal;
    bool heard;
    int status;
    int64_t sent_ms, latency_ms; /* 0: nothing was sent */
    struct err result;           /* OK: it works; else a sentence for users */
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
    if (t->status)
        jw_int(&w, "status", t->status);
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
stored(struct attempt *at, struct err err)
{
    struct job_end end = attempt_job_end(at, JOB_END_COMPLETED, 0, NULL);

    if (err.code)
        attempt_fail(at, err);
    else
        attempt_ended(at, &end);
}

static void
finish(struct trial *t, struct err result)
{
    t->result = result;
    t->latency_ms = t->sent_ms ? clock_mono_ms() - t->sent_ms : 0;
    if (t->transfer)
        http_cancel(t->transfer);
    t->transfer = NULL;
    oauth_cancel(&t->signing);
    attempt_work(t->at, store, stored);
}

/* ---- the call ----------------------------------------------------------------------- */

static void
on_reply(void *arg, const struct http_reply *reply)
{
    struct trial *t = arg;

    t->status = reply->status;
    if (t->status / 100 == 2)
        t->listener = t->dialect->listen(t->at->arena, reply->content_type);
    else
        buf_init(&t->refusal, t->at->arena, UPSTREAM_BODY_MAX);
}

static bool
on_data(void *arg, const char *bytes, size_t len)
{
    struct arena *scratch = ((struct trial *)arg)->at->services->scratch;
    struct trial *t = arg;
    struct dialect_heard *list;
    struct err e;
    size_t n = 0, room;

    if (!t->listener) {
        room = UPSTREAM_BODY_MAX - t->refusal.len;
        buf_add(&t->refusal, bytes, len < room ? len : room);
        return true;
    }
    e = t->dialect->hear(t->listener, scratch, bytes, len, &list, &n);
    t->heard |= n > 0;
    arena_reset(scratch);
    /* The first word is enough to know that it works. */
    if (e.code || t->heard)
        finish(t, e);
    return true;
}

static void call_model(struct trial *t);

static struct err
outcome(struct trial *t, const struct http_reply *reply)
{
    struct arena *scratch = t->at->services->scratch;
    struct dialect_heard *list;
    struct err e;
    size_t n;

    if (t->status && !t->listener)
        return upstream_refused(t->at->arena, t->status, t->refusal.data, t->refusal.len);
    if (reply->err.code)
        return upstream_broken(t->at->arena, reply);
    e = t->dialect->heard_end(t->listener, scratch, &list, &n);
    arena_reset(scratch);
    return e;
}

static void
on_end(void *arg, const struct http_reply *reply)
{
    struct trial *t = arg;

    t->transfer = NULL;
    if (t->status && !t->listener &&
        t->dialect->concede(t->status, t->refusal.data, &t->question.concessions))
        call_model(t);
    else
        finish(t, outcome(t, reply));
}

static void
call_model(struct trial *t)
{
    const struct http_request how = {
        .total_ms = TRY_MS,
        .body_max = BODY_MAX,
        .arg = t,
        .on_reply = on_reply,
        .on_data = on_data,
        .on_end = on_end,
    };
    struct err e = model_ask(t->at->arena, t->dialect, &t->question, t->test.agent_id,
                             t->test.credential, t->token, &t->request);

    if (e.code) {
        finish(t, e);
        return;
    }
    t->status = 0;
    t->sent_ms = clock_mono_ms();
    t->transfer = model_send(t->at->services->http, &t->request, &how);
}

static void
signed_in(void *arg, struct err err, const char *token)
{
    struct trial *t = arg;

    t->token = token;
    if (err.code)
        finish(t, err);
    else
        call_model(t);
}

static void
sign_in(struct trial *t)
{
    t->signing = (struct oauth_call){ .services = t->at->services,
                                      .arena = t->at->arena,
                                      .agent_id = t->test.agent_id,
                                      .endpoint_url = t->test.endpoint_url,
                                      .client_id = t->test.client_id,
                                      .sealed = t->test.credential,
                                      .arg = t,
                                      .done = signed_in };
    oauth_get(&t->signing);
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

    if (err.code == ERR_NOT_FOUND) {
        attempt_end(at, JOB_END_CANCELLED, "the agent was deleted");
        return;
    }
    if (err.code) {
        attempt_fail(at, err);
        return;
    }
    t->detail = ANSWERED;
    t->dialect = dialect_find(t->test.kind);
    t->question = (struct dialect_question){ .endpoint_url = t->test.endpoint_url,
                                             .model = t->test.model,
                                             .instructions = "",
                                             .temperature = (double)NAN,
                                             .max_output_tokens = TRY_TOKENS,
                                             .messages = &question,
                                             .message_count = 1 };
    if (!t->dialect) {
        finish(t, ERR(ERR_INVALID, "Agents of this kind cannot answer yet."));
    } else if (t->dialect->answer) {
        t->detail = NEEDS_NONE;
        finish(t, OK);
    } else if (t->test.auth == AGENT_DATABRICKS_OAUTH) {
        sign_in(t);
    } else {
        call_model(t);
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

    if (!t)
        return;
    if (t->transfer)
        http_cancel(t->transfer);
    oauth_cancel(&t->signing);
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
