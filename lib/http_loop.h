/*
 * Http_loop: a libcurl multi handle driven by a libuv loop. A part of lib/http,
 * which alone includes it.
 */
#ifndef LIB_HTTP_LOOP_H
#define LIB_HTTP_LOOP_H

#include <curl/curl.h>
#include <uv.h>

struct arena;
struct watch;

/* Set uv, arena, owner and the functions, then call http_loop_open(). */
struct http_loop {
    uv_loop_t *uv;
    struct arena *arena; /* outlives the loop's handles */
    void *owner;
    /* Around every run of libcurl and the calls of done() after it. */
    void (*enter)(void *owner);
    void (*leave)(void *owner);
    /* A transfer came to an end; it still belongs to the multi handle. */
    void (*done)(void *owner, CURL *easy, CURLcode result);
    /* A handle was put on the libuv loop; it has left it, and its memory may go. */
    void (*opened)(void *owner);
    void (*closed)(void *owner);

    CURLM *multi;
    uv_timer_t timer;
    struct watch *spare; /* private: watches to use again */
};

/* What http_new() says of the process. Done once, before anything else here. */
void http_loop_prepare_process(void);

/* Make the multi handle, which keeps at most `connections` open. */
void http_loop_open(struct http_loop *l, long connections);

/* Close all connections. No transfer may be in the multi handle. */
void http_loop_close(struct http_loop *l);

#endif
