/*
 * Page_index: what search knows of a page, kept in step with it: whoever stores
 * or deletes a page calls this in the same transaction, so that a page is
 * found exactly when it is there.
 *
 * Pages of one source that are stored together are indexed together: page_index_begin(),
 * page_index_add() for each, page_index_store(). Calls that take a connection are for an
 * open write transaction of the page's user, on a thread.
 */
#ifndef WORKER_PAGE_INDEX_H
#define WORKER_PAGE_INDEX_H

#include "lib/err.h"
#include "lib/id.h"

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct db;

/*
 * A page as it is stored. The text is valid UTF-8, plain or Markdown-like: ATX
 * headings ("## Setup"), which may end in the anchor of their section
 * ("## Setup {#setup}"), fenced code, lists, tables. Links without targets.
 */
struct page_text {
    struct id page_id;    /* of a text that is no page: its source's */
    bool is_new;          /* it had no passages before */
    const char *title;    /* "" for none */
    const char *url;      /* NULL for none */
    const char *language; /* BCP 47, "de" or "de-AT"; NULL when unknown: the text tells */
    const char *text;
};

struct page_indexer;

/* In the arena. */
struct page_indexer *page_index_begin(struct arena *a, struct id user_id, struct id agent_id,
                                      struct id source_id);

/*
 * Replace the page's passages, if it had any, by those of this text. Returns how many there
 * are, 0 for an empty one. Pure: for any thread, before the transaction.
 */
size_t page_index_add(struct page_indexer *x, const struct page_text *page);

/* Store what was added; from the transaction's end on it is found. */
struct err page_index_store(struct page_indexer *x, struct db *db) CHECKED;

/*
 * The page is no longer found. To be called for a page that stays stored but is
 * not to be searched; deleting its row, its source or its agent does the same
 * by itself.
 */
struct err page_unindex(struct db *db, struct id page_id) CHECKED;

#endif
