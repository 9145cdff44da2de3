/*
 * Searcher: indexes what chats have gained, every few seconds, whichever of the
 * workers comes first. No job: it is the same small thing for ever, and a job
 * for each answer would cost more than the indexing.
 */
#ifndef WORKER_SEARCHER_H
#define WORKER_SEARCHER_H

#include <uv.h>

struct arena;
struct pool;
struct searcher;

/* Starts at once, with calls on `pool`. Lives in the arena. */
struct searcher *searcher_new(struct arena *a, uv_loop_t *loop, struct pool *pool);

/* No call starts any more; one that runs ends before the loop does. */
void searcher_close(struct searcher *s);

#endif
