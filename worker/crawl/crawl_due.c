/* Job "crawl_due": begin the crawl that a source has planned, and plan the next. */
#include "db/crawl.h"
#include "db/db.h"
#include "db/job.h"
#include "db/source.h"
#include "worker/attempt.h"
#include "worker/kind.h"

static struct err
work(struct attempt *at, struct db *db)
{
    struct job_end end = attempt_job_end(at, JOB_END_COMPLETED, 0, NULL);
    struct source source;
    struct crawl crawl;
    struct err e;

    TRY(db_begin(db, TX_WRITE, at->job.user_id));
    TRY(job_fence(db, &at->lease));
    TRY(source_get_locked(db, at->arena, at->job.subject_id, &source));
    e = crawl_latest(db, at->arena, source.id, &crawl);
    if (e.code && e.code != ERR_NOT_FOUND)
        return e;
    if (e.code || crawl.finished_at)
        TRY(crawl_start(db, at->arena, &source, CRAWL_REAL, NULL, &crawl));
    /* This job is the plan that is carried out, so that there is none to cancel. */
    source.schedule_job_id = ID_NONE;
    TRY(source_update(db, at->arena, &source, &source));
    TRY(job_end_here(db, at->arena, &at->lease, &end));
    return db_commit(db);
}

static void
done(struct attempt *at, struct err err)
{
    struct job_end end = attempt_job_end(at, JOB_END_COMPLETED, 0, NULL);

    if (!err.code)
        attempt_ended(at, &end);
    else if (err.code == ERR_NOT_FOUND)
        attempt_end(at, JOB_END_CANCELLED, "the source was deleted");
    else
        attempt_fail(at, err);
}

static void
start(struct attempt *at)
{
    attempt_work(at, work, done);
}

const struct kind kind_crawl_due = {
    .name = CRAWL_DUE_KIND,
    .queue = "default",
    .summary = "Begin a crawl that was planned",
    .max_attempts = 5,
    .backoff_ms = 1000,
    .backoff_max_ms = 60000,
    .start = start,
};
