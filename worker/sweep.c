/*
 * Job "sweep": hourly, one for the whole installation, remove what has expired.
 * A worker that starts adds it, and it adds its successor as it ends; its unique
 * key keeps it to one.
 */
#include "worker/sweep.h"

#include "db/audit.h"
#include "db/db.h"
#include "db/event.h"
#include "db/feed.h"
#include "db/job.h"
#include "db/sweep.h"
#include "db/trace.h"
#include "db/webhook.h"
#include "lib/config.h"
#include "worker/attempt.h"
#include "worker/kind.h"

#define EVERY_MS INT64_C(3600000)
#define MOST     5000 /* rows in one transaction */

/* With all that hangs on them, and no lock may be held for long. */
#define MOST_MESSAGES 200

static struct err
add(struct db *db, struct arena *a, int64_t delay_ms)
{
    struct job_new job = {
        .id = id_new(),
        .kind = kind_sweep.name,
        .queue = kind_sweep.queue,
        .priority = JOB_PRIORITIES - 1,
        .max_attempts = kind_sweep.max_attempts,
        .delay_ms = delay_ms,
        .unique_key = job_key(kind_sweep.name, ""),
        .forget = true,
    };

    return job_add(db, a, &job);
}

struct err
sweep_schedule(struct db *db, struct arena *a)
{
    TRY(db_begin(db, TX_WRITE, ID_NONE));
    TRY(add(db, a, 0));
    return db_commit(db);
}

typedef struct err (*sweep_fn)(struct db *db, struct arena *a, int64_t most, int64_t *removed);

/* Call it until it leaves fewer than it may take. */
static struct err
repeat(struct db *db, struct arena *a, sweep_fn some)
{
    int64_t removed = MOST;

    while (removed == MOST) {
        TRY(db_begin(db, TX_WRITE, ID_NONE));
        TRY(some(db, a, MOST, &removed));
        TRY(db_commit(db));
    }
    return OK;
}

/* One statement after another, each its own transaction of some tens of milliseconds. */
static struct err
remove_chats(struct db *db, struct arena *a)
{
    int64_t removed;

    do {
        TRY(db_begin(db, TX_NONE, ID_NONE));
        TRY(sweep_chats(db, a, MOST_MESSAGES, config_int(SET_BIN_KEEP_D),
                        config_int(SET_CHAT_KEEP_D), &removed));
    } while (removed > 0);
    do {
        TRY(db_begin(db, TX_NONE, ID_NONE));
        TRY(sweep_imports(db, a, MOST_MESSAGES, &removed));
    } while (removed > 0);
    return OK;
}

static struct err
drop_partitions(struct db *db, struct arena *a)
{
    TRY(db_begin(db, TX_WRITE, ID_NONE));
    TRY(event_sweep(db, a, config_int(SET_EVENT_KEEP_D)));
    TRY(db_commit(db));
    TRY(db_begin(db, TX_WRITE, ID_NONE));
    TRY(job_sweep(db, a, config_int(SET_JOB_KEEP_D)));
    TRY(db_commit(db));
    TRY(db_begin(db, TX_WRITE, ID_NONE));
    TRY(trace_sweep(db, a, config_int(SET_TRACE_KEEP_D)));
    TRY(db_commit(db));
    TRY(db_begin(db, TX_WRITE, ID_NONE));
    TRY(audit_sweep(db, a, config_int(SET_AUDIT_KEEP_D)));
    return db_commit(db);
}

/* Its key is free for the next only with its own end. */
static struct err
end_and_add_next(struct attempt *at, struct db *db)
{
    struct job_end end = attempt_job_end(at, JOB_END_COMPLETED, 0, NULL);

    TRY(db_begin(db, TX_WRITE, ID_NONE));
    TRY(job_fence(db, &at->lease));
    TRY(job_end_here(db, at->arena, &at->lease, &end));
    TRY(add(db, at->arena, EVERY_MS));
    return db_commit(db);
}

static struct err
work(struct attempt *at, struct db *db)
{
    static const sweep_fn sweeps[] = { sweep_sessions, sweep_idempotency, sweep_resets,
                                       sweep_logins,   feed_sweep,        webhook_sweep };

    for (size_t i = 0; i < sizeof(sweeps) / sizeof(sweeps[0]); i++)
        TRY(repeat(db, at->arena, sweeps[i]));
    TRY(remove_chats(db, at->arena));
    TRY(drop_partitions(db, at->arena));
    return end_and_add_next(at, db);
}

static void
start(struct attempt *at)
{
    attempt_work(at, work, attempt_completed);
}

const struct kind kind_sweep = {
    .name = "sweep",
    .queue = "default",
    .summary = "Remove what has expired",
    .max_attempts = 5,
    .backoff_ms = 10000,
    .backoff_max_ms = 300000,
    .slow = true,
    .start = start,
};
