/*
 * Simhash: fingerprints of texts. Two texts are the same when their hashes are,
 * and nearly the same when few bits of their simhashes differ. Pure.
 */
#ifndef WORKER_CRAWL_SIMHASH_H
#define WORKER_CRAWL_SIMHASH_H

#include "lib/id.h"
#include "lib/str.h"

#include <stdbool.h>
#include <stdint.h>

#define SIMHASH_WORDS 4  /* of one shingle */
#define SIMHASH_NEAR  3  /* bits that may differ */
#define SIMHASH_LEAST 50 /* words below which texts are the same or are not */

/* Of the words in their order, letters' case and white space left out. 0 for a short text. */
uint64_t simhash(struct str text);

/* Inline: each page is compared with all that were stored. */
static inline bool
simhash_is_near(uint64_t left, uint64_t right)
{
    uint64_t other = left ^ right;

    for (int i = 0; i < SIMHASH_NEAR; i++)
        other &= other - 1;
    return left && right && other == 0;
}

/* The same for texts with the same words, as a UUID. */
struct id content_hash(struct str text);

#endif
