/* Embed call: have an agent's server make vectors of texts. On the loop. */
#ifndef WORKER_EMBED_CALL_H
#define WORKER_EMBED_CALL_H

#include "db/embedding.h"
#include "lib/buf.h"
#include "worker/embed/embeddings.h"

#include <stdbool.h>
#include <stdint.h>

struct http_transfer;
struct services;

#define EMBED_QUESTION_MS 2000 /* that an answer or a search waits for its question's vector */

struct embed_call {
    const struct services *services;
    struct arena *arena;
    struct id agent_id;
    struct embedding_agent agent;
    const char *const *texts;
    size_t count; /* 1 to EMBEDDINGS_MOST */
    int64_t total_ms;

    void *arg;
    /* Once, perhaps before embed_call_start() returns. OK: `result` is there; else a sentence. */
    void (*done)(void *arg, struct err err);
    struct embeddings result;
    int status;             /* of the answer; 0: none came */
    int64_t retry_after_ms; /* -1: not said */

    /* private */
    struct http_transfer *transfer;
    struct buf body;
};

/* The call stays where it is until done, or embed_call_cancel(), which says whether it was under
 * way. */
void embed_call_start(struct embed_call *c);
bool embed_call_cancel(struct embed_call *c);

#endif
