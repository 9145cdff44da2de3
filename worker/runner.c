#include "worker/runner.h"

#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "worker/flusher.h"
#include "worker/kind.h"

#include <assert.h>
#include <string.h>

#define TICK_MS         250
#define SCAN_MS         1000 /* between two looks for attempts past their time */
#define SPARE_MAX       600  /* arenas kept for later attempts, 4 KiB each */
#define RETRY_FIRST_MS  200
#define LEAVE_MARGIN_MS 2000 /* of the time to drain, kept for handing back */

/* ---- lists ------------------------------------------------------------------- */

static void
append(struct attempt_list *list, struct attempt *at)
{
    at->prev = list->last;
    at->next = NULL;
    if (list->last)
        list->last->next = at;
    else
        list->first = at;
    list->last = at;
    list->count++;
}

static void
take_out(struct attempt_list *list, struct attempt *at)
{
    if (at->prev)
        at->prev->next = at->next;
    else
        list->first = at->next;
    if (at->next)
        at->next->prev = at->prev;
    else
        list->last = at->prev;
    list->count--;
}

/* ---- memory -------------------------------------------------------------------- */

static struct arena *
spare_arena(struct runner *r)
{
    return r->spare_count > 0 ? r->spare[--r->spare_count] : arena_new();
}

void
runner_reuse_arena(struct runner *r, struct arena *a)
{
    if (r->spare_count == SPARE_MAX) {
        arena_free(a);
        return;
    }
    arena_reset(a);
    r->spare[r->spare_count++] = a;
}

static void
free_spare(void *arg)
{
    struct runner *r = arg;

    while (r->spare_count > 0)
        arena_free(r->spare[--r->spare_count]);
    arena_free(r->life);
    arena_free(r->upkeep.arena);
    arena_free(r->upkeep.counted_arena);
}

/* ---- attempts --------------------------------------------------------------------- */

void
runner_start_ready(struct runner *r)
{
    if (r->starting)
        return;
    r->starting = true;
    while (r->ready.first && (int64_t)r->running.count < r->options.slots && !r->stopping) {
        struct attempt *at = r->ready.first;

        take_out(&r->ready, at);
        append(&r->running, at);
        attempt_start(at);
    }
    r->starting = false;
    exchange_run(r);
}

void
runner_claimed(struct runner *r, const struct job_claimed *jobs, size_t n)
{
    for (size_t i = 0; i < n; i++)
        append(&r->ready, attempt_new(r, spare_arena(r), r->options.services, r->worker, &jobs[i]));
    runner_start_ready(r);
}

void
runner_ended(struct runner *r, const struct job_end *end)
{
    if (end->outcome == JOB_END_RETRY)
        upkeep_promote_at(r, end->delay_ms);
}

void
runner_add_end(struct runner *r, const struct job_end *end)
{
    exchange_add_end(&r->exchange, end);
    runner_ended(r, end);
}

void
runner_finished(struct runner *r, struct attempt *at)
{
    if (r->watched == at)
        r->watched = NULL;
    take_out(at->running ? &r->running : &r->ready, at);
    r->exchange.ended++;
    runner_start_ready(r);
}

void
runner_drop(struct runner *r, struct attempt *at)
{
    if (r->watched == at)
        r->watched = NULL;
    take_out(at->running ? &r->running : &r->ready, at);
    attempt_drop(at);
}

void
runner_watch(struct runner *r, struct attempt *at)
{
    r->watched = at;
}

struct attempt *
runner_watched(const struct runner *r)
{
    return r->watched;
}

void
runner_cancel(struct runner *r, struct id job_id)
{
    for (struct attempt *at = r->running.first; at; at = at->next) {
        if (id_eq(at->job.id, job_id)) {
            attempt_cancel(at);
            return;
        }
    }
    for (struct attempt *at = r->ready.first; at; at = at->next)
        if (id_eq(at->job.id, job_id))
            attempt_cancel(at);
}

static void
end_overdue(struct runner *r, int64_t now)
{
    struct attempt *next;

    for (struct attempt *at = r->running.first; at; at = next) {
        next = at->next;
        if (at->kind->timeout_s > 0 && now >= at->started_ms + at->kind->timeout_s * 1000)
            attempt_overdue(at);
    }
}

size_t
runner_running(const struct runner *r)
{
    return r->running.count;
}

/* ---- incarnations ------------------------------------------------------------------- */

void
runner_up(struct runner *r)
{
    r->state = RUNNER_UP;
    r->retry_after_ms = RETRY_FIRST_MS;
    r->away_told = false;
    flusher_lease(r->options.services->flusher, r->worker);
    exchange_reset(r);
    upkeep_reset(r);
    log_info("worker_registered", LOG_I("worker", r->worker.lease));
    r->options.up(r->options.arg);
    exchange_run(r);
}

/* Everything goes, as if this process had died: only the database knows what it had. */
static void
drop_all(struct runner *r)
{
    while (r->running.first)
        runner_drop(r, r->running.first);
    while (r->ready.first)
        runner_drop(r, r->ready.first);
}

void
runner_lost(struct runner *r, struct err why)
{
    if (r->state != RUNNER_UP)
        return;
    log_warn("worker_lease_lost", LOG_I("worker", r->worker.lease),
             LOG_I("n", (int64_t)(r->running.count + r->ready.count)), LOG_S("msg", why.msg));
    r->state = RUNNER_DOWN;
    r->worker.lease = 0;
    flusher_lease(r->options.services->flusher, r->worker);
    drop_all(r);
    listener_close(r);
    r->options.lost(r->options.arg);
    pool_renew(r->lane);
    r->retry_ms = 0;
}

void
runner_doubt(struct runner *r)
{
    r->upkeep.beat_ms = 0;
    upkeep_run(r, clock_mono_ms());
}

/* ---- the end --------------------------------------------------------------------------- */

static bool
is_quiet(const struct runner *r)
{
    return r->running.count == 0 && exchange_is_idle(r) &&
           flusher_is_idle(r->options.services->flusher);
}

static void
return_ready(struct runner *r)
{
    while (r->ready.first)
        attempt_end(r->ready.first, JOB_END_RETURN, NULL);
}

static void
hand_back(struct runner *r)
{
    struct attempt *next;

    r->handed_back = true;
    log_info("worker_hands_back", LOG_I("n", (int64_t)r->running.count));
    for (struct attempt *at = r->running.first; at; at = next) {
        next = at->next;
        attempt_hand_back(at);
    }
}

static void
over(struct runner *r)
{
    if (r->state == RUNNER_OVER)
        return;
    r->state = RUNNER_OVER;
    drop_all(r);
    listener_close(r);
    uv_close((uv_handle_t *)&r->tick, NULL);
    r->options.over(r->options.arg);
}

static void
stop_further(struct runner *r, int64_t now)
{
    if (r->state == RUNNER_LEAVING) {
        if (pool_is_idle(r->lane))
            over(r);
        return;
    }
    return_ready(r);
    if (!r->handed_back && now >= r->hand_back_ms)
        hand_back(r);
    if (r->state != RUNNER_UP && r->state != RUNNER_REGISTERING)
        over(r);
    else if (r->state == RUNNER_UP && !r->upkeep.running && (is_quiet(r) || now >= r->leave_ms))
        listener_leave(r);
}

void
runner_stop(struct runner *r)
{
    int64_t now = clock_mono_ms(), margin = LEAVE_MARGIN_MS;

    if (r->stopping)
        return;
    if (margin > r->options.drain_ms / 4)
        margin = r->options.drain_ms / 4;
    r->stopping = true;
    r->leave_ms = now + r->options.drain_ms;
    r->hand_back_ms = r->leave_ms - margin;
    stop_further(r, now);
}

/* ---- the clock ---------------------------------------------------------------------------- */

static void
tick(uv_timer_t *timer)
{
    struct runner *r = timer->data;
    int64_t now = clock_mono_ms();

    if (r->state == RUNNER_DOWN && !r->stopping && now >= r->retry_ms)
        listener_register(r);
    if (r->state == RUNNER_UP) {
        if (now + TICK_MS / 2 >= r->poll_due_ms) {
            r->poll_due_ms = now + r->options.poll_ms;
            r->exchange.hungry = true;
        }
        if (now >= r->scan_ms) {
            r->scan_ms = now + SCAN_MS;
            end_overdue(r, now);
        }
        upkeep_run(r, now);
        exchange_run(r);
    }
    if (r->stopping)
        stop_further(r, now);
}

struct runner *
runner_new(struct arena *a, const struct runner_options *options)
{
    struct runner *r = ARENA_NEW(a, struct runner);
    uv_loop_t *loop = options->services->loop;
    uint64_t every = options->poll_ms < TICK_MS ? (uint64_t)options->poll_ms : TICK_MS;

    r->options = *options;
    r->arena = a;
    r->life = arena_new();
    r->upkeep.arena = arena_new();
    r->upkeep.counted_arena = arena_new();
    r->spare = arena_array(a, SPARE_MAX, sizeof(struct arena *));
    arena_defer(a, free_spare, r);
    r->lane = pool_new(a, loop, options->db, 1);
    r->listener = db_new(a, options->db);
    r->retry_after_ms = RETRY_FIRST_MS;
    exchange_init(&r->exchange, a);
    (void)uv_timer_init(loop, &r->tick);
    r->tick.data = r;
    (void)uv_timer_start(&r->tick, tick, 0, every);
    return r;
}
