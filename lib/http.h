/*
 * Http: HTTP/1.1 and HTTP/2 client on a libuv loop, by libcurl's multi
 * interface. Everything happens on the loop's thread; name resolution on
 * libcurl's own. A transfer streams: its body reaches on_data() as it arrives.
 *
 * The outgoing gate: with `gate` set, only public addresses and those that
 * `allow` lists are dialled, checked at the socket (CURLOPT_OPENSOCKETFUNCTION)
 * and again for reused connections (CURLOPT_PREREQFUNCTION). Gated transfers
 * share no connection with others. Redirects are never followed here, proxies
 * and netrc are off.
 *
 * How a transfer can fail: ERR_INVALID for a URL or header that cannot be
 * sent, ERR_FORBIDDEN when the gate refused every address, ERR_TIMEOUT at a
 * deadline, ERR_TOO_LARGE over a limit, ERR_UPSTREAM for the rest (the name,
 * the connection, TLS, a body that was cut before its end).
 *
 * Callbacks may call every function here, for any transfer.
 */
#ifndef LIB_HTTP_H
#define LIB_HTTP_H

#include "lib/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct http;
struct http_transfer;
struct uv_loop_s;

#define HTTP_KEEP_MAX 8

struct http_header {
    const char *name, *value;
};

struct http_reply {
    int status;               /* 0 when no reply came */
    const char *content_type; /* "" when absent */
    int64_t retry_after_ms;   /* from Retry-After or retry-after-ms; -1 when absent; 1 h at most */
    int64_t body_bytes;       /* decoded bytes received */
    int64_t wire_bytes;       /* the same as they came, perhaps compressed */
    const char *const *kept;  /* values of the headers that `keep` names, NULL where absent */
    int64_t first_byte_ms;    /* from http_send() to the first byte of body; -1 when none came */
    int64_t total_ms;
    struct err err; /* OK when the transfer came to its proper end, whatever the status */
};

/*
 * Texts and body are copied. A deadline or body_max of 0 is none. The header
 * Accept-Encoding, "gzip" for one, also makes such a body arrive decoded.
 */
struct http_request {
    const char *method; /* NULL: GET, or POST with a body */
    const char *url;
    const struct http_header *headers;
    size_t header_count;
    const char *body; /* NULL for none */
    size_t body_len;
    bool gate;
    const char *allow;  /* for the gate; see url_allowed_host() */
    int64_t connect_ms; /* to look up the name, connect and greet by TLS */
    int64_t idle_ms;    /* without a byte of body; the reply's headers count once */
    int64_t total_ms;   /* from http_send() to the end */
    int64_t body_max;   /* decoded bytes; more ends with ERR_TOO_LARGE */
    int64_t wire_max;   /* the same for bytes as they come; also ends what is packed over 100:1 */
    /* Names of headers of the reply to be kept, NULL behind the last, at most HTTP_KEEP_MAX;
     * several of one name come joined by ", ". Must outlive the transfer. NULL for none. */
    const char *const *keep;
    void *arg;
    /* Once, when the reply's headers are complete. Its texts live until on_end(). May be NULL. */
    void (*on_reply)(void *arg, const struct http_reply *reply);
    /* Return false to end the transfer; on_end() then gets ERR_TOO_LARGE. May be NULL. */
    bool (*on_data)(void *arg, const char *bytes, size_t len);
    /* Exactly once, last, unless http_cancel() came first. The transfer is gone afterwards,
     * and so are the reply's texts. */
    void (*on_end)(void *arg, const struct http_reply *reply);
};

/*
 * One client per loop. Closed (and open transfers dropped) with the arena. The
 * process ignores SIGPIPE from then on, and takes its character set from
 * C.UTF-8 unless a locale was set, since hosts may have names beyond ASCII.
 */
struct http *http_new(struct arena *a, struct uv_loop_s *loop);

/* Start a transfer. Never fails here: what goes wrong is told to on_end(), later. */
struct http_transfer *http_send(struct http *h, const struct http_request *rq);

/* No callback follows; the connection is closed in the loop's next turn. */
void http_cancel(struct http_transfer *t);

/* Stop and go on reading (back-pressure). The idle deadline waits meanwhile. */
void http_pause(struct http_transfer *t, bool paused);

/*
 * Drop all transfers and release everything of the client's that is on the
 * loop. The loop has to turn once more before it can be closed. Once is enough:
 * the arena's end does it too.
 */
void http_close(struct http *h);

#endif
