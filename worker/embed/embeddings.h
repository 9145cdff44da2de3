/*
 * Embeddings: what is sent to an OpenAI-compatible server's /v1/embeddings, and
 * what it answers. Pure.
 */
#ifndef WORKER_EMBEDDINGS_H
#define WORKER_EMBEDDINGS_H

#include "lib/err.h"
#include "lib/str.h"

#include <stddef.h>
#include <stdint.h>

struct arena;

#define EMBEDDINGS_MOST      64             /* texts of one request */
#define EMBEDDINGS_TEXT_MAX  ((size_t)8000) /* bytes of each; the rest is left out */
#define EMBEDDINGS_REPLY_MAX ((int64_t)16 * 1024 * 1024)

/* The address of the call below a base ("https://host/v1"), or the whole one as it is given. */
const char *embeddings_url(struct arena *a, const char *base);

/* The body that asks for the vectors of n texts of valid UTF-8. */
struct str embeddings_body(struct arena *a, const char *model, const char *const *texts, size_t n);

struct embeddings {
    int8_t *numbers; /* of all texts in their order, `dimensions` each; see lib/vector.h */
    size_t dimensions;
};

/*
 * Read the answer to n texts, floats or base64. ERR_UPSTREAM with a sentence when it
 * is none: not JSON, a vector missing, twice there, without direction, or of another
 * length than the first or than 1 to VECTOR_MAX.
 */
struct err embeddings_read(struct arena *a, struct str reply, size_t n,
                           struct embeddings *out) CHECKED;

#endif
