/*
 * Hub: who watches what, and how far each has got. Pure bookkeeping of the
 * service thread: it neither reads the database nor writes to connections.
 *
 * A watcher first gets what it missed (its own batch, given by watcher_give()),
 * then what its channel passes on. It joins the channel, with hub_join(), when
 * its own batch is known to reach the end of the log; whatever is delivered
 * after that and is newer than what it has is for it, so there is neither gap
 * nor repeat between the two.
 */
#ifndef STREAM_HUB_H
#define STREAM_HUB_H

#include "stream/batch.h"
#include "stream/list.h"
#include "stream/pool.h"
#include "stream/table.h"

struct channel;

struct watcher {
    struct link link; /* in its channel */
    struct channel *channel;
    struct batch *own; /* what it missed; sent first */
    struct batch *at;  /* of the channel; NULL when it has all */
    size_t event;      /* the next event to send of the batch that is sent now */
    int64_t seq;       /* the last event it has; what is not newer is skipped */
    bool ended;        /* it has the topic's last event */
};

struct hub {
    struct table channels[TOPIC_COUNT]; /* by kind of topic */
    struct pool pool;
    size_t limit; /* bytes that may wait for a watcher when more arrives */
};

/* For about `expected` channels of each kind. */
void hub_init(struct hub *h, struct arena *a, size_t expected, size_t limit);

void hub_join(struct hub *h, enum topic_kind kind, struct id id, struct watcher *w);

/* Leave the channel, if in one, and drop what was to be sent. */
void hub_leave(struct hub *h, struct watcher *w);

enum hub_news {
    HUB_MORE,    /* there is something to send */
    HUB_TOO_SLOW /* too much waits for it: it gets nothing more, and should go */
};

/*
 * Pass a batch on to the watchers of its topic and tell each, by fn(), which may
 * call hub_leave() for that watcher. Takes over the caller's hold.
 */
void hub_deliver(struct hub *h, struct batch *b,
                 void (*fn)(void *arg, struct watcher *w, enum hub_news news), void *arg);

/* Give a watcher what it missed. It must have sent all of what it was given before. */
void watcher_give(struct watcher *w, struct batch *b);

/*
 * What to send next: at most `max_events` events that lie together and, but for
 * a single event, have at most `max_bytes`. False when there is nothing.
 */
struct piece {
    const struct batch *batch;
    size_t first, count; /* events */
    char *text;          /* for writers that need room before a message: they leave it as it was */
    size_t len;
};
bool watcher_next(struct watcher *w, size_t max_events, size_t max_bytes, struct piece *out);

/* Nothing waits to be sent. */
bool watcher_is_idle(const struct watcher *w);

/* The piece was sent. */
void watcher_sent(struct watcher *w, const struct piece *piece);

#endif
