/*
 * Attempt: one try at a job, from its claim to its end; what the functions of a
 * kind work on.
 *
 * Everything runs on the loop and never waits. Database and CPU work is done by
 * attempt_work() on a thread, one call at a time, and while it runs nothing
 * else of the attempt does: a cancel or a stop is told when it is done. Memory
 * is the attempt's arena, which a call of attempt_work() has for itself.
 *
 * CPU work alone may be done by attempt_compute() beside that, one call at a time as
 * well, on memory of its own. An attempt may end when neither is under way.
 *
 * An attempt whose lease is lost just disappears: no function of its kind is
 * called but stop(), and nothing of it is written.
 */
#ifndef WORKER_ATTEMPT_H
#define WORKER_ATTEMPT_H

#include "db/job.h"
#include "lib/err.h"
#include "worker/pool.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct arena;
struct counters;
struct flusher;
struct hosts;
struct http;
struct kind;
struct runner;
struct oauth;

/* What the jobs of one worker share. */
struct services {
    uv_loop_t *loop;
    struct pool *pool;
    struct pool *slow_pool; /* of one connection; see struct kind */
    struct pool *cpu_pool;  /* for calls that use no connection */
    struct http *http;
    struct hosts *hosts; /* the servers that crawls ask, and how often they may be asked */
    struct flusher *flusher;
    struct oauth *tokens; /* of agents that sign in; see worker/model/oauth.h */
    struct counters *counters;
    struct arena *scratch; /* emptied by whoever used it, before returning to the loop */
};

struct attempt {
    struct job_claimed job;
    const struct kind *kind; /* NULL: no such kind here */
    struct job_worker lease; /* under which it was claimed; for job_fence() */
    const struct services *services;
    struct arena *arena;
    void *state; /* the kind's */
    /* private */
    struct runner *runner;
    struct attempt *prev, *next;
    int64_t started_ms;
    bool running, cancelled, returning, told, calling, computing, dropped;
    struct pool_call call, computation;
    struct err (*work)(struct attempt *at, struct db *db);
    void (*work_done)(struct attempt *at, struct err err);
    void (*compute)(struct attempt *at);
    void (*compute_done)(struct attempt *at);
    uv_timer_t *timer;
    void (*wait_done)(struct attempt *at);
};

/* Call work() on a thread, then done() on the loop. ERR_LEASE_LOST never gets to done(). */
void attempt_work(struct attempt *at, struct err (*work)(struct attempt *at, struct db *db),
                  void (*done)(struct attempt *at, struct err err));

/* Call compute() on a thread, then done() on the loop. */
void attempt_compute(struct attempt *at, void (*compute)(struct attempt *at),
                     void (*done)(struct attempt *at));
bool attempt_is_computing(const struct attempt *at);

/* Call fn() after `ms`, unless the attempt ends before. One at a time: a new one replaces it. */
void attempt_wait(struct attempt *at, int64_t ms, void (*fn)(struct attempt *at));
void attempt_wait_no_more(struct attempt *at);

/* What job_end_here() takes. */
struct job_end attempt_job_end(const struct attempt *at, enum job_outcome outcome, int64_t delay_ms,
                               const char *error);

bool attempt_is_last(const struct attempt *at);

/* Whether it shall end, perhaps before its kind has been told. */
bool attempt_is_cancelled(const struct attempt *at);
bool attempt_is_returning(const struct attempt *at);

/* Why a job that is not to be run is not; for its error. */
const char *attempt_refusal(const struct attempt *at);

/* How long to wait before the next attempt; at least what a server asked for (-1: nothing). */
int64_t attempt_delay_ms(const struct attempt *at, int64_t retry_after_ms);

/* The attempt has ended and is gone: the queue is told with the next exchange. */
void attempt_end(struct attempt *at, enum job_outcome outcome, const char *error);

/* The same when the kind's own transaction has told the queue, by job_end_here(). */
void attempt_ended(struct attempt *at, const struct job_end *end);

/* The done() of work that has told the queue so that the job is completed; else it has failed. */
void attempt_completed(struct attempt *at, struct err err);

/* Whether an error may pass and an attempt is left for it. */
bool attempt_may_retry(const struct attempt *at, struct err err);

/* It failed: again later if attempt_may_retry(), else discarded. */
void attempt_fail(struct attempt *at, struct err err);

/* ---- for the runner ----------------------------------------------------------- */

struct attempt *attempt_new(struct runner *r, struct arena *a, const struct services *services,
                            struct job_worker lease, const struct job_claimed *job);
void attempt_start(struct attempt *at);
void attempt_cancel(struct attempt *at);    /* somebody asked */
void attempt_hand_back(struct attempt *at); /* the worker stops */
void attempt_overdue(struct attempt *at);   /* its kind's timeout has passed */
void attempt_drop(struct attempt *at);      /* the lease is lost */

#endif
