/*
 * Ask: a question of the service thread to the database thread. It comes back
 * as its own answer; until then it belongs to the database thread, all but
 * `conn`. Answers come back in the order in which the database was read, and so
 * do batches of events between them: see reader.h.
 */
#ifndef STREAM_ASK_H
#define STREAM_ASK_H

#include "lib/err.h"
#include "stream/batch.h"
#include "stream/mailbox.h"
#include "stream/visit.h"

struct conn;

enum ask_kind {
    ASK_OPEN,  /* who is it, may they see it, and what did they miss? */
    ASK_MORE,  /* the next events after `visit.after` */
    ASK_LEAVE, /* one watcher less of what was joined; the answer says nothing */
    ASK_CHECK  /* which of these credentials are still good? */
};

struct ask {
    struct letter letter; /* first: see mailbox.h */
    enum ask_kind kind;
    struct conn *conn; /* the service thread's; NULL when nobody waits any more */

    struct visit visit; /* for ASK_MORE and ASK_LEAVE: what, id (of the topic) and after */

    struct err err; /* its message is a literal or in `reason` */
    char reason[200];
    struct id user_id, credential_id;
    struct id topic_id;
    char origin[VISIT_NAME_MAX + 1]; /* the HTTP request that asked for the response; "" for none */
    int64_t seq;                     /* the watcher has all events up to this one, before `batch` */
    struct batch *batch;             /* what it missed; NULL for nothing */
    bool joined;                     /* what comes after that, from now on, comes as batches */
    bool ended;                      /* nothing comes after that */

    /* ASK_CHECK: the ids that are asked about, then those that are good. */
    struct arena *arena;
    struct id *ids;
    size_t count;
};

#endif
