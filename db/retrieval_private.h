/* What the files retrieval*.c share: the course of one search. Private to them. */
#ifndef DB_RETRIEVAL_PRIVATE_H
#define DB_RETRIEVAL_PRIVATE_H

#include "db/retrieval.h"
#include "lib/postings.h"

/* The scores of a segment's chunks, by their numbers. */
struct segment_scores {
    int64_t id;
    size_t docs;
    float *scores;
};

/* A bucket of postings that was read. */
struct retrieval_bucket {
    struct segment_scores *segment;
    unsigned bits;
    size_t number;
    const uint8_t *bytes;
    size_t len;
    /* the postings of the term that is looked at */
    const uint8_t *postings;
    size_t n;
};

struct retrieval {
    struct db *db;
    struct arena *arena;
    struct id agent_id;
    struct retrieval_query query;
    struct bm25 bm25;
    struct segment_scores *segments;
    size_t segment_count;
    struct retrieval_bucket *buckets; /* of the question's own terms */
    size_t bucket_count;
    struct retrieval_hit *hits; /* the best, best first */
    size_t hit_count;
    bool moved; /* segments were merged meanwhile */
};

/* The term number i of a hit. */
static inline uint32_t
retrieval_hit_term(const struct retrieval_hit *hit, size_t i)
{
    const uint8_t *p = hit->terms + 4 * i;

    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* Read the buckets of the query's terms from `first` on. */
struct err retrieval_load_buckets(struct retrieval *s, size_t first, struct retrieval_bucket **out,
                                  size_t *count) CHECKED;

/* Point the buckets at a term's postings; returns how many there are. */
size_t retrieval_point(struct retrieval_bucket *buckets, size_t count, uint32_t term);

/* Likewise, and set the term's df and idf. */
void retrieval_find_term(const struct retrieval *s, struct retrieval_bucket *buckets, size_t count,
                         struct retrieval_term *t);

/* Add to the scores of the chunks that have the term that the buckets point at. */
void retrieval_add_scores(struct retrieval *s, const struct retrieval_bucket *buckets, size_t count,
                          double weight);

/* Make the hits of the scores. */
struct err retrieval_rank(struct retrieval *s) CHECKED;

/* Best first. */
void retrieval_sort(struct retrieval *s);

/* Join the hits, best first, with the chunks that are nearest to the question's vector. */
struct err retrieval_fuse(struct retrieval *s, const struct retrieval_vector *v) CHECKED;

/* The share of the question's weight whose terms stand in a hit. */
double retrieval_coverage(const struct retrieval *s, const struct retrieval_hit *hit);

/* Look once more, for what the best hits have in common as well. */
struct err retrieval_feed_back(struct retrieval *s) CHECKED;

#endif
