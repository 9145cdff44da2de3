/*
 * Http_transfer: one request and its reply as libcurl sees them: options, the
 * gate, what its callbacks do, and what its failures mean. A part of lib/http,
 * which alone includes it; knows nothing of the loop.
 */
#ifndef LIB_HTTP_TRANSFER_H
#define LIB_HTTP_TRANSFER_H

#include "lib/http.h"
#include "lib/url.h"

#include <curl/curl.h>

struct transfer {
    struct arena *arena;
    CURL *easy;
    struct http_request rq; /* its texts live in the arena */
    struct url url;
    struct curl_slist *headers;
    struct http_reply reply;
    int64_t start_ms;
    int64_t alive_ms; /* when the idle deadline was last put off */
    size_t header_bytes;
    void (*on_dial)(struct transfer *t); /* its name is looked up, or was not needed */
    bool dropped;                        /* no callback of the caller's may be called any more */
    bool paused;                         /* by the caller */
    bool held;                           /* libcurl keeps a piece of the body until it is resumed */
    bool replied;                        /* the headers are complete */
    bool refused;                        /* the gate refused an address */
    bool dialled;                        /* and let one pass */
    char curl_error[CURL_ERROR_SIZE];
};

/* Copy the request into t->arena. */
void transfer_init(struct transfer *t, const struct http_request *rq);

/* ERR_INVALID when the URL or a header cannot be sent. */
struct err transfer_check(struct transfer *t) CHECKED;

/* Set every option of t->easy, once checked. Deadlines run since transfer_init(). */
void transfer_prepare(struct transfer *t);

/* Milliseconds until the idle deadline; INT64_MAX for never. */
int64_t transfer_idle_left_ms(const struct transfer *t);

/* Likewise for the other deadlines, which libcurl watches from transfer_prepare() on. */
int64_t transfer_wait_left_ms(const struct transfer *t);

/* What libcurl's result means; t->reply is complete then. */
void transfer_finish(struct transfer *t, CURLcode result);

/* The idle deadline has passed. */
void transfer_finish_idle(struct transfer *t);

/* Make t->easy fit for the next request. */
void transfer_release(struct transfer *t);

#endif
