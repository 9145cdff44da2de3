/*
 * Counters: what this worker has done, for /metrics (see db/counter.h). Counted
 * on the loop's thread, at the price of an addition; what is new travels to the
 * database with the worker's beat.
 */
#ifndef WORKER_COUNTERS_H
#define WORKER_COUNTERS_H

#include "db/counter.h"
#include "db/job.h"

#include <stddef.h>
#include <stdint.h>

struct arena;
struct counters;
struct dialect;
struct dialect_usage;
struct kind;

struct counters *counters_new(struct arena *a);

/* An attempt at a job ended. */
void counters_job(struct counters *c, const struct kind *kind, enum job_outcome outcome,
                  int64_t waited_ms, int64_t ran_ms);

/* A call of a model server is over; status 0: no reply came; first_ms -1: no token came. */
void counters_model(struct counters *c, const struct dialect *dialect, int status, int64_t total_ms,
                    int64_t first_ms, const struct dialect_usage *usage);

/* A call that went through a pool of connections. */
void counters_pool(struct counters *c, int64_t waited_ns, int64_t ran_ns);

/* What has come since the last counters_stored(). */
size_t counters_take(struct counters *c, struct arena *a, struct counter **out);

/* What was taken last is in the database. */
void counters_stored(struct counters *c);

#endif
