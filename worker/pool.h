/*
 * Pool: short database and CPU functions on threads, each with one PostgreSQL
 * connection while it runs, so that the loop never waits.
 *
 * A call is embedded in what it works on, and that is its queue's only memory:
 * an owner has one call under way, so the line is never longer than there are
 * owners. Calls start in the order in which they came.
 *
 * A pool owns its connections; all pools share libuv's threads, of which there
 * must be as many as connections altogether (pool_threads()).
 */
#ifndef WORKER_POOL_H
#define WORKER_POOL_H

#include "db/db.h"
#include "lib/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct arena;
struct counters;
struct pool;

#define POOL_MESSAGE_MAX 400 /* bytes of an error's text that are kept */

struct pool_call {
    void *owner; /* the caller's */
    /* On a thread. What it leaves of a transaction when it fails is rolled back. */
    struct err (*work)(struct pool_call *call, struct db *db);
    /* On the loop, once. The error's text lives until the owner's next call. */
    void (*done)(struct pool_call *call, struct err err);
    bool lost; /* in done(): it failed, and its connection with it */
    /* private */
    struct pool *pool;
    struct pool_call *next;
    struct pool_slot *slot;
    bool renew;
    int64_t queued_ns, began_ns, ended_ns;
    uv_work_t work_request;
    struct err err;
    char message[POOL_MESSAGE_MAX];
};

/* Set the number of threads, once, before the first call. */
void pool_threads(size_t count);

/* A pool of `connections`, opened when they are first needed. */
struct pool *pool_new(struct arena *a, uv_loop_t *loop, const struct db_options *options,
                      size_t connections);

/* From now on its calls are counted. */
void pool_count(struct pool *p, struct counters *counters);

/* The fields above `private` are set; the call must stay where it is until done. */
void pool_run(struct pool *p, struct pool_call *call);

/*
 * The server was lost: connections that were opened before are opened anew for
 * their next call, rather than found dead by it.
 */
void pool_renew(struct pool *p);

/* No call runs or waits. */
bool pool_is_idle(const struct pool *p);

#endif
