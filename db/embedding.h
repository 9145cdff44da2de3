/*
 * Embedding: the vectors of an agent's chunks, and of questions that a search
 * waits for. An agent that names a server's /v1/embeddings has its chunks embedded
 * by jobs: embedding_want() adds one in the transaction that stores them, they
 * run one after the other for each agent, and each goes on until none is missing.
 */
#ifndef DB_EMBEDDING_H
#define DB_EMBEDDING_H

#include "lib/err.h"
#include "lib/id.h"

#include <stddef.h>
#include <stdint.h>

struct arena;
struct db;

#define EMBEDDING_KIND          "embed_chunks"   /* job; its subject is the agent */
#define EMBEDDING_QUESTION_KIND "embed_question" /* job; its subject is the question */
#define EMBEDDING_ATTEMPTS      8
#define EMBEDDING_QUESTION_MAX  2000 /* characters */

/* Where an agent's texts are embedded. */
struct embedding_agent {
    const char *url, *model;
    const char *credential; /* sealed with embedding_context(); NULL: none */
};

struct embedding_text {
    struct id chunk_id;
    const char *title, *heading, *content; /* "" for none */
};

struct embedding_vector {
    struct id chunk_id;
    const int8_t *numbers; /* see lib/vector.h */
    size_t count;          /* 0: the model does not take this text */
};

const char *embedding_context(struct arena *a, struct id agent_id);

/* ERR_NOT_FOUND when it embeds nothing, or the caller may not use it. For the worker. */
struct err embedding_agent_load(struct db *db, struct arena *a, struct id agent_id,
                                struct embedding_agent *out) CHECKED;

/* Chunks without a vector in the order of their ids, from behind `after`. For the worker. */
struct err embedding_missing(struct db *db, struct arena *a, struct id agent_id, struct id after,
                             size_t most, struct embedding_text **out, size_t *count) CHECKED;

/* Nothing is added when the agent has another model by now. Queued. For the worker. */
struct err embedding_add(struct db *db, struct arena *a, struct id agent_id,
                         const struct embedding_agent *by, const struct embedding_vector *list,
                         size_t n) CHECKED;

/* Drop all vectors of the caller's agent. Queued. */
struct err embedding_forget(struct db *db, struct id agent_id) CHECKED;

/* Have what is missing embedded, by a job of the agent's owner. Queued. */
struct err embedding_want(struct db *db, struct arena *a, struct id user_id, struct id agent_id,
                          const char *http_request_id) CHECKED;

/* The same when the agent embeds at all. For the worker. */
struct err embedding_want_if(struct db *db, struct arena *a, struct id user_id,
                             struct id agent_id) CHECKED;

/* ---- questions ------------------------------------------------------------- */

/* Have a question of the caller's embedded, for which it waits at most `deadline_ms`. Queued. */
struct err embedding_ask(struct db *db, struct arena *a, struct id user_id, struct id agent_id,
                         const char *question, int64_t deadline_ms, const char *http_request_id,
                         struct id *id) CHECKED;

/* ERR_NOT_FOUND while there is no answer. *count is 0 when it is that there is no vector. */
struct err embedding_answered(struct db *db, struct arena *a, struct id id, const int8_t **out,
                              size_t *count) CHECKED;

/* For the worker: the question; its vector, or none. The second is queued. */
struct err embedding_question(struct db *db, struct arena *a, struct id id, struct id *agent_id,
                              const char **question) CHECKED;
struct err embedding_answer(struct db *db, struct id id, const int8_t *numbers,
                            size_t count) CHECKED;

#endif
