/* What chunk.c and chunk_merge.c share: segments of an agent's index. Private to them. */
#ifndef DB_CHUNK_PRIVATE_H
#define DB_CHUNK_PRIVATE_H

#include "db/chunk.h"
#include "lib/postings.h"

#define CHUNK_ID 16 /* bytes of an id in chunk_segments.chunks */

struct chunk_segment {
    struct id user_id, agent_id;
    size_t docs, words;
    unsigned languages;
    const uint8_t *chunks; /* ids, CHUNK_ID bytes each */
    struct segment packed;
};

/* Queued. */
struct err chunk_segment_add(struct db *db, struct arena *a, const struct chunk_segment *s) CHECKED;

#endif
