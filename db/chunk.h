/*
 * Chunk: a passage of a page, as search finds it. A page's chunks belong to its
 * owner, and go with the page.
 */
#ifndef DB_CHUNK_H
#define DB_CHUNK_H

#include "lib/err.h"
#include "lib/id.h"

#include <stddef.h>

struct arena;
struct db;

struct chunk_page {
    struct id page_id, source_id, agent_id, user_id;
};

struct source_chunk {
    const char *heading, *content; /* heading: "" for none */
};

/* Replace the page's chunks. Queued. */
struct err chunk_replace(struct db *db, struct arena *a, const struct chunk_page *page,
                         const struct source_chunk *chunks, size_t n) CHECKED;

/* Queued. */
struct err chunk_forget(struct db *db, struct id page_id) CHECKED;

#endif
