/*
 * Cancel: jobs that run and shall end, as their worker sees them. Whoever
 * cancels one (job_cancel()) notifies its worker, which then looks here.
 */
#ifndef DB_CANCEL_H
#define DB_CANCEL_H

#include "lib/err.h"
#include "lib/id.h"

#include <stddef.h>

struct arena;
struct db;
struct job_worker;

/* The jobs held by this lease that shall end. Makes its own transaction. */
struct err cancel_list(struct db *db, struct arena *a, const struct job_worker *w, struct id **out,
                       size_t *count) CHECKED;

#endif
