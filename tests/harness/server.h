/*
 * Server: an HTTP server on 127.0.0.1 that answers every request with the bytes
 * the test chose, well-formed or not, on the test's own libuv loop.
 */
#ifndef TESTS_SERVER_H
#define TESTS_SERVER_H

#include "lib/buf.h"

#include <uv.h>

struct connection;

enum server_end {
    SERVER_KEEP,  /* the connection stays open */
    SERVER_CLOSE, /* it is closed after the reply */
    SERVER_RESET, /* and the client gets ECONNRESET */
};

struct server {
    struct arena *arena;
    uv_loop_t *loop;
    uv_tcp_t listener;
    int port;

    /* What requests are answered with; may be changed at any time. */
    const char *reply; /* NULL: nothing is sent */
    size_t reply_len;
    size_t piece;     /* bytes sent at a time; 0 for all */
    uint64_t wait_ms; /* between pieces */
    enum server_end end;
    bool at_once; /* replies when connected, without a request */

    /* What happened so far. */
    int connections, requests;
    int open;        /* connections now */
    struct buf last; /* the last request, headers and body */

    struct connection *newest; /* private */
};

/* Listen. The rest of *s is zero, or what the test sets afterwards. */
void server_open(struct server *s, struct arena *a, uv_loop_t *loop);

/* Answer with this text. */
void server_reply(struct server *s, const char *text);

/* Close the listener and all connections; run the loop once more afterwards. */
void server_close(struct server *s);

#endif
