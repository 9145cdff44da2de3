/*
 * Source: what an agent knows, and its passages (chunks) with their full-text
 * index. It belongs to the agent's owner. Adding one adds the job that indexes
 * it; until that is done the agent answers without it.
 */
#ifndef DB_SOURCE_H
#define DB_SOURCE_H

#include "db/page.h"
#include "lib/err.h"
#include "lib/id.h"

#include <stddef.h>
#include <stdint.h>

struct arena;
struct db;

#define SOURCE_TITLE_MAX   300                        /* characters */
#define SOURCE_CONTENT_MAX ((size_t)10 * 1024 * 1024) /* bytes */
#define SOURCE_INDEX_KIND  "index_source"             /* job; its subject is the source */

struct source {
    struct id id, agent_id, job_id;
    const char *type, *title, *status; /* status: queued, indexing, ready, failed */
    const char *error;                 /* why it failed; may be NULL */
    int64_t chunk_count;
    const char *created_at, *updated_at;
};

struct source_new {
    struct id agent_id;
    const char *title, *content;
    const char *http_request_id;
};

/* Add a text to the caller's own agent, and the job that indexes it. ERR_NOT_FOUND for another
 * agent. */
struct err source_insert(struct db *db, struct arena *a, const struct source_new *in,
                         struct source *out) CHECKED;

/* ERR_NOT_FOUND unless it is the caller's. */
struct err source_get(struct db *db, struct arena *a, struct id id, struct source *out) CHECKED;

/* The sources of the caller's own agent, newest first. ERR_NOT_FOUND for another agent. */
struct err source_list(struct db *db, struct arena *a, struct id agent_id, const struct page *page,
                       struct source **out, size_t *count) CHECKED;

/* With its passages; *job_id is the job that indexes it, to be cancelled. */
struct err source_delete(struct db *db, struct arena *a, struct id id, struct id *job_id) CHECKED;

/* ---- for the worker: in a transaction of the source's user ---------------- */

struct source_task {
    struct id id, user_id, agent_id;
    const char *title, *content;
};

/* ERR_NOT_FOUND when it has been deleted. */
struct err source_load(struct db *db, struct arena *a, struct id id,
                       struct source_task *out) CHECKED;

/* It is searched, in `chunks` passages: its page tells. Queued. */
struct err source_ready(struct db *db, struct id id, size_t chunks) CHECKED;

/* Queued. */
struct err source_failed(struct db *db, struct id id, const char *error) CHECKED;

#endif
