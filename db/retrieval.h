/*
 * Retrieval: which chunks of an agent's pages fit a question best. BM25 over the
 * index of db/chunk.h, exact, and what is known to make it better:
 *
 * - earlier turns of a conversation count a little, so that "and the second
 *   one?" is looked for where the talk was;
 * - words that stand side by side in the question count more where they do so
 *   in the chunk;
 * - terms that the best chunks have in common are looked for too, with a small
 *   weight (RM3), where the question is short or the collection is small enough
 *   for that to be quick;
 * - where the question has a vector, the chunks whose vectors are nearest to it
 *   are found as well, and the two lists become one by the places in them.
 *
 * Private to db/passage.c and the files retrieval*.c.
 */
#ifndef DB_RETRIEVAL_H
#define DB_RETRIEVAL_H

#include "lib/err.h"
#include "lib/id.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct db;

#define RETRIEVAL_TERMS   256 /* of one search */
#define RETRIEVAL_BIGRAMS 64

struct retrieval_term {
    uint32_t term;
    double weight;
    bool asked;     /* it stands in the question itself */
    size_t place;   /* of its word there, from 1; 0 for what does not stand there */
    double df, idf; /* once its postings are read; idf is that of its word in all languages */
};

struct retrieval_query {
    struct retrieval_term terms[RETRIEVAL_TERMS];
    size_t count;
    uint32_t bigrams[RETRIEVAL_BIGRAMS][2];
    size_t bigram_count;
    size_t common[RETRIEVAL_TERMS]; /* places of words that a language has in every text */
    size_t common_count;
    size_t asked; /* words of the question that count, other forms of them left out */
};

struct retrieval_turn {
    const char *text;
    bool by_user;
};

/*
 * The terms of a question in each of the languages (a bit each); the turns before
 * it, oldest first.
 */
void retrieval_read_query(struct retrieval_query *q, struct arena *a, unsigned languages,
                          const char *question, const struct retrieval_turn *earlier, size_t count);

/* Adds weight to a term, which is added when it is new; dropped when there is no room. */
void retrieval_add_term(struct retrieval_query *q, uint32_t term, double weight, bool asked);

struct retrieval_hit {
    struct id chunk_id, page_id;
    double score;
    double similarity;    /* of the vectors, 0 to 1; 0: not among the nearest */
    const uint8_t *terms; /* their sequence, 4 bytes each */
    size_t term_count;
    size_t segment, doc; /* private: where its postings are */
};

/* A question as its agent's model of embeddings has it; see lib/vector.h. */
struct retrieval_vector {
    const int8_t *numbers;
    size_t count; /* 0: there is none */
};

/* A search that was made; it lives as long as its arena. */
struct retrieval;

/* The best chunks, best first, at most `most`. None when the caller may not use the agent. */
struct err retrieval_chunks(struct db *db, struct arena *a, struct id agent_id,
                            const char *question, const struct retrieval_turn *earlier,
                            size_t earlier_count, const struct retrieval_vector *vector,
                            size_t most, struct retrieval **search, struct retrieval_hit **out,
                            size_t *count) CHECKED;

/* The share of the question's weight whose terms stand in a hit: 0 to 1. */
double retrieval_coverage(const struct retrieval *s, const struct retrieval_hit *hit);

#endif
