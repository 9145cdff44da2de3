/*
 * Chat_chunk: one chat.completion.chunk, or a whole chat.completion, in the
 * dialects that servers speak. Pure; what it cannot read it passes over.
 */
#ifndef WORKER_CHAT_CHUNK_H
#define WORKER_CHAT_CHUNK_H

#include "worker/respond/dialect.h"

struct chat_call {
    int64_t index;
    const char *id;
};

/* Of one reply, over all its chunks. */
struct chat_state {
    struct arena *arena;
    struct dialect_reply known;
    bool began; /* a chunk with choices came */
    struct chat_call *calls;
    int call_count;
};

/* What one piece of the body said; texts live in `scratch`. */
struct chat_heard {
    struct arena *scratch;
    struct dialect_heard *list;
    size_t count, cap;
};

/* `root` has passed json_check(). */
struct err chat_chunk(struct chat_state *s, struct str root, struct chat_heard *out) CHECKED;

#endif
