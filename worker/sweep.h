/*
 * Sweep: the hourly job that removes what has expired.
 */
#ifndef WORKER_SWEEP_H
#define WORKER_SWEEP_H

#include "lib/err.h"

struct arena;
struct db;

/* Add the job, unless it waits or runs already. */
struct err sweep_schedule(struct db *db, struct arena *a) CHECKED;

#endif
