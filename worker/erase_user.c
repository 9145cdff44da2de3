/* Job "erase_user": remove everything of an account that has ended, some rows at a time. */
#include "db/db.h"
#include "db/erase.h"
#include "lib/arena.h"
#include "worker/attempt.h"
#include "worker/kind.h"

#define MOST    200 /* rows, with all that hangs on them, in one transaction */
#define ROUNDS  50  /* in one call, so that other slow work gets its turn */
#define WAIT_MS 500 /* for the user's running jobs to end */

struct erasing {
    enum erase_state state;
};

static struct err
work(struct attempt *at, struct db *db)
{
    struct erasing *e = at->state;

    for (int i = 0; i < ROUNDS; i++) {
        TRY(db_begin(db, TX_NONE, ID_NONE));
        TRY(user_erase(db, at->arena, at->job.subject_id, MOST, &e->state));
        if (e->state != ERASE_MORE)
            return OK;
    }
    return OK;
}

static void go_on(struct attempt *at);

static void
done(struct attempt *at, struct err err)
{
    struct erasing *e = at->state;

    if (err.code)
        attempt_fail(at, err);
    else if (e->state == ERASE_DONE)
        attempt_end(at, JOB_END_COMPLETED, NULL);
    else
        attempt_wait(at, e->state == ERASE_MORE ? 0 : WAIT_MS, go_on);
}

static void
go_on(struct attempt *at)
{
    attempt_work(at, work, done);
}

static void
start(struct attempt *at)
{
    at->state = ARENA_NEW(at->arena, struct erasing);
    go_on(at);
}

const struct kind kind_erase_user = {
    .name = ERASE_KIND,
    .queue = "default",
    .summary = "Remove everything of an account that has ended",
    .max_attempts = 20,
    .backoff_ms = 10000,
    .backoff_max_ms = 600000,
    .slow = true,
    .start = start,
};
