/*
 * Runner: takes jobs from the queue and runs them, as one incarnation after
 * the other.
 *
 * An incarnation is a lease: it begins when the worker is registered, and ends
 * when the connection that proves its life is lost or peers have buried it. All
 * its attempts are dropped then, and a new one begins. The worker itself ends
 * only when told to, after what runs has ended or has been handed back.
 *
 * runner.c     starts, stops, drops; which attempts run
 * listener.c   the incarnation: its registration, its notifications
 * exchange.c   ends out, claims in
 * upkeep.c     what is due every so often: beat, rescue, promote, cancels
 */
#ifndef WORKER_RUNNER_H
#define WORKER_RUNNER_H

#include "db/job.h"
#include "lib/err.h"
#include "worker/attempt.h"
#include "worker/pool.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct arena;
struct db_options;
struct listener;

struct runner_options {
    const struct services *services;
    const struct db_options *db;
    const char *queues; /* names separated by commas; "" for all */
    int64_t slots, poll_ms, drain_ms;
    bool notify;
    void (*up)(void *arg);   /* registered, at each incarnation */
    void (*lost)(void *arg); /* the incarnation is over, perhaps since the server went away */
    void (*over)(void *arg); /* told to stop, and done */
    void *arg;
};

/* Attempts in their order. */
struct attempt_list {
    struct attempt *first, *last;
    size_t count;
};

/* Ends on their way to the queue. */
struct ends {
    struct arena *arena;
    struct job_end *list;
    size_t count, cap;
};

struct exchange {
    struct pool_call call;
    struct job_exchange x;
    struct arena *arena;
    struct ends gathering, flight;
    struct job_worker worker;     /* under which it runs */
    int64_t claimed_ms, again_ms; /* when last something was claimed; no exchange before */
    int streak;                   /* claims in quick succession */
    bool hungry;                  /* there may be work */
    bool running;
    double rate; /* ends per millisecond */
    int64_t rate_ms;
    size_t ended;
};

struct upkeep {
    struct pool_call call;
    struct arena *arena;
    struct job_worker worker;                           /* for whom */
    int64_t beat_ms, rescue_ms, promote_ms, cancels_ms; /* when they are due */
    bool beat, rescue, promote, cancels;                /* in this call */
    bool running;
    int64_t moved;
    struct id *cancelled;
    size_t cancelled_count, jobs_running;
    struct arena *counted_arena;
    struct counter *counted; /* on their way to the database */
    size_t counted_count;
    bool counted_stored;
};

struct runner {
    struct runner_options options;
    struct arena *arena;
    struct pool *lane; /* the queue's own connection */
    struct db *listener;
    struct job_worker worker;
    struct job_worker registering;
    struct arena *life; /* memory of the incarnation */
    struct pool_call call;
    enum { RUNNER_DOWN, RUNNER_REGISTERING, RUNNER_UP, RUNNER_LEAVING, RUNNER_OVER } state;
    int64_t retry_ms, retry_after_ms; /* when to register again, and the wait before the next try */
    bool away_told;
    struct listener *listening; /* NULL while there is no incarnation */
    uv_timer_t tick;
    bool stopping, handed_back;
    int64_t hand_back_ms, leave_ms, poll_due_ms, scan_ms;
    struct attempt_list running, ready;
    bool starting; /* attempts are being started: what ends at once is not told yet */
    struct attempt *watched;
    struct arena **spare; /* for the next attempts */
    size_t spare_count;
    struct exchange exchange;
    struct upkeep upkeep;
};

struct runner *runner_new(struct arena *a, const struct runner_options *options);

/* Told to stop: no more claims, hand back in the end. over() follows. */
void runner_stop(struct runner *r);

/* Attempts under way. */
size_t runner_running(const struct runner *r);

/* The database says that the lease is gone: a new incarnation. */
void runner_lost(struct runner *r, struct err why);

/* ---- for attempts -------------------------------------------------------------- */

void runner_add_end(struct runner *r, const struct job_end *end);
void runner_ended(struct runner *r, const struct job_end *end); /* the queue knows already */
void runner_finished(struct runner *r, struct attempt *at);
void runner_drop(struct runner *r, struct attempt *at);
void runner_reuse_arena(struct runner *r, struct arena *a);
void runner_doubt(struct runner *r); /* is the lease still ours? */

/* Whether an attempt outlives a callback: watch it before, and see after. */
void runner_watch(struct runner *r, struct attempt *at);
struct attempt *runner_watched(const struct runner *r);

/* ---- between its files ------------------------------------------------------------- */

/* listener.c */
void listener_register(struct runner *r);
void listener_leave(struct runner *r);
void listener_close(struct runner *r);

/* exchange.c */
void exchange_init(struct exchange *e, struct arena *a);
void exchange_reset(struct runner *r); /* at a new incarnation */
void exchange_add_end(struct exchange *e, const struct job_end *end);
void exchange_run(struct runner *r);
bool exchange_is_idle(const struct runner *r);

/* upkeep.c */
void upkeep_reset(struct runner *r);
void upkeep_run(struct runner *r, int64_t now);
void upkeep_look_for_cancels(struct runner *r);
void upkeep_take_counters(struct runner *r);
struct err upkeep_store_counters(struct runner *r, struct db *db) CHECKED; /* on a thread */
void upkeep_promote_at(struct runner *r, int64_t ms);

/* runner.c */
void runner_up(struct runner *r);
void runner_claimed(struct runner *r, const struct job_claimed *jobs, size_t n);
void runner_start_ready(struct runner *r);
void runner_cancel(struct runner *r, struct id job_id);

#endif
