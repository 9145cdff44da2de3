/* offstage-worker: runs the jobs of the queue. */
#include "db/db.h"
#include "db/job.h"
#include "db/request.h"
#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/config.h"
#include "lib/daemon.h"
#include "lib/http.h"
#include "lib/log.h"
#include "lib/secret.h"
#include "lib/str.h"
#include "worker/counters.h"
#include "worker/crawl/hosts.h"
#include "worker/flusher.h"
#include "worker/kind.h"
#include "worker/model/dialect.h"
#include "worker/model/oauth.h"
#include "worker/pool.h"
#include "worker/runner.h"
#include "worker/searcher.h"
#include "worker/sweep.h"

#include <malloc.h>

#define STATEMENT_MS 30000
#define SLOW_MS      300000 /* of a statement of slow work: ten megabytes of passages, say */
#define PROGRAM      "offstage-worker"
#define SUMMARY      "runs the jobs of the queue"
#define USAGE_MAX    ((size_t)16 * 1024) /* bytes */
/* Any thread does any work in turn: a heap for each would keep what the largest once needed. */
#define HEAPS     3
#define HEAP_TRIM (4 * 1024 * 1024) /* free bytes at its end that it keeps */

struct worker {
    struct arena *arena;
    struct pool *flush_pool;
    uv_loop_t loop;
    struct services services;
    struct runner *runner;
    struct searcher *searcher;
    uv_poll_t stop;
    uv_timer_t watchdog;
    struct pool_call schedule;
    struct arena *schedule_arena;
    bool scheduling;
};

/* ---- what every worker sees to ------------------------------------------------- */

/* The queue keeps to it, whichever worker claims. */
static struct err
set_limits(struct db *db, struct arena *a)
{
    TRY(db_begin(db, TX_WRITE, ID_NONE));
    TRY(queue_limit(db, a, REQUEST_QUEUE, -1, config_int(SET_USER_RUNNING)));
    return db_commit(db);
}

static struct err
schedule(struct pool_call *call, struct db *db)
{
    struct worker *w = call->owner;

    TRY(sweep_schedule(db, w->schedule_arena));
    return set_limits(db, w->schedule_arena);
}

static void
scheduled(struct pool_call *call, struct err err)
{
    struct worker *w = call->owner;

    w->scheduling = false;
    arena_reset(w->schedule_arena);
    /* The next incarnation, or another worker's sweep, sees to it. */
    if (err.code)
        log_warn("sweep_not_scheduled", LOG_S("msg", err.msg));
}

static void
on_up(void *arg)
{
    struct worker *w = arg;

    if (w->scheduling)
        return;
    w->scheduling = true;
    w->schedule.owner = w;
    w->schedule.work = schedule;
    w->schedule.done = scheduled;
    pool_run(w->services.slow_pool, &w->schedule);
}

static void
on_lost(void *arg)
{
    struct worker *w = arg;

    pool_renew(w->services.pool);
    pool_renew(w->services.slow_pool);
    pool_renew(w->flush_pool);
}

/* ---- start and stop --------------------------------------------------------------- */

static void
on_over(void *arg)
{
    struct worker *w = arg;

    http_close(w->services.http);
    flusher_close(w->services.flusher);
    searcher_close(w->searcher);
    uv_close((uv_handle_t *)&w->stop, NULL);
    uv_close((uv_handle_t *)&w->watchdog, NULL);
}

static void
on_flight_lost(void *arg, struct err why)
{
    struct worker *w = arg;

    runner_lost(w->runner, why);
}

static void
on_stop(uv_poll_t *poll, int status, int events)
{
    struct worker *w = poll->data;

    (void)status;
    (void)events;
    (void)uv_poll_stop(poll); /* the signal stays unread, so that it is seen once */
    log_info("worker_stops", LOG_I("n", (int64_t)runner_running(w->runner)));
    daemon_notify("STOPPING=1");
    runner_stop(w->runner);
}

static void
on_watchdog(uv_timer_t *timer)
{
    (void)timer;
    daemon_notify("WATCHDOG=1");
}

static void
start_watchdog(struct worker *w)
{
    int64_t us;

    (void)uv_timer_init(&w->loop, &w->watchdog);
    if (str_int(str_from(getenv("WATCHDOG_USEC")), 2000, INT64_MAX, &us))
        (void)uv_timer_start(&w->watchdog, on_watchdog, 0, (uint64_t)us / 2000);
}

static void
start(struct worker *w, const struct db_options *db)
{
    size_t connections = (size_t)config_int(SET_WORKER_DB);
    struct db_options slow = *db;
    struct runner_options options = {
        .services = &w->services,
        .db = db,
        .queues = config_str(SET_WORKER_QUEUES),
        .slots = config_int(SET_WORKER_SLOTS),
        .poll_ms = config_int(SET_WORKER_POLL_MS),
        .drain_ms = config_int(SET_DRAIN_S) * 1000,
        .notify = config_bool(SET_NOTIFY),
        .up = on_up,
        .lost = on_lost,
        .over = on_over,
        .arg = w,
    };

    slow.statement_timeout_ms = SLOW_MS;
    pool_threads(2 * connections + 3);
    w->services.loop = &w->loop;
    w->services.counters = counters_new(w->arena);
    w->services.pool = pool_new(w->arena, &w->loop, db, connections);
    w->services.slow_pool = pool_new(w->arena, &w->loop, &slow, 1);
    w->services.cpu_pool = pool_new(w->arena, &w->loop, db, connections);
    w->flush_pool = pool_new(w->arena, &w->loop, db, 1);
    pool_count(w->services.pool, w->services.counters);
    pool_count(w->services.slow_pool, w->services.counters);
    pool_count(w->flush_pool, w->services.counters);
    w->services.http = http_new(w->arena, &w->loop);
    w->services.tokens = oauth_new(w->arena);
    w->services.hosts = hosts_new(w->arena);
    w->services.scratch = arena_new();
    w->services.flusher =
        flusher_new(w->arena, &w->loop, w->flush_pool, config_int(SET_FLUSH_MS), on_flight_lost, w);
    w->searcher = searcher_new(w->arena, &w->loop, w->services.slow_pool);
    w->schedule_arena = arena_new();
    w->runner = runner_new(w->arena, &options);
    start_watchdog(w);
}

static const char *
usage(struct arena *a)
{
    struct buf out;

    buf_init(&out, a, USAGE_MAX);
    buf_add_str(&out,
                "It takes jobs from the queue in PostgreSQL and runs them, any number of "
                "workers\nbeside each other. Settings are read from the environment.\n\n"
                "SIGTERM, SIGINT: take no more jobs, finish what runs or hand it back within\n"
                "OFFSTAGE_DRAIN_S seconds, and exit.\n\nKinds of jobs, and their queues:\n");
    for (size_t i = 0; kinds[i]; i++)
        buf_printf(&out, "  %-16s %-8s %s\n", kinds[i]->name, kinds[i]->queue, kinds[i]->summary);
    buf_add_str(&out, "\nKinds of agents:\n");
    for (size_t i = 0; dialects[i]; i++)
        buf_printf(&out, "  %-16s %s\n", dialects[i]->kind, dialects[i]->summary);
    return out.data;
}

int
main(int argc, char **argv)
{
    static struct worker w;
    enum log_level level = LOG_LEVEL_INFO;
    struct db_options db = { .application = PROGRAM, .statement_timeout_ms = STATEMENT_MS };
    int stop_fd;

    w.arena = arena_new();
    config_arguments(argc, argv, PROGRAM, 'W', SUMMARY, usage(w.arena));
    (void)mallopt(M_ARENA_MAX, HEAPS);
    (void)mallopt(M_TRIM_THRESHOLD, HEAP_TRIM);
    if (!config_load('W'))
        return 2;
    (void)log_level_parse(config_str(SET_LOG_LEVEL), &level);
    log_init(PROGRAM, level);
    secret_init();
    stop_fd = daemon_stop_fd(); /* before there are threads */
    db.conninfo = config_str(SET_DATABASE_URL);
    db.recent_bytes = (size_t)config_int(SET_SEARCH_MEMORY_MIB) << 20;
    db.role = config_str(SET_DATABASE_ROLE)[0] ? config_str(SET_DATABASE_ROLE) : "offstage_worker";

    if (uv_loop_init(&w.loop) || uv_poll_init(&w.loop, &w.stop, stop_fd))
        abort();
    start(&w, &db);
    w.stop.data = &w;
    (void)uv_poll_start(&w.stop, UV_READABLE, on_stop);
    log_info("worker_started", LOG_I("n", config_int(SET_WORKER_SLOTS)));
    daemon_notify("READY=1");
    (void)uv_run(&w.loop, UV_RUN_DEFAULT);

    log_info("worker_ended", LOG_I("n", (int64_t)runner_running(w.runner)));
    arena_free(w.services.scratch);
    arena_free(w.schedule_arena);
    arena_free(w.arena);
    (void)uv_loop_close(&w.loop);
    return 0;
}
