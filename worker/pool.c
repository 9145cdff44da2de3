#include "worker/pool.h"

#include "lib/arena.h"
#include "lib/clock.h"
#include "worker/counters.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct pool_slot {
    struct db *db;
    bool renew;
};

struct pool {
    uv_loop_t *loop;
    struct pool_slot *slots, **free; /* the free ones are a stack */
    size_t free_count, size;
    struct counters *counters;      /* NULL: nobody counts */
    struct pool_call *first, *last; /* that wait */
};

void
pool_threads(size_t count)
{
    char text[24];

    snprintf(text, sizeof(text), "%zu", count);
    (void)setenv("UV_THREADPOOL_SIZE", text, 1);
}

struct pool *
pool_new(struct arena *a, uv_loop_t *loop, const struct db_options *options, size_t connections)
{
    struct pool *p = ARENA_NEW(a, struct pool);

    p->loop = loop;
    p->slots = arena_array(a, connections, sizeof(*p->slots));
    p->free = arena_array(a, connections, sizeof(struct pool_slot *));
    p->size = connections;
    for (size_t i = 0; i < connections; i++) {
        p->slots[i].db = db_new(a, options);
        p->free[p->free_count++] = &p->slots[i];
    }
    return p;
}

void
pool_renew(struct pool *p)
{
    for (size_t i = 0; i < p->size; i++)
        p->slots[i].renew = true;
}

static void
work(uv_work_t *request)
{
    struct pool_call *call = request->data;

    if (call->renew)
        db_disconnect(call->slot->db);
    call->lost = false;
    call->began_ns = clock_mono_ns();
    call->err = call->work(call, call->slot->db);
    call->ended_ns = clock_mono_ns();
    if (!call->err.code)
        return;
    /* The text may be the connection's, which is another call's in a moment. */
    snprintf(call->message, sizeof(call->message), "%s", call->err.msg);
    call->err.msg = call->message;
    db_rollback(call->slot->db);
    call->lost = !db_is_connected(call->slot->db);
}

static void start(struct pool *p);

static void
after_work(uv_work_t *request, int status)
{
    struct pool_call *call = request->data;
    struct pool *p = call->pool;

    assert(status == 0);
    p->free[p->free_count++] = call->slot;
    call->pool = NULL;
    if (p->counters)
        counters_pool(p->counters, call->began_ns - call->queued_ns,
                      call->ended_ns - call->began_ns);
    start(p);
    call->done(call, call->err);
}

/* Give free connections to calls that wait. */
static void
start(struct pool *p)
{
    while (p->first && p->free_count > 0) {
        struct pool_call *call = p->first;
        int failed;

        p->first = call->next;
        if (!p->first)
            p->last = NULL;
        call->next = NULL;
        call->slot = p->free[--p->free_count];
        call->renew = call->slot->renew;
        call->slot->renew = false;
        call->work_request.data = call;
        failed = uv_queue_work(p->loop, &call->work_request, work, after_work);
        assert(!failed);
        (void)failed;
    }
}

void
pool_count(struct pool *p, struct counters *counters)
{
    p->counters = counters;
}

void
pool_run(struct pool *p, struct pool_call *call)
{
    assert(!call->pool);
    call->pool = p;
    call->queued_ns = clock_mono_ns();
    call->next = NULL;
    if (p->last)
        p->last->next = call;
    else
        p->first = call;
    p->last = call;
    start(p);
}

bool
pool_is_idle(const struct pool *p)
{
    return p->free_count == p->size;
}
