/*
 * Counter: totals that outlive who has counted them, for /metrics. Each worker
 * adds what is new to it every few seconds. A name is that of a sample in
 * Prometheus' text format with its labels: offstage_jobs_total{kind="respond"}.
 */
#ifndef DB_COUNTER_H
#define DB_COUNTER_H

#include "lib/err.h"

#include <stddef.h>

struct arena;
struct db;

/* The families of samples, in the order in which they are shown; `name` is NULL behind the last. */
struct counter_family {
    const char *name;
    const char *type; /* counter or histogram: the latter's samples end in _bucket, _sum, _count */
    const char *help;
};
extern const struct counter_family counter_families[];

struct counter {
    const char *name;
    double value;
};

/* Add to the totals, in a transaction of its own. */
struct err counter_add(struct db *db, struct arena *a, const struct counter *list,
                       size_t n) CHECKED;

/* All totals: by name, the buckets of a histogram in their order. */
struct err counter_list(struct db *db, struct arena *a, struct counter **out,
                        size_t *count) CHECKED;

#endif
