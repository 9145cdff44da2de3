/*
 * Idempotency: one effect for a POST that is sent more than once. The key's row
 * is the first write of the transaction that has the effect, so that parallel
 * calls wait for it, and both commit together. A call that failed leaves no
 * trace: its repetition is a first try.
 */
#ifndef DB_IDEMPOTENCY_H
#define DB_IDEMPOTENCY_H

#include "lib/err.h"

#include <stdbool.h>

struct arena;
struct db;

#define IDEMPOTENCY_KEY_MAX 255 /* characters */
#define IDEMPOTENCY_KEEP_H  24

/* What a key stands for: the caller's use of it. */
struct idempotency {
    const char *key;
    const char *route;     /* method and path */
    const char *body_hash; /* of the request */
};

/* What the first call answered. */
struct idempotency_reply {
    int status;
    const char *location; /* NULL for none */
    const char *body;
};

/*
 * Take the key, or get the answer of the call that has it: *repeat tells.
 * ERR_INVALID when it stands for another call.
 */
struct err idempotency_begin(struct db *db, struct arena *a, const struct idempotency *in,
                             bool *repeat, struct idempotency_reply *out) CHECKED;

/* Keep the answer, in the same transaction. Queued. */
struct err idempotency_end(struct db *db, const char *key,
                           const struct idempotency_reply *reply) CHECKED;

#endif
