/*
 * Sse: read an event stream (WHATWG HTML, 9.2.6) as it arrives in pieces.
 *
 * Pure. Lines end in LF, CR or CRLF, also across pieces. Comments are
 * skipped; a byte order mark at the start too. Bytes that are not UTF-8, and
 * NUL, are read as U+FFFD. One event may hold at most `max` bytes of lines and
 * one comment as many; the same bytes cut anywhere give the same events.
 *
 * After each piece take the events, all of them:
 *
 *     if (!sse_feed(&s, bytes, len))
 *         return ERR(...);
 *     while (sse_next(&s, &event, &data))
 *         ...
 */
#ifndef LIB_SSE_H
#define LIB_SSE_H

#include "lib/buf.h"

#include <stdbool.h>
#include <stddef.h>

struct sse {
    struct buf in;    /* bytes not yet read */
    size_t pos;       /* start of the next line in `in` */
    size_t seen;      /* bytes of that line that hold no line end */
    struct buf data;  /* data lines of the event being read */
    struct buf event; /* its event field */
    struct buf id;    /* last id field: what a reconnect would send as Last-Event-ID */
    size_t held;      /* bytes of lines of the event being read */
    bool has_data, given, after_cr, at_start;
    bool over; /* an event passed `max` */
    size_t max;
};

void sse_init(struct sse *s, struct arena *a, size_t max);

/*
 * Take more bytes. False, and the bytes dropped, once sse_next() has met an
 * event that passes `max`: the stream is lost. s->over tells the same at its end.
 */
bool sse_feed(struct sse *s, const char *bytes, size_t len);

/*
 * The next whole event. `event` is "" when the stream named none. Both texts
 * are valid until the next call of sse_feed() or sse_next().
 */
bool sse_next(struct sse *s, const char **event, const char **data);

/* At the end of the stream: a last event that no blank line closed. */
bool sse_end(struct sse *s, const char **event, const char **data);

#endif
