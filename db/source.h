/*
 * Source: what an agent knows: a text, a file, a website. It belongs to the
 * agent's owner. Adding one adds the job that reads it into pages; until that is
 * done the agent answers without it.
 */
#ifndef DB_SOURCE_H
#define DB_SOURCE_H

#include "db/page.h"
#include "lib/err.h"
#include "lib/id.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct db;

#define SOURCE_TITLE_MAX     300                        /* characters */
#define SOURCE_CONTENT_MAX   ((size_t)10 * 1024 * 1024) /* bytes */
#define SOURCE_URL_MAX       2000                       /* characters */
#define SOURCE_PAGES_MAX     100000
#define SOURCE_DEPTH_MAX     1000
#define SOURCE_PATTERNS_MAX  100
#define SOURCE_PATTERN_MAX   500            /* characters */
#define SOURCE_DELAY_MAX     60000          /* milliseconds */
#define SOURCE_FILE_NAME_MAX 300            /* characters */
#define SOURCE_FILE_TYPE_MAX 200            /* characters */
#define SOURCE_INDEX_KIND    "index_source" /* job; its subject is the source */

/* How a website is crawled. */
struct source_crawl {
    const char *scope; /* section (the start's directory), site, page */
    bool subdomains, use_sitemap;
    int64_t max_pages, max_depth, delay_ms; /* -1: no limit of depth, no delay of its own */
    const char *const *include, *const *exclude;
    size_t include_count, exclude_count;
    const char *recrawl_every; /* never, daily, weekly, monthly */
};

struct source {
    struct id id, user_id, agent_id, job_id, schedule_job_id;
    const char *type, *title; /* type: text, file, url */
    const char *status;       /* queued, indexing, crawling, paused, ready, failed, cancelled */
    const char *error;        /* why it failed; may be NULL */
    const char *url;          /* of a website, else NULL */
    const char *file_name, *file_type; /* of a file, else NULL */
    struct source_crawl crawl;
    int64_t page_count, chunk_count;
    const char *next_crawl_at; /* may be NULL */
    const char *created_at, *updated_at;
};

/* One of content, url and file is set. */
struct source_new {
    struct id agent_id;
    const char *title, *content, *url;
    const char *file, *file_name, *file_type; /* file: in base64 */
    struct source_crawl crawl;
    const char *http_request_id;
};

/*
 * Give the caller's own agent a source, and add the job that indexes it or the
 * crawl that reads it. ERR_NOT_FOUND for another agent.
 */
struct err source_insert(struct db *db, struct arena *a, const struct source_new *in,
                         struct source *out) CHECKED;

/* ERR_NOT_FOUND unless it is the caller's. */
struct err source_get(struct db *db, struct arena *a, struct id id, struct source *out) CHECKED;

/* The same, locked until the transaction ends. */
struct err source_get_locked(struct db *db, struct arena *a, struct id id,
                             struct source *out) CHECKED;

/* Write the title and how it is crawled, and plan its next crawl if that changed. */
struct err source_update(struct db *db, struct arena *a, const struct source *in,
                         struct source *out) CHECKED;

/* Milliseconds of "daily" and so on; 0 for "never". */
int64_t source_recrawl_ms(const char *recrawl_every);

/* The sources of the caller's own agent, newest first. ERR_NOT_FOUND for another agent. */
struct err source_list(struct db *db, struct arena *a, struct id agent_id, const struct page *page,
                       struct source **out, size_t *count) CHECKED;

/* With its pages and passages; what it still has planned is cancelled. */
struct err source_delete(struct db *db, struct arena *a, struct id id) CHECKED;

/* ---- for the worker: in a transaction of the source's user ---------------- */

struct source_task {
    struct id id, user_id, agent_id;
    const char *title, *content;
    const char *file, *file_name, *file_type; /* file: in base64; NULL for a text */
};

/* ERR_NOT_FOUND when it has been deleted. */
struct err source_load(struct db *db, struct arena *a, struct id id,
                       struct source_task *out) CHECKED;

/* The one page of a text or file: `content` is what was read. Queued. */
struct err source_store_page(struct db *db, const struct source_task *source,
                             const char *language) CHECKED;

/* It is searched, in `chunks` passages. Queued. */
struct err source_ready(struct db *db, struct id id, size_t chunks) CHECKED;

/* Queued. */
struct err source_failed(struct db *db, struct id id, const char *error) CHECKED;

#endif
