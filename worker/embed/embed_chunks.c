/*
 * Job "embed_chunks": make vectors of an agent's chunks that have none, a batch at a
 * time, until none is left. What a batch has brought is kept whatever comes behind.
 */
#include "db/db.h"
#include "db/embedding.h"
#include "lib/arena.h"
#include "lib/log.h"
#include "worker/attempt.h"
#include "worker/embed/embed_call.h"
#include "worker/kind.h"

#include <string.h>

#define CALL_MS   120000
#define WAITS_MAX 20 /* times that one attempt waits as long as it was asked to */

struct embedding_job {
    struct attempt *at;
    struct arena *batch; /* emptied before each */
    struct id after;     /* the last chunk that was looked at */
    size_t most;         /* chunks of the next batch */
    struct embedding_text *list;
    size_t count;
    struct embed_call call;
    int waits;
    bool refused; /* the text of the only chunk is not taken */
    bool over;    /* nothing is left, or the agent embeds no more */
};

static void next_batch(struct attempt *at);

/* ---- storing ------------------------------------------------------------------------ */

static struct err
store(struct attempt *at, struct db *db)
{
    struct embedding_job *j = at->state;
    struct embedding_vector *list = arena_array(j->batch, j->count, sizeof(*list));
    size_t dimensions = j->refused ? 0 : j->call.result.dimensions;

    for (size_t i = 0; i < j->count; i++)
        list[i] = (struct embedding_vector){
            .chunk_id = j->list[i].chunk_id,
            .numbers = dimensions > 0 ? j->call.result.numbers + i * dimensions : NULL,
            .count = dimensions,
        };
    TRY(db_begin(db, TX_WRITE, at->job.user_id));
    TRY(job_fence(db, &at->lease));
    TRY(embedding_add(db, j->batch, at->job.subject_id, &j->call.agent, list, j->count));
    return db_commit(db);
}

static void
stored(struct attempt *at, struct err err)
{
    struct embedding_job *j = at->state;

    if (err.code) {
        attempt_fail(at, err);
        return;
    }
    j->after = j->list[j->count - 1].chunk_id;
    j->most = EMBEDDINGS_MOST;
    next_batch(at);
}

/* ---- calling ------------------------------------------------------------------------- */

/* Does the server refuse what it was sent, and not who sends it or when? */
static bool
refuses_text(int status)
{
    return status == 400 || status == 413 || status == 422 || status == 500;
}

static void
called(void *arg, struct err err)
{
    struct embedding_job *j = arg;
    struct attempt *at = j->at;

    j->refused = err.code && refuses_text(j->call.status) && j->count == 1;
    if (!err.code || j->refused) {
        attempt_work(at, store, stored);
    } else if (refuses_text(j->call.status)) {
        /* One text may be too long for it: the others are not to suffer from that. */
        j->most = j->count / 2;
        next_batch(at);
    } else if (j->call.retry_after_ms > 0 && j->waits++ < WAITS_MAX) {
        attempt_wait(at, j->call.retry_after_ms, next_batch);
    } else {
        attempt_fail(at, err);
    }
}

static const char *
text_of(struct arena *a, const struct embedding_text *t)
{
    bool titled = strncmp(t->heading, t->title, strlen(t->title)) == 0;

    return arena_printf(a, "%s%s%s%s%s", titled ? "" : t->title, titled ? "" : "\n", t->heading,
                        t->heading[0] ? "\n" : "", t->content);
}

static void
call(struct embedding_job *j)
{
    const char **texts = arena_array(j->batch, j->count, sizeof(*texts));

    for (size_t i = 0; i < j->count; i++)
        texts[i] = text_of(j->batch, &j->list[i]);
    j->call.services = j->at->services;
    j->call.arena = j->batch;
    j->call.agent_id = j->at->job.subject_id;
    j->call.texts = texts;
    j->call.count = j->count;
    j->call.total_ms = CALL_MS;
    j->call.arg = j;
    j->call.done = called;
    embed_call_start(&j->call);
}

/* ---- loading -------------------------------------------------------------------------- */

static struct err
load(struct attempt *at, struct db *db)
{
    struct embedding_job *j = at->state;
    struct err e;

    TRY(db_begin(db, TX_READ, at->job.user_id));
    e = embedding_agent_load(db, j->batch, at->job.subject_id, &j->call.agent);
    j->over = e.code == ERR_NOT_FOUND;
    if (e.code && !j->over)
        return e;
    if (!j->over) {
        TRY(embedding_missing(db, j->batch, at->job.subject_id, j->after, j->most, &j->list,
                              &j->count));
        j->over = j->count == 0;
    }
    db_end_read(db);
    return OK;
}

static void
loaded(struct attempt *at, struct err err)
{
    struct embedding_job *j = at->state;

    if (err.code)
        attempt_fail(at, err);
    else if (j->over)
        attempt_end(at, JOB_END_COMPLETED, NULL);
    else if (!attempt_is_cancelled(at) && !attempt_is_returning(at))
        call(j);
}

static void
next_batch(struct attempt *at)
{
    struct embedding_job *j = at->state;

    arena_reset(j->batch);
    attempt_work(at, load, loaded);
}

/* ---- the start ------------------------------------------------------------------------ */

static void
free_arena(void *arg)
{
    arena_free(arg);
}

static void
start(struct attempt *at)
{
    struct embedding_job *j = at->state = ARENA_NEW(at->arena, struct embedding_job);

    j->at = at;
    j->batch = arena_new();
    arena_defer(at->arena, free_arena, j->batch);
    j->most = EMBEDDINGS_MOST;
    next_batch(at);
}

static void
stop(struct attempt *at)
{
    struct embedding_job *j = at->state;

    if (j)
        (void)embed_call_cancel(&j->call);
}

const struct kind kind_embed_chunks = {
    .name = EMBEDDING_KIND,
    .queue = "default",
    .summary = "Make vectors of an agent's passages",
    .max_attempts = EMBEDDING_ATTEMPTS,
    .backoff_ms = 5000,
    .backoff_max_ms = 600000,
    .start = start,
    .stop = stop,
};
