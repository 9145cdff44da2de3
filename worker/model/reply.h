/*
 * Reply: the frame of a model server's reply as it arrives, whatever its
 * dialect: it finds the JSON objects in it, which the dialect's function takes.
 *
 * Servers differ, and all of this is taken: an event stream with LF or CRLF,
 * comments, a last event that no blank line closed; lines of bare JSON instead
 * of events, or among them; one JSON object although a stream was asked for;
 * errors in mid-stream as object, text or an event of their own; anything after
 * [DONE]. Bytes that are not UTF-8, U+0000 and unpaired surrogates are read as
 * U+FFFD.
 *
 * Pure: the same bytes cut anywhere say the same. The functions are those of
 * struct dialect.
 */
#ifndef WORKER_REPLY_H
#define WORKER_REPLY_H

#include "worker/model/dialect.h"

#define REPLY_CALLS_MAX 128 /* calls that one reply may make */

/* What one piece of the body said; texts live in `scratch`. */
struct heard {
    struct arena *scratch;
    struct dialect_heard *list;
    size_t count, cap;
};

void heard_say(struct heard *out, struct dialect_heard heard);
void heard_text(struct heard *out, enum dialect_heard_type type, struct str text); /* unless "" */

/* Of one reply, over all its objects: the first member of the dialect's own. */
struct reply_state {
    struct arena *arena;
    struct dialect_reply known;
    bool began; /* something of an answer came */
};

/* One object, which has passed json_check(). What it cannot read it passes over. */
typedef struct err (*reply_take)(struct reply_state *s, struct str root, struct heard *out);

/* Events are limited to `event_max` bytes; a reply that is no stream to twice that. */
void *reply_new(struct arena *a, const char *content_type, struct reply_state *state,
                reply_take take, size_t event_max);
struct err reply_hear(void *reply, struct arena *scratch, const char *bytes, size_t len,
                      struct dialect_heard **out, size_t *count) CHECKED;
struct err reply_end(void *reply, struct arena *scratch, struct dialect_heard **out,
                     size_t *count) CHECKED;
const struct dialect_reply *reply_known(const void *reply);
struct reply_state *reply_state_of(void *reply);

#endif
