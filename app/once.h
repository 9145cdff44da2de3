/*
 * Once: Idempotency-Key. A POST that creates takes its key at the start of its
 * transaction and leaves its reply there; a repetition gets that reply.
 */
#ifndef APP_ONCE_H
#define APP_ONCE_H

#include "lib/err.h"

#include <stdbool.h>

struct request;
struct reply;

struct once {
    const char *key;    /* NULL: the client sent none, or the route makes nothing */
    const char *secret; /* that seals the stored reply; NULL: it is stored as it is */
};

/* With the body read, before the handler; `token` is the caller's. *replayed: the reply is
 * complete. */
struct err once_begin(struct request *rq, struct reply *rp, const char *token, struct once *once,
                      bool *replayed) CHECKED;

/* After the handler. Queued in its transaction. */
struct err once_end(struct request *rq, const struct reply *rp, const struct once *once) CHECKED;

#endif
