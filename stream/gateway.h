/*
 * Gateway: the service thread. One libwebsockets loop holds every connection
 * and never waits for anything but its sockets; reader.h has the database.
 *
 * libwebsockets reads the requests and speaks WebSocket. Two of its ways are
 * gone round, in door.c: it decides about a handshake in one callback that
 * cannot wait for the database, and an HTTP/1 connection that has begun to answer
 * neither notices that its client has gone nor stops asking to be read. So a
 * request's socket is taken out of libwebsockets as soon as its head has been
 * read, waits as a plain descriptor for the database's answer, and is then put
 * back in the role that fits: a bare socket to write an event stream to, or a
 * WebSocket.
 */
#ifndef STREAM_GATEWAY_H
#define STREAM_GATEWAY_H

#include "lib/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct gateway_options {
    const char *socket;           /* path to listen at */
    const char *public_url;       /* "" for none */
    const char *identity_proxies; /* proxies whose X-Forwarded-Email is believed; "" for none */
    const char *conninfo, *role;
    bool listen;     /* LISTEN, besides polls */
    size_t max;      /* connections */
    size_t buffer;   /* bytes that may wait for a slow reader */
    int64_t ping_s;  /* silence after which a stream sends a ping */
    int64_t drain_s; /* given to open connections at the end */
    int stop_fd;     /* readable when it is time to end */
};

/* Serve until told to stop. An error is one of the start. */
struct err gateway_run(const struct gateway_options *options) CHECKED;

#endif
