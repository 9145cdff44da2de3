/* What the queue needs every so often, whoever of the workers does it. */
#include "db/cancel.h"
#include "db/counter.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "worker/counters.h"
#include "worker/runner.h"

#define BEAT_MS    5000
#define RESCUE_MS  1000
#define PROMOTE_MS 1000
#define CANCELS_MS 500 /* for cancels whose notification was lost */
#define QUIET_MS   200 /* the same where there are no notifications: with every tick */

void
upkeep_reset(struct runner *r)
{
    int64_t now = clock_mono_ms();

    r->upkeep.beat_ms = now + BEAT_MS;
    r->upkeep.rescue_ms = r->upkeep.promote_ms = r->upkeep.cancels_ms = now;
}

void
upkeep_promote_at(struct runner *r, int64_t ms)
{
    int64_t due = clock_mono_ms() + ms;

    if (due < r->upkeep.promote_ms)
        r->upkeep.promote_ms = due;
}

void
upkeep_take_counters(struct runner *r)
{
    struct upkeep *u = &r->upkeep;

    arena_reset(u->counted_arena);
    u->counted_count = counters_take(r->options.services->counters, u->counted_arena, &u->counted);
    u->counted_stored = false;
}

struct err
upkeep_store_counters(struct runner *r, struct db *db)
{
    struct upkeep *u = &r->upkeep;

    TRY(counter_add(db, u->counted_arena, u->counted, u->counted_count));
    u->counted_stored = true;
    return OK;
}

static struct err
look_after(struct pool_call *call, struct db *db)
{
    struct upkeep *u = &((struct runner *)call->owner)->upkeep;
    int64_t n;

    arena_reset(u->arena);
    u->moved = 0;
    u->cancelled_count = 0;
    if (u->beat)
        TRY(job_worker_beat(db, u->arena, &u->worker, (int64_t)u->jobs_running));
    if (u->beat)
        TRY(upkeep_store_counters(call->owner, db));
    if (u->cancels && u->jobs_running > 0)
        TRY(cancel_list(db, u->arena, &u->worker, &u->cancelled, &u->cancelled_count));
    if (u->rescue) {
        TRY(job_rescue(db, u->arena, &u->worker, &n));
        u->moved += n;
    }
    if (u->promote) {
        TRY(job_promote(db, u->arena, &n));
        u->moved += n;
    }
    return OK;
}

static void
looked_after(struct pool_call *call, struct err err)
{
    struct runner *r = call->owner;
    struct upkeep *u = &r->upkeep;

    u->running = false;
    if (u->beat && u->counted_stored)
        counters_stored(r->options.services->counters);
    if (r->state != RUNNER_UP || r->worker.lease != u->worker.lease)
        return;
    if (err.code == ERR_LEASE_LOST) {
        runner_lost(r, err);
        return;
    }
    if (err.code)
        log_warn("upkeep_failed", LOG_S("msg", err.msg));
    for (size_t i = 0; i < u->cancelled_count; i++)
        runner_cancel(r, u->cancelled[i]);
    if (u->moved > 0)
        r->exchange.hungry = true;
    exchange_run(r);
    upkeep_run(r, clock_mono_ms()); /* what became due meanwhile */
}

static bool
is_due(int64_t *at, int64_t now, int64_t every)
{
    if (now < *at)
        return false;
    *at = now + every;
    return true;
}

void
upkeep_run(struct runner *r, int64_t now)
{
    struct upkeep *u = &r->upkeep;

    if (r->state != RUNNER_UP || u->running)
        return;
    u->beat = is_due(&u->beat_ms, now, BEAT_MS);
    u->rescue = is_due(&u->rescue_ms, now, RESCUE_MS);
    u->promote = is_due(&u->promote_ms, now, PROMOTE_MS);
    u->cancels = is_due(&u->cancels_ms, now, r->options.notify ? CANCELS_MS : QUIET_MS);
    if (!u->beat && !u->rescue && !u->promote && !u->cancels)
        return;
    u->jobs_running = r->running.count + r->ready.count;
    if (u->beat)
        upkeep_take_counters(r);
    u->worker = r->worker;
    u->running = true;
    u->call.owner = r;
    u->call.work = look_after;
    u->call.done = looked_after;
    pool_run(r->lane, &u->call);
}

void
upkeep_look_for_cancels(struct runner *r)
{
    r->upkeep.cancels_ms = 0;
    upkeep_run(r, clock_mono_ms());
}
