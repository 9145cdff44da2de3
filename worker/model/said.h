/*
 * Said: the texts that a server has streamed, so that what it repeats when an
 * item is done is heard once. Pure.
 */
#ifndef WORKER_SAID_H
#define WORKER_SAID_H

#include "worker/model/reply.h"

#define SAID_ITEMS_MAX 200                       /* texts of one reply */
#define SAID_TEXT_MAX  ((size_t)8 * 1024 * 1024) /* bytes of one that are compared */

struct said_text;

/* Zero but for the arena. */
struct said {
    struct arena *arena;
    struct said_text *list;
    int count;
};

/*
 * More of a text, HEARD_TEXT or HEARD_REASONING, under the id that the server
 * gives it ("" for none). Another message than the one before is told apart.
 */
struct err said_delta(struct said *s, enum dialect_heard_type type, struct str id, struct str text,
                      struct heard *out) CHECKED;

/*
 * A whole text: what of it was not streamed is said. It belongs to the text under
 * its id, else to one that it begins with; one that differs from its own deltas
 * is not said again.
 */
struct err said_whole(struct said *s, enum dialect_heard_type type, struct str id, struct str text,
                      struct heard *out) CHECKED;

/* The texts of an array of parts, joined; or the text that it is. */
struct str said_join(struct arena *a, struct str parts);

#endif
