/*
 * Sse: read an event stream (WHATWG HTML, 9.2.6) as it arrives in pieces.
 *
 * Pure. Lines end in LF, CR or CRLF, also across pieces. Comments are
 * skipped; a byte order mark at the start too. One event may hold at most
 * `max` bytes of lines; the same bytes cut anywhere give the same events.
 */
#ifndef LIB_SSE_H
#define LIB_SSE_H

#include "lib/buf.h"

#include <stdbool.h>
#include <stddef.h>

struct sse {
    struct buf in;    /* bytes not yet read */
    size_t pos;       /* start of the next line in `in` */
    struct buf data;  /* data lines of the event being read */
    struct buf event; /* its event field */
    struct buf id;    /* last id field */
    bool has_data, after_cr, at_start, over;
    size_t max;
};

void sse_init(struct sse *s, struct arena *a, size_t max);

/* Take more bytes. False once an event has passed `max`: the stream is lost. */
bool sse_feed(struct sse *s, const char *bytes, size_t len);

/*
 * The next whole event. `event` is "" when the stream named none. Both texts
 * are valid until the next call of sse_feed() or sse_next().
 */
bool sse_next(struct sse *s, const char **event, const char **data);

/* At the end of the stream: a last event that no blank line closed. */
bool sse_end(struct sse *s, const char **event, const char **data);

#endif
