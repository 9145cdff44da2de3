#include "worker/flusher.h"

#include "db/event.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "worker/pool.h"

#define REPEAT_MS 200 /* before a failed flight is flown again */

struct flusher {
    struct collector collector;
    struct pool_call call;
    struct pool *pool;
    uv_timer_t timer;
    int64_t base_ms, departed_ms, took_ms;
    struct job_worker lease, flight_lease;
    struct event *batch;
    size_t count;
    struct arena *arena; /* of the flight */
    bool in_flight, unsure;
    void (*lost)(void *arg, struct err why);
    void *lost_arg;
};

/* A flight that may have landed unheard has, if its first event is in the log. */
static struct err
has_landed(struct flusher *f, struct db *db, bool *landed)
{
    int64_t last;

    *landed = false;
    if (!f->unsure)
        return OK;
    TRY(db_begin(db, TX_READ, ID_NONE));
    TRY(event_last(db, f->arena, f->batch[0].request_id, &last));
    db_end_read(db);
    *landed = last >= f->batch[0].seq;
    return OK;
}

static struct err
fly(struct pool_call *call, struct db *db)
{
    struct flusher *f = call->owner;
    bool landed;

    TRY(has_landed(f, db, &landed));
    if (landed)
        return OK;
    TRY(db_begin(db, TX_WRITE, ID_NONE));
    TRY(job_fence(db, &f->flight_lease));
    for (size_t from = 0; from < f->count; from += EVENT_ADD_MAX) {
        size_t n = f->count - from < EVENT_ADD_MAX ? f->count - from : EVENT_ADD_MAX;

        TRY(event_add(db, f->arena, f->batch + from, n));
    }
    return db_commit(db);
}

static bool
may_pass(struct err err)
{
    return err.code == ERR_UNAVAILABLE || err.code == ERR_TIMEOUT;
}

static void
repeat(uv_timer_t *timer)
{
    struct flusher *f = timer->data;

    pool_run(f->pool, &f->call);
}

static void
fly_done(struct pool_call *call, struct err err)
{
    struct flusher *f = call->owner;

    /* After a new lease nobody waits for the old one's events. */
    if (err.code && may_pass(err) && f->flight_lease.lease == f->lease.lease) {
        f->unsure = true;
        (void)uv_timer_start(&f->timer, repeat, REPEAT_MS, 0);
        return;
    }
    f->in_flight = false;
    f->took_ms = clock_mono_ms() - f->departed_ms;
    if (err.code && f->flight_lease.lease == f->lease.lease)
        f->lost(f->lost_arg, err);
    collector_landed(&f->collector);
    flusher_wake(f);
}

static void
depart(uv_timer_t *timer)
{
    struct flusher *f = timer->data;

    if (!collector_has_pending(&f->collector))
        return;
    f->count = collector_depart(&f->collector, &f->batch, &f->arena);
    f->flight_lease = f->lease;
    f->in_flight = true;
    f->unsure = false;
    f->departed_ms = clock_mono_ms();
    pool_run(f->pool, &f->call);
}

void
flusher_wake(struct flusher *f)
{
    int64_t wait;

    if (f->in_flight || !collector_has_pending(&f->collector) ||
        uv_is_active((const uv_handle_t *)&f->timer))
        return;
    wait = f->departed_ms + collector_interval_ms(&f->collector, f->base_ms, f->took_ms) -
           clock_mono_ms();
    (void)uv_timer_start(&f->timer, depart, wait > 0 ? (uint64_t)wait : 0, 0);
}

struct flusher *
flusher_new(struct arena *a, uv_loop_t *loop, struct pool *pool, int64_t base_ms,
            void (*lost)(void *arg, struct err why), void *arg)
{
    struct flusher *f = ARENA_NEW(a, struct flusher);

    collector_init(&f->collector, a);
    f->call.owner = f;
    f->call.work = fly;
    f->call.done = fly_done;
    f->pool = pool;
    f->base_ms = base_ms;
    f->lost = lost;
    f->lost_arg = arg;
    (void)uv_timer_init(loop, &f->timer);
    f->timer.data = f;
    return f;
}

struct collector *
flusher_collector(struct flusher *f)
{
    return &f->collector;
}

void
flusher_lease(struct flusher *f, struct job_worker lease)
{
    f->lease = lease;
}

bool
flusher_is_idle(const struct flusher *f)
{
    return !f->in_flight && !collector_has_pending(&f->collector);
}

void
flusher_close(struct flusher *f)
{
    uv_close((uv_handle_t *)&f->timer, NULL);
}
