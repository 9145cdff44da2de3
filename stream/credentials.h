/*
 * Credentials: the sessions and keys under which connections are open, so that
 * all of them can be checked at once, and those of one ended at once. Pure.
 */
#ifndef STREAM_CREDENTIALS_H
#define STREAM_CREDENTIALS_H

#include "stream/list.h"
#include "stream/pool.h"
#include "stream/table.h"

struct credential {
    struct table_entry entry;
    struct link link;    /* among all */
    struct link holders; /* the connections' links */
    bool asked;          /* a check is under way and has not found it good */
};

struct credentials {
    struct table table;
    struct pool pool;
    struct link all;
};

void credentials_init(struct credentials *c, struct arena *a, size_t expected);

/* One more connection under a credential. */
struct credential *credential_hold(struct credentials *c, struct id id, struct link *holder);

/* One less. */
void credential_leave(struct credentials *c, struct credential *credential, struct link *holder);

/* Start a check: all ids, in an array of the arena. */
size_t credentials_ask(struct credentials *c, struct arena *a, struct id **out);

/*
 * End it: call fn() for each holder of those that were asked about and are not
 * among the good ones. It may leave.
 */
void credentials_answer(struct credentials *c, const struct id *good, size_t n,
                        void (*fn)(void *arg, struct link *holder), void *arg);

#endif
