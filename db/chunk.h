/*
 * Chunk: a passage of a page, as search finds it, and the index that finds it.
 * A page's chunks belong to its owner, and go with the page.
 *
 * The index is made of immutable segments (lib/postings.h). Pages that are stored
 * together are stored with one of their own; chunk_merge() makes one of many, and
 * is called behind chunk_index() in the same transaction, so that an agent never
 * has more than some thirty.
 */
#ifndef DB_CHUNK_H
#define DB_CHUNK_H

#include "lib/err.h"
#include "lib/id.h"

#include <stddef.h>
#include <stdint.h>

struct arena;
struct db;
struct posting; /* lib/postings.h */

#define CHUNK_ANCHOR_MAX 300 /* characters */

struct chunk_owner {
    struct id source_id, agent_id, user_id;
};

struct source_chunk {
    struct id id, page_id;
    int64_t position;                       /* in the page, from 1 */
    const char *heading, *anchor, *content; /* "" for none */
    const uint32_t *terms;                  /* of its words in their order, see lib/words.h */
    size_t term_count;
};

/* What chunks are indexed by; doc numbers in the postings are the indexes of their ids. */
struct chunk_index {
    struct id *ids;
    size_t count;             /* at most POSTINGS_DOCS */
    struct posting *postings; /* are sorted by the call */
    size_t posting_count;
    size_t words;       /* sum of lengths */
    unsigned languages; /* a bit each, see lib/language.h */
};

/* Add chunks of pages of one source. Queued. */
struct err chunk_add(struct db *db, struct arena *a, const struct chunk_owner *owner,
                     const struct source_chunk *chunks, size_t n) CHECKED;

/* Have chunks that were added found. Queued. */
struct err chunk_index(struct db *db, struct arena *a, struct id user_id, struct id agent_id,
                       const struct chunk_index *index) CHECKED;

/* Drop the chunks of a page. Queued. */
struct err chunk_forget(struct db *db, struct id page_id) CHECKED;

/* Make one segment of eight of the same size, as often as there are; unless somebody is at it. */
struct err chunk_merge(struct db *db, struct id user_id, struct id agent_id) CHECKED;

#endif
