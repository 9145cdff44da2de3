/*
 * The exchange with the queue: ends out, claims in, in one transaction. One is
 * under way at a time, and what ends meanwhile gathers for the next, so that an
 * idle worker tells the queue at once and a busy one in batches.
 */
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "worker/runner.h"

#define AHEAD_MS      5  /* claim what will be done in this time, beyond what has a slot */
#define QUICK_MS      5  /* claims this close are a streak */
#define STREAK_AWAKE  3  /* claims after which adders need not notify */
#define RATE_MS       20 /* over which ends are counted */
#define RATE_SMOOTHED 0.3
#define AGAIN_MS      200 /* after a failure */

static void
free_arena(void *arg)
{
    arena_free(arg);
}

static struct arena *
child_arena(struct arena *a)
{
    struct arena *child = arena_new();

    arena_defer(a, free_arena, child);
    return child;
}

void
exchange_init(struct exchange *e, struct arena *a)
{
    *e = (struct exchange){ .arena = child_arena(a) };
    e->gathering.arena = child_arena(a);
    e->flight.arena = child_arena(a);
}

static void
empty(struct ends *ends)
{
    arena_reset(ends->arena);
    ends->list = NULL;
    ends->count = ends->cap = 0;
}

void
exchange_reset(struct runner *r)
{
    struct exchange *e = &r->exchange;

    empty(&e->gathering);
    e->hungry = true;
    e->streak = 0;
    e->again_ms = 0;
}

static void
add_end(struct ends *ends, const struct job_end *end)
{
    ends->list = arena_grow(ends->arena, ends->list, ends->count, &ends->cap, sizeof(*ends->list));
    ends->list[ends->count] = *end;
    ends->list[ends->count++].error = end->error ? arena_strdup(ends->arena, end->error) : NULL;
}

void
exchange_add_end(struct exchange *e, const struct job_end *end)
{
    add_end(&e->gathering, end);
}

bool
exchange_is_idle(const struct runner *r)
{
    return !r->exchange.running && r->exchange.gathering.count == 0;
}

/* ---- how much ---------------------------------------------------------------------- */

static void
measure(struct exchange *e, int64_t now)
{
    if (now - e->rate_ms < RATE_MS)
        return;
    e->rate += RATE_SMOOTHED * ((double)e->ended / (double)(now - e->rate_ms) - e->rate);
    e->rate_ms = now;
    e->ended = 0;
}

/* Free slots, and what will be done before the next exchange can bring more. */
static int
room(const struct runner *r)
{
    int64_t n = r->options.slots - (int64_t)r->running.count - (int64_t)r->ready.count;

    if (r->stopping)
        return 0;
    n += (int64_t)(r->exchange.rate * AHEAD_MS);
    return n < 0 ? 0 : n > JOB_CLAIM_MAX ? JOB_CLAIM_MAX : (int)n;
}

/* ---- one exchange ---------------------------------------------------------------------- */

static struct err
swap(struct pool_call *call, struct db *db)
{
    struct exchange *e = &((struct runner *)call->owner)->exchange;

    arena_reset(e->arena);
    return job_exchange(db, e->arena, &e->worker, &e->x);
}

/*
 * Only when nothing was there, and whoever adds something from now on notifies,
 * may we wait. Without notifications the next poll will do.
 */
static void
judge(struct exchange *e, bool notified, int64_t now)
{
    if (e->x.claimed_count > 0) {
        e->streak = now - e->claimed_ms < QUICK_MS ? e->streak + 1 : 1;
        e->claimed_ms = now;
    } else {
        e->streak = 0;
    }
    e->hungry = e->x.claimed_count > 0 || (notified && !e->x.asleep);
}

/* A transaction that surely did not happen: its ends go with the next. */
static void
keep_ends(struct exchange *e)
{
    for (size_t i = 0; i < e->flight.count; i++)
        add_end(&e->gathering, &e->flight.list[i]);
}

static void
failed(struct runner *r, struct err err)
{
    struct exchange *e = &r->exchange;

    /* With the connection went the answer: what was claimed is known to the database alone. */
    if (err.code == ERR_LEASE_LOST || e->call.lost) {
        runner_lost(r, err);
        return;
    }
    log_warn("exchange_failed", LOG_S("msg", err.msg));
    keep_ends(e);
    e->hungry = true;
    e->again_ms = clock_mono_ms() + AGAIN_MS;
}

static void
swapped(struct pool_call *call, struct err err)
{
    struct runner *r = call->owner;
    struct exchange *e = &r->exchange;
    int64_t now = clock_mono_ms();

    /* What a lost lease has claimed is put back by whoever buries it. */
    if (r->state == RUNNER_UP && r->worker.lease == e->worker.lease) {
        if (err.code) {
            e->running = false;
            failed(r, err);
        } else {
            measure(e, now);
            if (e->x.limit > 0)
                judge(e, r->options.notify, now);
            /* Still running: a job that ends at once must not start the next with what this holds.
             */
            runner_claimed(r, e->x.claimed, e->x.claimed_count);
        }
    }
    e->running = false;
    empty(&e->flight);
    exchange_run(r);
}

void
exchange_run(struct runner *r)
{
    struct exchange *e = &r->exchange;
    int64_t now = clock_mono_ms();
    struct ends sent;
    int limit;

    if (r->state != RUNNER_UP || e->running || r->starting || now < e->again_ms)
        return;
    limit = room(r);
    if (e->gathering.count == 0 && (limit == 0 || !e->hungry))
        return;
    sent = e->gathering;
    e->gathering = e->flight;
    e->flight = sent;
    e->x = (struct job_exchange){
        .ends = sent.list,
        .end_count = sent.count,
        .limit = limit,
        .sleep = r->options.notify && limit > 0 && e->streak < STREAK_AWAKE,
    };
    e->worker = r->worker;
    e->running = true;
    e->call.owner = r;
    e->call.work = swap;
    e->call.done = swapped;
    pool_run(r->lane, &e->call);
}
