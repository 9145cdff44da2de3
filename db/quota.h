/*
 * Quota: limits of a user and of a key: requests a minute (a bucket that is
 * refilled evenly), unfinished responses, tokens a day in UTC. What a request
 * may cost is set aside in the transaction that makes it, and what it did cost
 * is charged in the one that ends it; so that of any number of requests at once
 * at most one reservation too much is spent.
 */
#ifndef DB_QUOTA_H
#define DB_QUOTA_H

#include "lib/err.h"

#include <stdint.h>

/* 0: no limit. */
struct quota_limits {
    int64_t requests_per_minute, unfinished_max, tokens_per_day;
};

/* What is left of limits; only of those that are set. */
struct quota_left {
    struct quota_limits limits;
    int64_t requests, requests_reset_s; /* the bucket is full again after that */
    int64_t tokens;
};

/* What making a request has taken, or why it could not be made. */
struct quota_use {
    struct quota_left user, key;
    int64_t retry_after_s; /* with ERR_RATE_LIMITED */
};

#endif
