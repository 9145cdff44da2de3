/*
 * Flusher: flies the collector's batches to the log, one at a time, each in one
 * fenced transaction. How often follows the load; see collector_interval_ms().
 *
 * A flight that failed for a passing reason is repeated until it lands; when
 * the lease is gone, or the database refuses the batch, `lost` is told.
 */
#ifndef WORKER_FLUSHER_H
#define WORKER_FLUSHER_H

#include "db/job.h"
#include "lib/err.h"
#include "worker/collector.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct arena;
struct flusher;
struct pool;

struct flusher *flusher_new(struct arena *a, uv_loop_t *loop, struct pool *pool, int64_t base_ms,
                            void (*lost)(void *arg, struct err why), void *arg);

struct collector *flusher_collector(struct flusher *f);

/* The lease under which flights depart from now on. */
void flusher_lease(struct flusher *f, struct job_worker lease);

/* Events may have been added: see to it that they depart. Cheap. */
void flusher_wake(struct flusher *f);

bool flusher_is_idle(const struct flusher *f);

/* Release what is on the loop; no flight may be under way. */
void flusher_close(struct flusher *f);

#endif
