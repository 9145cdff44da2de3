/* An incarnation: its registration, and the connection that proves that it lives. */
#include "db/notify.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "worker/runner.h"

#include <string.h>
#include <unistd.h>

#define HOST_MAX     256
#define RETRY_MAX_MS 1000

/* ---- notifications ------------------------------------------------------------- */

static void
notified(void *arg, const char *channel, const char *payload)
{
    struct runner *r = arg;

    if (!r->options.notify)
        return;
    if (strcmp(channel, NOTIFY_JOB) == 0)
        r->exchange.hungry = true;
    else if (strcmp(channel, NOTIFY_WORKER) == 0 && strtoll(payload, NULL, 10) == r->worker.lease)
        upkeep_look_for_cancels(r);
}

/* It lives in an arena of its own: libuv lets go of it later than its incarnation does. */
struct listener {
    uv_poll_t poll;
    struct arena *arena;
    struct runner *runner;
};

static void
on_readable(uv_poll_t *poll, int status, int events)
{
    struct runner *r = ((struct listener *)poll->data)->runner;
    struct err e;

    (void)status;
    (void)events;
    e = db_notifications(r->listener, notified, r);
    if (e.code)
        runner_lost(r, e);
    else
        exchange_run(r);
}

static void
closed(uv_handle_t *handle)
{
    arena_free(((struct listener *)handle->data)->arena);
}

static void
listen_on_loop(struct runner *r)
{
    struct arena *a = arena_new();
    struct listener *l = ARENA_NEW(a, struct listener);

    l->arena = a;
    l->runner = r;
    l->poll.data = l;
    if (uv_poll_init(r->options.services->loop, &l->poll, db_fd(r->listener)))
        abort(); /* libpq's socket is open and non-blocking: no memory */
    (void)uv_poll_start(&l->poll, UV_READABLE, on_readable);
    r->listening = l;
}

void
listener_close(struct runner *r)
{
    if (!r->listening)
        return;
    (void)uv_poll_stop(&r->listening->poll);
    uv_close((uv_handle_t *)&r->listening->poll, closed);
    r->listening = NULL;
}

/* ---- registration ---------------------------------------------------------------- */

static struct err
enrol(struct pool_call *call, struct db *db)
{
    struct runner *r = call->owner;
    char host[HOST_MAX] = "";

    (void)gethostname(host, sizeof(host) - 1);
    arena_reset(r->life);
    /* A new session: with the old one ends its lock, by which peers see that the old life is over.
     */
    db_disconnect(r->listener);
    return job_worker_start(db, r->listener, r->life, host, (int)getpid(),
                            r->options.queues[0] ? r->options.queues : NULL, &r->registering);
}

static void
enrolled(struct pool_call *call, struct err err)
{
    struct runner *r = call->owner;

    if (!err.code) {
        r->worker = r->registering;
        listen_on_loop(r);
        runner_up(r);
        return;
    }
    if (!r->away_told)
        log_warn("worker_not_registered", LOG_S("msg", err.msg));
    r->away_told = true;
    r->state = RUNNER_DOWN;
    r->retry_ms = clock_mono_ms() + r->retry_after_ms;
    r->retry_after_ms *= 2;
    if (r->retry_after_ms > RETRY_MAX_MS)
        r->retry_after_ms = RETRY_MAX_MS;
}

void
listener_register(struct runner *r)
{
    r->state = RUNNER_REGISTERING;
    r->call.owner = r;
    r->call.work = enrol;
    r->call.done = enrolled;
    pool_run(r->lane, &r->call);
}

static struct err
leave(struct pool_call *call, struct db *db)
{
    struct runner *r = call->owner;

    TRY(job_worker_stop(db, r->life, &r->worker));
    return upkeep_store_counters(r, db);
}

static void
left(struct pool_call *call, struct err err)
{
    (void)call;
    if (err.code)
        log_warn("worker_not_removed", LOG_S("msg", err.msg));
}

void
listener_leave(struct runner *r)
{
    r->state = RUNNER_LEAVING;
    upkeep_take_counters(r);
    r->call.owner = r;
    r->call.work = leave;
    r->call.done = left;
    pool_run(r->lane, &r->call);
}
