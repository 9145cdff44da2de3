/*
 * Crawl: one run over a website source, as users see and steer it. A source has
 * at most one that is not over. What a worker does is db/crawl_run.h.
 *
 * Every end is final: completed (with what could be read), failed (nothing
 * could), cancelled. A paused one waits for its resumption, for which its
 * frontier is kept.
 */
#ifndef DB_CRAWL_H
#define DB_CRAWL_H

#include "lib/err.h"
#include "lib/id.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct db;
struct source;

#define CRAWL_KIND "crawl" /* job; its subject is the crawl */
#define CRAWL_DUE_KIND                                                                             \
    "crawl_due" /* job: begin the crawl that is planned; its subject is the source */
#define CRAWL_QUEUE "crawl"

struct crawl {
    struct id id, source_id, job_id;
    bool dry_run;
    const char *status; /* queued, crawling, paused, completed, failed, cancelled */
    int64_t progress;   /* 0..100 */
    int64_t found, fetched, indexed, unchanged, skipped, failed;
    const char *reasons; /* JSON object: how many addresses were not taken, by reason */
    const char *message; /* for people */
    const char *error;   /* may be NULL */
    int64_t version;     /* grows with every change */
    const char *created_at, *updated_at, *started_at, *finished_at; /* the last two may be NULL */
};

enum crawl_purpose {
    CRAWL_REAL,
    CRAWL_DRY /* only tell what would be taken, and why not */
};

/* ERR_CONFLICT while another one of the source is not over, ERR_INVALID for no website. */
struct err crawl_start(struct db *db, struct arena *a, const struct source *source,
                       enum crawl_purpose purpose, const char *http_request_id,
                       struct crawl *out) CHECKED;

/* The newest of a source. ERR_NOT_FOUND when it has none or is not the caller's. */
struct err crawl_latest(struct db *db, struct arena *a, struct id source_id,
                        struct crawl *out) CHECKED;

/* The same for a user that the gateway names, who sees everybody's. */
struct err crawl_latest_of(struct db *db, struct arena *a, struct id source_id, struct id user_id,
                           struct crawl *out) CHECKED;

/* How crawls stand, of those that have changed since a version; for the gateway. */
struct crawl_watch {
    struct id id;
    int64_t version;
};
struct err crawl_news(struct db *db, struct arena *a, const struct crawl_watch *watched, size_t n,
                      struct crawl **out, size_t *count) CHECKED;

/* Which of them are not there any more; for the gateway. */
struct err crawl_gone(struct db *db, struct arena *a, const struct crawl_watch *watched, size_t n,
                      struct id **out, size_t *count) CHECKED;

/* ERR_CONFLICT unless it is queued or crawling; unless it is paused. Paused twice is paused. */
struct err crawl_pause(struct db *db, struct arena *a, struct id source_id,
                       struct crawl *out) CHECKED;
struct err crawl_resume(struct db *db, struct arena *a, struct id source_id,
                        const char *http_request_id, struct crawl *out) CHECKED;

/* End the source's crawl, if it has one that is not over. */
struct err crawl_cancel(struct db *db, struct arena *a, struct id source_id) CHECKED;

/* Its job has ended without it: cancelled or failed, unless it is paused. Queued. */
struct err crawl_over(struct db *db, struct id crawl_id, const char *status,
                      const char *error) CHECKED;

struct crawl_address {
    struct id id;
    const char *url, *via, *state, *reason; /* via, reason may be NULL; see crawl_reason() */
    int64_t depth;
};

/* The addresses that a run has met, oldest first, from behind `after`. `state` may be NULL. */
struct err crawl_addresses(struct db *db, struct arena *a, struct id crawl_id, const char *state,
                           struct id after, int64_t limit, struct crawl_address **out,
                           size_t *count) CHECKED;

/* The sentence for a reason's word; the word itself when there is none. NULL for NULL. */
const char *crawl_reason(const char *word);

#endif
