/*
 * Batch: some events of one topic as they are sent, in order. A topic is what
 * can be watched: the log of a request, all of it or what its visitor may see, a
 * user's feed, or the progress of a crawl.
 *
 * The database thread makes a batch and hands it over; from then on it is never
 * changed and belongs to the service thread, which counts who holds it. So an
 * event is rendered once, however many watch. Batches of one topic are linked
 * in their order, each holding the next; a reader holds the one it is at, and
 * what no reader will need any more goes away by itself.
 */
#ifndef STREAM_BATCH_H
#define STREAM_BATCH_H

#include "lib/id.h"
#include "stream/mailbox.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct crawl;
struct event_row;
struct feed_event;

enum topic_kind { TOPIC_REQUEST, TOPIC_VISITOR, TOPIC_FEED, TOPIC_CRAWL, TOPIC_COUNT };

struct batch_event {
    int64_t seq;
    size_t start;    /* of the event in the text of the batch, as SSE writes it */
    size_t json;     /* of the JSON in it */
    size_t json_len; /* bytes */
};

struct batch {
    struct letter letter; /* first: see mailbox.h */
    enum topic_kind kind;
    struct id id;
    char *text; /* all events as one piece of an event stream */
    size_t len;
    const struct batch_event *events;
    size_t count;     /* 0 only for the end of what is gone */
    bool ends;        /* nothing of the topic follows */
    int64_t noted_ns; /* monotonic: when its news was heard of */

    /* the service thread's */
    int held;
    struct batch *next;
    uint64_t offset;     /* bytes that its channel had passed on before */
    struct batch **tail; /* where its channel names it as the newest; NULL for none */
    struct arena *arena; /* that all of it lives in */
};

struct batch *batch_of_events(enum topic_kind kind, const struct event_row *rows, size_t n);
struct batch *batch_of_feed(const struct feed_event *rows, size_t n);

/* How a crawl stands: one event, numbered by its version. */
struct batch *batch_of_crawl(const struct crawl *crawl);

/* One that went with its source: its last event, number `seq`, says so. */
struct batch *batch_of_crawl_gone(struct id crawl_id, struct id source_id, int64_t seq);

/*
 * For a reader that is further behind than the feed is kept: the event "reset",
 * which says that all has to be loaded anew, and that `newest` is where to go on.
 */
struct batch *batch_of_reset(struct id user_id, int64_t newest);

/* The end of a topic that is not there any more: no event, but nothing follows. */
struct batch *batch_of_end(enum topic_kind kind, struct id id);

/* The number of the last event, of a batch that has any. */
int64_t batch_last(const struct batch *b);

/* The first event after `seq`; b->count when there is none. */
size_t batch_after(const struct batch *b, int64_t seq);

/* Bytes of the text before event n, 0..b->count. */
size_t batch_start(const struct batch *b, size_t n);

/* A new batch is held once, by whoever made it. */
struct batch *batch_hold(struct batch *b);
void batch_drop(struct batch *b);

#endif
