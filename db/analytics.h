/* Analytics: what was asked and how it went, in buckets of time and by agent. */
#ifndef DB_ANALYTICS_H
#define DB_ANALYTICS_H

#include "lib/err.h"
#include "lib/id.h"

#include <stddef.h>
#include <stdint.h>

struct arena;
struct db;

#define ANALYTICS_ROWS_MAX 10000

struct analytics_question {
    struct id user_id;     /* unset: of all users; the transaction is an admin's */
    struct id agent_id;    /* unset: any */
    const char *from, *to; /* RFC 3339; to is not included */
    const char *bucket;    /* hour, day: of UTC */
};

struct analytics_row {
    const char *bucket; /* when it begins */
    struct id agent_id; /* unset: of agents that are gone */
    int64_t requests, completed, failed, cancelled, input_tokens, output_tokens;
    double
        latency_ms[3]; /* of completed ones, from the question to the end: p50, p90, p99 or NaN */
    double wait_ms[3]; /* from the question to the start */
};

/*
 * Fill in and bound the range: *from and *to may be NULL, for the newest 30 days or
 * 2 days of hours; at most 366 days, or 31 of hours, are looked at.
 */
struct err analytics_range(struct db *db, struct arena *a, const char *bucket, const char **from,
                           const char **to) CHECKED;

/* By time, then agent; at most ANALYTICS_ROWS_MAX. */
struct err analytics_list(struct db *db, struct arena *a, const struct analytics_question *q,
                          struct analytics_row **out, size_t *count) CHECKED;

#endif
