/*
 * Postings: an inverted index in packed bytes, and BM25 over it.
 *
 * A segment indexes up to POSTINGS_DOCS documents, which are numbered from 0. It
 * never changes: two become one by being merged. Its postings are sorted by
 * term and cut into 2^bits buckets by the term's highest bits, so that whoever
 * looks for a few terms reads a few buckets of about a kilobyte each:
 *
 *   bucket:  n u32 | n * (term u32, end u32) | postings
 *   posting: document u16 | count u8 | length u8
 *
 * all little endian; `end` counts postings from the bucket's start. The count is
 * that of the term in the document, weights of titles added; the length is the
 * document's, in a code that is exact up to 127 words. Pure; bytes that make no
 * sense read as no postings.
 */
#ifndef LIB_POSTINGS_H
#define LIB_POSTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;

#define POSTINGS_DOCS ((size_t)16384) /* documents of one segment, at most */
#define POSTINGS_GONE UINT16_MAX      /* the new number of a document that is left out */

struct posting {
    uint32_t term;
    uint16_t doc;
    uint8_t count, length;
};

uint8_t posting_length(size_t words);

struct bucket {
    size_t number;
    const uint8_t *p;
    size_t len;
};

/* Buckets in the order of their numbers, the empty ones left out. */
struct segment {
    unsigned bits;
    struct bucket *buckets;
    size_t count;
};

/* Bits that give buckets of the right size for so many documents. */
unsigned postings_bits(size_t docs);

/* The number of the bucket that has a term, of 2^bits. */
size_t postings_bucket(uint32_t term, unsigned bits);

/* A segment of postings in any order, in which they are not left. */
struct segment postings_pack(struct arena *a, struct posting *list, size_t n, size_t docs);

struct segment_part {
    struct segment segment;
    const uint16_t *docs; /* the new numbers of its documents, in rising order, or POSTINGS_GONE */
    size_t doc_count;
};

/* One segment of several, `docs` documents in all. Parts whose new numbers come first stand first.
 */
struct segment postings_merge(struct arena *a, const struct segment_part *parts, size_t n,
                              size_t docs);

/* The packed postings of a term in a bucket, 4 bytes each; returns how many there are. */
size_t postings_find(const uint8_t *bucket, size_t len, uint32_t term, const uint8_t **out);

/* ---- BM25 ------------------------------------------------------------------- */

struct bm25 {
    double docs, mean_length; /* of the whole collection */
    float norm[256];          /* private: by length */
};

void bm25_init(struct bm25 *b, double docs, double mean_length);

/* The weight of a term that `df` documents have. */
double bm25_idf(const struct bm25 *b, double df);

/* The part of the score that does not depend on how rare the term is. */
double bm25_part(const struct bm25 *b, double count, uint8_t length);

/* Add weight * part to scores[doc] for each of n postings; documents from doc_count on are skipped.
 */
void bm25_add(const struct bm25 *b, const uint8_t *postings, size_t n, double weight, float *scores,
              size_t doc_count);

#endif
