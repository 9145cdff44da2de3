/*
 * Collector: the new events of all running responses on their way to the log.
 *
 * Each response has a stream. Text that is added to an item whose newest event
 * has not left yet joins that event, so that what is written follows time, not
 * tokens. A flush takes everything that is pending, of all streams, as one
 * batch; one batch is in flight at a time, and what comes meanwhile gathers for
 * the next. The last events of a response do not travel in a batch: its owner
 * takes them, after whatever is in flight has landed, to write them with the
 * end of the response in one transaction.
 *
 * Pure: no clock, no database. worker/flusher.c does the flights.
 */
#ifndef WORKER_COLLECTOR_H
#define WORKER_COLLECTOR_H

#include "db/event.h"
#include "lib/buf.h"
#include "lib/id.h"
#include "lib/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct collector;
struct pending;

/* One response. Zero until stream_open(); forgotten after stream_close() or stream_drop(). */
struct stream {
    struct collector *collector;
    struct id request_id, user_id;
    int attempt;
    int64_t next_seq;
    /* private */
    struct pending *first, *last;
    size_t count;
    bool open, listed, flying;
    struct stream *prev, *next; /* of those with something pending */
    struct stream *prev_flying, *next_flying;
    void (*landed)(void *arg);
    void *landed_arg;
};

struct collector {
    /* private */
    struct arena *gathering, *flight; /* memory of what is pending, and of the batch in flight */
    struct stream *streams, *last_stream;
    struct stream *flying;
    size_t open, pending;
    bool in_flight;
};

/* Its memory is freed with `a`. */
void collector_init(struct collector *c, struct arena *a);

/* Events are numbered from `next_seq` on. */
void stream_open(struct stream *s, struct collector *c, struct id request_id, struct id user_id,
                 int attempt, int64_t next_seq);

/* Add an event; `data` is copied, NULL for none. */
void stream_event(struct stream *s, enum event_type type, int item, const char *data);

/* Add text to an item by an event of `type`, or to the newest event if it is such a one. */
void stream_text(struct stream *s, enum event_type type, int item, struct str text);

/*
 * No more events: what is pending is handed over, copied to `a`. True when
 * nothing of the stream is in flight; else landed(arg) is called when it has
 * come down.
 */
bool stream_close(struct stream *s, struct arena *a, struct event **events, size_t *count,
                  void (*landed)(void *arg), void *arg);

/* Forget the stream and what is pending of it; no call of landed() follows. */
void stream_drop(struct stream *s);

/* ---- flights --------------------------------------------------------------- */

bool collector_has_pending(const struct collector *c);

/*
 * Everything pending becomes the batch in flight; none may be in flight. The
 * batch lives in *arena, which is the flight's own until collector_landed().
 */
size_t collector_depart(struct collector *c, struct event **batch, struct arena **arena);

/* The batch is in the log, or never will be. */
void collector_landed(struct collector *c);

/*
 * Milliseconds from one departure to the next: `base_ms`, growing with the
 * number of open streams and with how long the last flight took, since a
 * flight's cost is by the event, and longer waits make fewer.
 */
#define COLLECTOR_INTERVAL_MAX 150
int64_t collector_interval_ms(const struct collector *c, int64_t base_ms, int64_t flight_ms);

#endif
