/*
 * Site_page: a page of a source as its owner reads it: what was extracted from
 * it, or why it was not taken. Workers write them (db/crawl_run.h, db/source.h).
 */
#ifndef DB_SITE_PAGE_H
#define DB_SITE_PAGE_H

#include "db/chunk.h"
#include "db/page.h"
#include "lib/err.h"
#include "lib/id.h"

#include <stddef.h>
#include <stdint.h>

struct arena;
struct db;

struct site_page {
    struct id id, source_id, canonical_id; /* canonical_id: what it stands for; may be unset */
    const char *url;                       /* NULL for a text or file */
    const char *status;                    /* indexed, skipped, failed */
    const char *reason, *detail;           /* a word, a sentence; may be NULL */
    const char *content_type, *title, *content, *language; /* content: its start, in lists */
    int64_t depth, http_status, bytes, chunk_count;        /* http_status, bytes: -1 for none */
    const char *fetched_at, *changed_at, *created_at, *updated_at;
};

/*
 * The pages of the caller's own source, oldest first. `status` and `q`, a part
 * of the address or title, may be NULL. ERR_NOT_FOUND for another's source.
 */
struct err site_page_list(struct db *db, struct arena *a, struct id source_id, const char *status,
                          const char *q, const struct page *page, struct site_page **out,
                          size_t *count) CHECKED;

/* ERR_NOT_FOUND unless it is the caller's. */
struct err site_page_get(struct db *db, struct arena *a, struct id id,
                         struct site_page *out) CHECKED;

/* The passages that search finds of it, in their order. */
struct err site_page_chunks(struct db *db, struct arena *a, struct id id, struct source_chunk **out,
                            size_t *count) CHECKED;

#endif
