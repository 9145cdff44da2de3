/*
 * Crawl_run: a crawl as its worker sees it. Everything here is for an open
 * transaction of the crawl's user that began with job_fence().
 *
 * The frontier is the memory of a run: an address stays queued until what came
 * of it is stored, in the same transaction, so that whoever goes on after a
 * crash fetches again what was in flight and nothing else. One worker at a time
 * works on it.
 */
#ifndef DB_CRAWL_RUN_H
#define DB_CRAWL_RUN_H

#include "db/source.h"
#include "lib/err.h"
#include "lib/id.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct db;

struct crawl_counts {
    int64_t found, fetched, indexed, unchanged, skipped, failed;
    int64_t progress; /* 0..100 */
};

struct crawl_task {
    struct id id, source_id, agent_id, user_id;
    bool dry_run;
    bool seeded;    /* an earlier attempt has filled the frontier */
    int64_t stalls; /* attempts that began since something was stored, this one among them */
    const char *url;
    struct source_crawl settings;
    struct crawl_counts counts;
    const char *reasons;       /* JSON object */
    const char *const *starts; /* the start address and where it was moved to */
    size_t start_count;
};

/* It is crawling from now on. ERR_NOT_FOUND when it is over, paused or deleted. */
struct err crawl_begin(struct db *db, struct arena *a, struct id crawl_id,
                       struct crawl_task *out) CHECKED;

/* What earlier runs know of the source's addresses. */
struct crawl_known {
    struct id id;
    const char *url;
    bool indexed;
    int64_t depth;
    struct id content_hash;           /* unset: none */
    uint64_t simhash;                 /* 0: none */
    const char *etag, *last_modified; /* may be NULL */
};
struct err crawl_known(struct db *db, struct arena *a, struct id source_id,
                       struct crawl_known **out, size_t *count) CHECKED;

/* How many of them this run has dealt with and left in place. */
struct err crawl_used(struct db *db, struct arena *a, const struct crawl_task *task,
                      int64_t *out) CHECKED;

/* ---- the frontier ------------------------------------------------------------ */

enum crawl_flag {
    CRAWL_URL_START = 1,    /* the start address, or what it was moved to: always in scope */
    CRAWL_URL_ALONE = 2,    /* do not heed its rel=canonical: that page cannot be had */
    CRAWL_URL_CANONICAL = 4 /* `via` was left out in favour of this one */
};

struct crawl_url {
    struct id id;          /* becomes the page's */
    const char *url, *via; /* via may be NULL */
    int64_t depth, hops, tries;
    int flags;          /* of enum crawl_flag */
    bool late;          /* comes when nothing else is left */
    const char *reason; /* NULL: queued; else it is skipped, for this reason */
};

/* Those that are known are left out; *out counts the others by reason, "" being those queued. */
struct crawl_added {
    const char *reason;
    int64_t n;
};
struct err crawl_add(struct db *db, struct arena *a, struct id crawl_id,
                     const struct crawl_url *urls, size_t n, struct crawl_added **out,
                     size_t *count) CHECKED;

/* What comes next, beside those that are in hand. */
struct err crawl_next(struct db *db, struct arena *a, struct id crawl_id, const struct id *in_hand,
                      size_t in_hand_count, int64_t limit, struct crawl_url **out,
                      size_t *count) CHECKED;

/* How many wait beside those; *due_ms: until the first's time, -1 when none waits for one. */
struct err crawl_waiting(struct db *db, struct arena *a, struct id crawl_id,
                         const struct id *in_hand, size_t in_hand_count, int64_t *queued,
                         int64_t *due_ms) CHECKED;

/* ---- what came of addresses ---------------------------------------------------- */

struct crawl_outcome {
    struct id id; /* of its crawl_url */
    const char *url;
    const char *state; /* queued (again after delay_ms), indexed, unchanged, skipped, failed */
    const char *reason, *detail; /* detail: a sentence for people; may be NULL */
    const char *canonical;       /* the address that it stands for; NULL for none */
    int64_t depth, tries, delay_ms, http_status, bytes;
    const char *content_type;
};

/* First in a transaction that stores: ERR_CONFLICT when the crawl was paused or cancelled. */
struct err crawl_touch(struct db *db, struct arena *a, struct id crawl_id) CHECKED;

/* The state of each in the frontier. Queued. */
struct err crawl_settle(struct db *db, struct arena *a, struct id crawl_id,
                        const struct crawl_outcome *list, size_t n) CHECKED;

/* The rows of pages that were skipped or failed; others in the list are passed over. Queued. */
struct err crawl_skip_pages(struct db *db, struct arena *a, struct id crawl_id,
                            const struct crawl_outcome *list, size_t n) CHECKED;

/* Addresses that were left out as aliases of what cannot be had are queued again. */
struct err crawl_again(struct db *db, struct arena *a, struct id crawl_id, const char *const *urls,
                       size_t n, int64_t *queued) CHECKED;

struct crawl_page {
    struct id id;
    const char *url, *title, *content, *language, *content_type, *etag, *last_modified;
    struct id content_hash;
    uint64_t simhash;
    int64_t depth, http_status, bytes, chunks;
};

/* Pages with addresses of their own. Queued. */
struct err crawl_store_pages(struct db *db, struct arena *a, struct id crawl_id,
                             const struct crawl_page *pages, size_t n) CHECKED;

/* Queued. */
struct err crawl_page_unchanged(struct db *db, struct id crawl_id, struct id page_id,
                                int64_t http_status, const char *etag,
                                const char *last_modified) CHECKED;

/* Queued. `reasons` is a JSON object. */
struct err crawl_count(struct db *db, struct id crawl_id, const struct crawl_counts *counts,
                       const char *reasons, const char *message) CHECKED;

/* ---- its end ------------------------------------------------------------------------ */

/* What is queued is skipped for this reason; *closed is how many. */
struct err crawl_close(struct db *db, struct arena *a, struct id crawl_id, const char *reason,
                       int64_t *closed) CHECKED;

/* Pages that earlier runs stored and this one left out. */
struct err crawl_stale(struct db *db, struct arena *a, const struct crawl_task *task,
                       struct id **out, size_t *count) CHECKED;

/* They are no longer searched; their passages are the caller's to remove. Queued. */
struct err crawl_unindexed(struct db *db, struct arena *a, struct id crawl_id,
                           const struct id *pages, size_t n) CHECKED;

/* completed, failed or cancelled; the source says so too. Queued. */
struct err crawl_finish(struct db *db, struct id crawl_id, const char *status, const char *error,
                        const char *message) CHECKED;

#endif
