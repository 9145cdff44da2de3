/* Job "embed_question": make a vector of a question that a search waits with. */
#include "db/db.h"
#include "db/embedding.h"
#include "lib/arena.h"
#include "worker/attempt.h"
#include "worker/embed/embed_call.h"
#include "worker/kind.h"

struct asking {
    struct attempt *at;
    const char *question;
    struct embed_call call;
    bool embedded;
};

static struct err
store(struct attempt *at, struct db *db)
{
    struct job_end end = attempt_job_end(at, JOB_END_COMPLETED, 0, NULL);
    struct asking *q = at->state;

    TRY(db_begin(db, TX_WRITE, at->job.user_id));
    TRY(job_fence(db, &at->lease));
    TRY(embedding_answer(db, at->job.subject_id, q->call.result.numbers,
                         q->embedded ? q->call.result.dimensions : 0));
    TRY(job_end_here(db, at->arena, &at->lease, &end));
    return db_commit(db);
}

static void
called(void *arg, struct err err)
{
    struct asking *q = arg;

    q->embedded = !err.code;
    attempt_work(q->at, store, attempt_completed);
}

static struct err
load(struct attempt *at, struct db *db)
{
    struct asking *q = at->state;

    TRY(db_begin(db, TX_READ, at->job.user_id));
    TRY(embedding_question(db, at->arena, at->job.subject_id, &q->call.agent_id, &q->question));
    TRY(embedding_agent_load(db, at->arena, q->call.agent_id, &q->call.agent));
    db_end_read(db);
    return OK;
}

static void
loaded(struct attempt *at, struct err err)
{
    struct asking *q = at->state;

    if (err.code == ERR_NOT_FOUND) {
        attempt_end(at, JOB_END_CANCELLED, "the agent embeds nothing, or the question is gone");
        return;
    }
    if (err.code) {
        attempt_fail(at, err);
        return;
    }
    q->call.services = at->services;
    q->call.arena = at->arena;
    q->call.texts = &q->question;
    q->call.count = 1;
    q->call.total_ms = EMBED_QUESTION_MS;
    q->call.arg = q;
    q->call.done = called;
    embed_call_start(&q->call);
}

static void
start(struct attempt *at)
{
    struct asking *q = at->state = ARENA_NEW(at->arena, struct asking);

    q->at = at;
    attempt_work(at, load, loaded);
}

static void
stop(struct attempt *at)
{
    struct asking *q = at->state;

    if (q)
        (void)embed_call_cancel(&q->call);
}

const struct kind kind_embed_question = {
    .name = EMBEDDING_QUESTION_KIND,
    .queue = "default",
    .summary = "Make a vector of a question that is searched for",
    .max_attempts = 1,
    .backoff_ms = 500,
    .backoff_max_ms = 5000,
    .quiet = true,
    .start = start,
    .stop = stop,
};
