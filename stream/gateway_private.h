/*
 * What the files of the service thread share: gateway.c (start, loop, end),
 * gateway_letters.c, gateway_clock.c, door.c (sockets in and out of
 * libwebsockets), conn.c (what becomes of a connection), conn_write.c (what it
 * is sent).
 */
#ifndef STREAM_GATEWAY_PRIVATE_H
#define STREAM_GATEWAY_PRIVATE_H

#include "stream/ask.h"
#include "stream/credentials.h"
#include "stream/gateway.h"
#include "stream/hub.h"
#include "stream/metrics.h"
#include "stream/reader.h"
#include "stream/reply.h"

#include <libwebsockets.h>

struct buf;

#define GATEWAY_PROTOCOL "offstage" /* the one that libwebsockets knows */

#define GATEWAY_EXTRA 256 /* connections above the limit that are open while they are refused */

/* Close codes of WebSockets (RFC 6455, 7.4; 4000 to 4999 are ours to define). */
#define WS_NORMAL  1000
#define WS_RESTART 1012
#define WS_REVOKED 4401

struct gateway {
    struct arena *life;
    struct arena *scratch; /* emptied after each use */
    const struct gateway_options *options;
    struct lws_context *context;
    struct lws_vhost *vhost;
    struct reader *reader;
    struct hub hub;
    struct credentials credentials;
    struct pool conns, asks;
    struct link waiting; /* connections whose ask is under way */
    struct link open;    /* streams, longest silent first */
    struct link held;    /* statuses, which wait for a change */
    struct metrics metrics;

    int listen_fd, spare_fd; /* spare: what a taken socket is replaced by */
    size_t heads;            /* connections whose request has not come yet */
    struct conn *adopting;   /* whose WebSocket handshake is being put back */
    lws_sorted_usec_list_t tick, watchdog;
    lws_usec_t watchdog_us; /* between two signs of life */
    bool ticking, stopping, checking;
    int64_t stop_ms;  /* when it ends at the latest */
    int64_t heads_ms; /* until when requests that are being sent are waited for */
    int64_t check_ms; /* when the credentials were last checked */
};

enum conn_state {
    CONN_WAITING, /* a plain descriptor; its ask is under way */
    CONN_OPEN,
    CONN_CLOSING, /* has left everything, and closes when the last bytes were taken */
    CONN_CLOSED   /* libwebsockets was told to close it */
};

/* Why a connection ended, as the log says it. */
enum conn_why { WHY_ENDED, WHY_GONE, WHY_SLOW, WHY_REVOKED, WHY_STOPPED, WHY_COUNT };

struct conn {
    struct gateway *gateway;
    enum conn_state state;
    enum stream_kind kind;
    struct lws *wsi;  /* NULL while it waits */
    int fd;           /* while it waits */
    struct ask *ask;  /* under way */
    struct link link; /* gateway's waiting, open or held */
    struct watcher watcher;
    struct credential *credential;
    struct link holder;
    struct id topic_id, user_id;
    struct visit visit; /* without its token */
    char name[VISIT_NAME_MAX + 1];
    char origin[VISIT_NAME_MAX + 1]; /* of the response; see ask.h */
    bool has_head;                   /* the head of the answer was sent */
    bool shows_place;                /* a feed from now on: its reader is told where that is */
    bool ping;                       /* one is due */
    bool changed;                    /* a held status may be answered */
    int close_code;                  /* of a WebSocket */
    int64_t began_ms, wrote_ms, until_ms;
    int64_t began_ns, asked_ns, db_ns; /* for Server-Timing */
    int64_t events, bytes;
};

/* ---- gateway.c ---- */

/* Whether what libwebsockets says is logged. */
void gateway_log(bool on);

/* ---- gateway_letters.c ---- */

/* An ask for the database thread. */
struct ask *gateway_ask(struct gateway *g, enum ask_kind kind);

/* Take what it has sent. */
void gateway_take_letters(struct gateway *g);

/* At the end: nobody waits for letters any more. */
void gateway_drop_letters(struct gateway *g);

/* End the streams of those whose session or key is not good any more. */
void gateway_check(struct gateway *g);

/* ---- gateway_clock.c ---- */

/* Runs while there are connections; to be started by each. */
void gateway_start_clock(struct gateway *g);

/* Tell systemd that the loop turns, if it asks for that. */
void gateway_start_watchdog(struct gateway *g);

/* ---- door.c ---- */

struct err door_open(struct gateway *g, const char *path) CHECKED;
void door_close(struct gateway *g);

/* Clients are at the door. */
void door_accept(struct gateway *g);

/*
 * Take the socket of a connection out of libwebsockets, which then closes the
 * connection without the client's noticing. -1 when there is no descriptor left.
 */
int door_take(struct gateway *g, struct lws *wsi);

/* Put it back. The connection is CONN_OPEN, or gone. */
void door_put_back(struct conn *c);

/* Read the request that libwebsockets has parsed. Texts live in the arena. */
void door_read(struct lws *wsi, struct arena *a, bool upgrade, struct visit_text *out);

/* Answer on a plain descriptor and close it. */
void door_answer(int fd, const struct buf *text);

/* ---- conn.c ---- */

/* A request came. The answer is the callback's return value. */
int conn_visit(struct gateway *g, struct lws *wsi, bool upgrade);

/* For the head of its answer; see reply.h. */
struct reply_mark conn_mark(const struct conn *c);

/* The database's answer to an ask. */
void conn_answer(struct gateway *g, struct ask *ask);

/* The gateway stops before its ask was answered. */
void conn_turn_away(struct conn *c);

/* There is news for it. */
void conn_news(void *arg, struct watcher *w, enum hub_news news);

/* It is in libwebsockets again, ready to be written to. */
void conn_opened(struct conn *c, struct lws *wsi);

/* It ends. A WebSocket is told the code. */
void conn_close(struct conn *c, enum conn_why why, int close_code);

/* libwebsockets has closed it. */
void conn_gone(struct conn *c);

/* A status has been held long enough, or has changed. */
void conn_let_go(struct conn *c);

/* ---- conn_write.c ---- */

/* The socket takes more. The answer is the callback's return value. */
int conn_write(struct conn *c);

#endif
