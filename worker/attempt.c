#include "worker/attempt.h"

#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "worker/counters.h"
#include "worker/kind.h"
#include "worker/runner.h"

#include <assert.h>
#include <string.h>

#define DELAY_LEAST_MS 50

struct attempt *
attempt_new(struct runner *r, struct arena *a, const struct services *services,
            struct job_worker lease, const struct job_claimed *job)
{
    struct attempt *at = ARENA_NEW(a, struct attempt);

    at->runner = r;
    at->services = services;
    at->arena = a;
    at->lease = lease;
    at->job = *job;
    at->job.kind = arena_strdup(a, job->kind);
    at->job.queue = arena_strdup(a, job->queue);
    at->job.payload = job->payload ? arena_strdup(a, job->payload) : NULL;
    at->job.request_id = job->request_id ? arena_strdup(a, job->request_id) : NULL;
    at->kind = kind_find(at->job.kind);
    return at;
}

/* ---- its end ------------------------------------------------------------------- */

static void
timer_closed(uv_handle_t *timer)
{
    runner_reuse_arena(((struct attempt *)timer->data)->runner,
                       ((struct attempt *)timer->data)->arena);
}

/* The memory of an attempt that the runner has let go of. */
static void
release(struct attempt *at)
{
    if (at->timer)
        uv_close((uv_handle_t *)at->timer, timer_closed);
    else
        runner_reuse_arena(at->runner, at->arena);
}

/* No thread uses it any more. */
static void
release_if_idle(struct attempt *at)
{
    if (!at->calling && !at->computing)
        release(at);
}

static void
log_end(const struct attempt *at, enum job_outcome outcome, const char *error)
{
    static const char *const events[] = {
        [JOB_END_COMPLETED] = "job_done",      [JOB_END_RETRY] = "job_retried",
        [JOB_END_DISCARDED] = "job_discarded", [JOB_END_CANCELLED] = "job_cancelled",
        [JOB_END_RETURN] = "job_returned",
    };

    struct log_key keys[6] = { LOG_S("job_id", at->job.id.s), LOG_S("kind", at->job.kind),
                               LOG_I("attempt", at->job.attempt),
                               LOG_I("ms", clock_mono_ms() - at->started_ms) };
    int n = 4;

    if (outcome == JOB_END_COMPLETED && at->kind && at->kind->quiet)
        return;
    if (at->job.request_id)
        keys[n++] = LOG_S("request_id", at->job.request_id);
    if (error)
        keys[n++] = LOG_S("msg", error);
    log_write(outcome == JOB_END_DISCARDED ? LOG_LEVEL_WARN : LOG_LEVEL_INFO, events[outcome], keys,
              n);
}

static void
finish(struct attempt *at, enum job_outcome outcome, const char *error)
{
    assert(!at->calling && !at->computing && !at->dropped);
    counters_job(at->services->counters, at->kind, outcome, at->job.waited_ms,
                 clock_mono_ms() - at->started_ms);
    log_end(at, outcome, error);
    runner_finished(at->runner, at);
    release(at);
}

struct job_end
attempt_job_end(const struct attempt *at, enum job_outcome outcome, int64_t delay_ms,
                const char *error)
{
    return (struct job_end){ .id = at->job.id,
                             .place = at->job.place,
                             .outcome = outcome,
                             .delay_ms = delay_ms,
                             .error = error };
}

static void
end_with(struct attempt *at, enum job_outcome outcome, int64_t delay_ms, const char *error)
{
    struct job_end end = attempt_job_end(at, outcome, delay_ms, error);

    runner_add_end(at->runner, &end);
    finish(at, outcome, error);
}

void
attempt_end(struct attempt *at, enum job_outcome outcome, const char *error)
{
    end_with(at, outcome, 0, error);
}

void
attempt_ended(struct attempt *at, const struct job_end *end)
{
    runner_ended(at->runner, end);
    finish(at, end->outcome, end->error);
}

void
attempt_completed(struct attempt *at, struct err err)
{
    struct job_end end = attempt_job_end(at, JOB_END_COMPLETED, 0, NULL);

    if (err.code)
        attempt_fail(at, err);
    else
        attempt_ended(at, &end);
}

bool
attempt_is_cancelled(const struct attempt *at)
{
    return at->cancelled;
}

bool
attempt_is_returning(const struct attempt *at)
{
    return at->returning;
}

bool
attempt_is_last(const struct attempt *at)
{
    return at->job.attempt >= at->job.max_attempts;
}

/* Full jitter: at random up to a bound that doubles, so that those who failed together part. */
int64_t
attempt_delay_ms(const struct attempt *at, int64_t retry_after_ms)
{
    int64_t most = at->kind ? at->kind->backoff_ms : 1000;
    int64_t limit = at->kind ? at->kind->backoff_max_ms : 60000;
    int64_t delay;

    for (int n = 1; n < at->job.attempt && most < limit; n++)
        most *= 2;
    if (most > limit)
        most = limit;
    delay = DELAY_LEAST_MS + (int64_t)arc4random_uniform((uint32_t)most + 1);
    return retry_after_ms > 0 ? retry_after_ms + delay : delay;
}

const char *
attempt_refusal(const struct attempt *at)
{
    return at->job.cancel      ? "it was cancelled"
           : at->job.exhausted ? "its worker was lost in the last attempt"
           : at->job.expired   ? "its deadline passed while it waited"
                               : NULL;
}

bool
attempt_may_retry(const struct attempt *at, struct err err)
{
    bool may_pass = err.code == ERR_UPSTREAM || err.code == ERR_TIMEOUT ||
                    err.code == ERR_RATE_LIMITED || err.code == ERR_UNAVAILABLE;

    return may_pass && !attempt_is_last(at);
}

void
attempt_fail(struct attempt *at, struct err err)
{
    if (attempt_may_retry(at, err))
        end_with(at, JOB_END_RETRY, attempt_delay_ms(at, -1), err.msg);
    else
        end_with(at, JOB_END_DISCARDED, 0, err.msg);
}

/* ---- calls and waits -------------------------------------------------------------- */

static struct err
run_work(struct pool_call *call, struct db *db)
{
    struct attempt *at = call->owner;

    return at->work(at, db);
}

/* Tell the kind what was asked meanwhile. */
static void
tell(struct attempt *at)
{
    void (*fn)(struct attempt * at);

    if (at->calling || at->computing || at->told || !(at->cancelled || at->returning))
        return;
    at->told = true;
    fn = at->cancelled ? at->kind->cancel : at->kind->hand_back;
    if (fn) {
        fn(at);
        return;
    }
    if (at->kind->stop)
        at->kind->stop(at);
    attempt_end(at, at->cancelled ? JOB_END_CANCELLED : JOB_END_RETURN, NULL);
}

static void
work_done(struct pool_call *call, struct err err)
{
    struct attempt *at = call->owner;
    struct runner *r = at->runner;

    at->calling = false;
    if (at->dropped) {
        release_if_idle(at);
        return;
    }
    if (err.code == ERR_LEASE_LOST) {
        runner_drop(r, at);
        runner_doubt(r);
        return;
    }
    runner_watch(r, at);
    at->work_done(at, err);
    if (runner_watched(r) == at)
        tell(at);
    runner_watch(r, NULL);
}

void
attempt_work(struct attempt *at, struct err (*work)(struct attempt *at, struct db *db),
             void (*done)(struct attempt *at, struct err err))
{
    assert(!at->calling && !at->dropped);
    at->calling = true;
    at->work = work;
    at->work_done = done;
    at->call.owner = at;
    at->call.work = run_work;
    at->call.done = work_done;
    pool_run(at->kind->slow ? at->services->slow_pool : at->services->pool, &at->call);
}

static struct err
run_compute(struct pool_call *call, struct db *db)
{
    struct attempt *at = call->owner;

    (void)db;
    at->compute(at);
    return OK;
}

static void
compute_done(struct pool_call *call, struct err err)
{
    struct attempt *at = call->owner;
    struct runner *r = at->runner;

    (void)err;
    at->computing = false;
    if (at->dropped) {
        release_if_idle(at);
        return;
    }
    runner_watch(r, at);
    at->compute_done(at);
    if (runner_watched(r) == at)
        tell(at);
    runner_watch(r, NULL);
}

void
attempt_compute(struct attempt *at, void (*compute)(struct attempt *at),
                void (*done)(struct attempt *at))
{
    assert(!at->computing && !at->dropped);
    at->computing = true;
    at->compute = compute;
    at->compute_done = done;
    at->computation.owner = at;
    at->computation.work = run_compute;
    at->computation.done = compute_done;
    pool_run(at->services->cpu_pool, &at->computation);
}

bool
attempt_is_computing(const struct attempt *at)
{
    return at->computing;
}

static void
wait_over(uv_timer_t *timer)
{
    struct attempt *at = timer->data;

    at->wait_done(at);
}

void
attempt_wait(struct attempt *at, int64_t ms, void (*fn)(struct attempt *at))
{
    if (!at->timer) {
        at->timer = ARENA_NEW(at->arena, uv_timer_t);
        (void)uv_timer_init(at->services->loop, at->timer);
        at->timer->data = at;
    }
    at->wait_done = fn;
    (void)uv_timer_start(at->timer, wait_over, ms > 0 ? (uint64_t)ms : 0, 0);
}

void
attempt_wait_no_more(struct attempt *at)
{
    if (at->timer)
        (void)uv_timer_stop(at->timer);
}

/* ---- for the runner ----------------------------------------------------------------- */

void
attempt_start(struct attempt *at)
{
    const char *refused = attempt_refusal(at);

    at->started_ms = clock_mono_ms();
    at->running = true;
    if (!at->kind)
        attempt_end(at, JOB_END_DISCARDED, "no worker knows this kind of job");
    else if (!refused)
        at->kind->start(at);
    else if (at->kind->give_up)
        at->kind->give_up(at);
    else
        attempt_end(at, at->job.cancel ? JOB_END_CANCELLED : JOB_END_DISCARDED, refused);
}

void
attempt_cancel(struct attempt *at)
{
    if (at->cancelled)
        return;
    at->cancelled = true;
    at->told = false;
    if (at->running)
        tell(at);
}

void
attempt_hand_back(struct attempt *at)
{
    if (at->returning || at->cancelled)
        return;
    at->returning = true;
    tell(at);
}

void
attempt_overdue(struct attempt *at)
{
    if (at->calling)
        return; /* the database's own timeout ends it */
    if (at->kind->stop)
        at->kind->stop(at);
    attempt_fail(at, ERR(ERR_TIMEOUT, "it took longer than its kind may"));
}

void
attempt_drop(struct attempt *at)
{
    at->dropped = true;
    attempt_wait_no_more(at);
    if (at->running && at->kind && at->kind->stop)
        at->kind->stop(at);
    release_if_idle(at);
}
