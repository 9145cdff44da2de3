/*
 * Fetch: one GET through the outgoing gate, its answer whole in memory within
 * limits. Redirects are told, not followed.
 */
#ifndef WORKER_CRAWL_FETCH_H
#define WORKER_CRAWL_FETCH_H

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/http.h"

#include <stdbool.h>
#include <stdint.h>

struct arena;

#define FETCH_PRODUCT    "offstage"                  /* the name that robots.txt knows us by */
#define FETCH_BODY_MAX   ((int64_t)10 * 1024 * 1024) /* bytes of a page, decoded */
#define FETCH_WIRE_MAX   ((int64_t)10 * 1024 * 1024) /* the same as they come */
#define FETCH_IDLE_MS    10000
#define FETCH_CONNECT_MS 10000

/* What came. Everything lives in `arena`, which is the caller's. */
struct fetch {
    struct arena *arena;
    const char *url;
    const char *etag, *last_modified; /* set before: what we have; after: what the reply says */
    int64_t body_max, wire_max;
    bool cut; /* set before: what is over body_max is left out, and no error */
    void (*done)(struct fetch *f);
    void *arg;

    struct err err; /* ERR_TOO_LARGE over a limit; else as lib/http.h says */
    int status;
    const char *content_type, *location, *robots; /* NULL where absent, but content_type */
    int64_t retry_after_ms, took_ms, wire_bytes;
    struct buf body;
    struct http_transfer *transfer; /* while it runs */
};

/* The fields above the gap are set. done() follows unless fetch_cancel() comes first. */
void fetch_start(struct http *http, struct fetch *f);
void fetch_cancel(struct fetch *f);

/* The User-Agent header. */
const char *fetch_agent(void);

#endif
