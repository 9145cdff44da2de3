/* What the files retrieval*.c share: the course of one search. Private to them. */
#ifndef DB_RETRIEVAL_PRIVATE_H
#define DB_RETRIEVAL_PRIVATE_H

#include "db/retrieval.h"
#include "lib/postings.h"

/* A segment of the agent's index, with the scores of its chunks by their numbers. */
struct retrieval_segment {
    int64_t id;
    size_t docs;
    unsigned bits;
    float *scores;
    const uint8_t *chunks; /* their ids, 16 bytes each; NULL until they are read */
};

/* The postings of a term in a segment, 4 bytes each. */
struct retrieval_postings {
    const uint8_t *p;
    size_t n;
};

struct retrieval {
    struct db *db;
    struct arena *arena;
    struct id agent_id;
    struct retrieval_query query;
    struct bm25 bm25;
    struct retrieval_segment *segments; /* in the order of their ids */
    size_t segment_count;
    struct retrieval_postings *postings[RETRIEVAL_TERMS]; /* of each term, by segment */
    struct retrieval_hit *hits;                           /* the best, best first */
    size_t hit_count;
    bool moved; /* segments were merged meanwhile: what was read is not of one index */
};

/* The term number i of a hit. */
static inline uint32_t
retrieval_hit_term(const struct retrieval_hit *hit, size_t i)
{
    const uint8_t *p = hit->terms + 4 * i;

    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* Read the agent's segments; *languages: those of all their terms. */
struct err retrieval_load_index(struct retrieval *s, unsigned *languages) CHECKED;

/* Read the postings of the query's terms from `first` on, and set their df and idf. */
struct err retrieval_load_postings(struct retrieval *s, size_t first) CHECKED;

/* Add to the scores of the chunks that have the query's term number i. */
void retrieval_add_scores(struct retrieval *s, size_t i, double weight);

/* Make the hits of the scores. */
struct err retrieval_rank(struct retrieval *s) CHECKED;

/* Best first. */
void retrieval_sort(struct retrieval *s);

/* Join the hits, best first, with the chunks that are nearest to the question's vector. */
struct err retrieval_fuse(struct retrieval *s, const struct retrieval_vector *v) CHECKED;

/* Look once more, for what the best hits have in common as well. */
struct err retrieval_feed_back(struct retrieval *s) CHECKED;

#endif
