#include "worker/searcher.h"

#include "db/db.h"
#include "db/search.h"
#include "lib/arena.h"
#include "lib/log.h"
#include "worker/pool.h"

#define EVERY_MS 2000
#define MOST     500 /* messages in one statement, some tenths of a second */

struct searcher {
    struct pool *pool;
    struct arena *arena; /* of the call under way */
    uv_timer_t timer;
    struct pool_call call;
    int64_t indexed;
    bool running, failing, closed;
};

static void look(struct searcher *s);

static struct err
index_some(struct pool_call *call, struct db *db)
{
    struct searcher *s = call->owner;

    TRY(db_begin(db, TX_NONE, ID_NONE));
    return search_index(db, s->arena, MOST, &s->indexed);
}

static void
indexed(struct pool_call *call, struct err err)
{
    struct searcher *s = call->owner;

    s->running = false;
    if (err.code && !s->failing)
        log_warn("search_index_failed", LOG_S("msg", err.msg));
    s->failing = err.code != ERR_NONE;
    arena_reset(s->arena);
    if (s->closed)
        arena_free(s->arena);
    else if (!err.code && s->indexed > 0)
        look(s);
}

static void
look(struct searcher *s)
{
    s->running = true;
    s->indexed = 0;
    s->call.owner = s;
    s->call.work = index_some;
    s->call.done = indexed;
    pool_run(s->pool, &s->call);
}

static void
on_time(uv_timer_t *timer)
{
    struct searcher *s = timer->data;

    if (!s->running)
        look(s);
}

struct searcher *
searcher_new(struct arena *a, uv_loop_t *loop, struct pool *pool)
{
    struct searcher *s = ARENA_NEW(a, struct searcher);

    s->pool = pool;
    s->arena = arena_new();
    s->timer.data = s;
    (void)uv_timer_init(loop, &s->timer);
    (void)uv_timer_start(&s->timer, on_time, EVERY_MS, EVERY_MS);
    return s;
}

void
searcher_close(struct searcher *s)
{
    s->closed = true;
    uv_close((uv_handle_t *)&s->timer, NULL);
    if (!s->running)
        arena_free(s->arena);
}
