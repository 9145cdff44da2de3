/*
 * Trace: the spans of one attempt at a response, as they happen. Times are read
 * from the monotonic clock; how they lie to the moment of the request is known
 * once the database has told that (trace_zero()). Nothing is written before the
 * end, and then by whoever stores it, on a thread: trace_spans().
 *
 * Pure but for the clock. All memory is the attempt's arena. Texts are not
 * copied. Spans beyond TRACE_SPANS_MAX are left out: TRACE_NONE, which every
 * function here takes and ignores.
 */
#ifndef WORKER_TRACE_H
#define WORKER_TRACE_H

#include "db/trace_json.h"
#include "lib/id.h"

#include <stdbool.h>
#include <stdint.h>

struct arena;

#define TRACE_SPANS_MAX 500
#define TRACE_ROOT      (-1) /* as a parent */
#define TRACE_NONE      (-2)

struct trace_part {
    const char *kind, *name;
    int parent;
    int64_t start_ns, end_ns; /* monotonic; end_ns is 0 while it is open */
    enum trace_status status;
    const char *error;                         /* NULL for none */
    const char *attributes, *inputs, *outputs; /* JSON; may be NULL */
};

struct trace {
    struct arena *arena;
    struct trace_part *list;
    int count;
    size_t cap;
    bool off;        /* nothing is noted */
    int64_t zero_ns; /* monotonic time of the request */
    uint64_t base;   /* ids of spans count from here */
};

/* With `off` it has no spans: all that are opened are TRACE_NONE. */
void trace_init(struct trace *t, struct arena *a, bool off);

/* The request was made `age_ms` ago. */
void trace_zero(struct trace *t, double age_ms);

/* A span that begins now. */
int trace_open(struct trace *t, const char *kind, const char *name, int parent);

/* It ends now. One that has ended stays as it is. */
void trace_close(struct trace *t, int span, enum trace_status status, const char *error);

/* NULL for TRACE_NONE. Valid until the next trace_open(). */
struct trace_part *trace_part(struct trace *t, int span);

/* Milliseconds from the request to a monotonic time. */
double trace_ms(const struct trace *t, int64_t mono_ns);

void trace_id_of(const struct trace *t, struct id request_id, int span,
                 char out[TRACE_SPAN_ID + 1]);

/* What is open is closed now, with a status. */
void trace_close_all(struct trace *t, enum trace_status status, const char *error);

/* The JSON of all spans, separated by commas. */
const char *trace_spans(const struct trace *t, struct id request_id);

/* W3C trace context of a call that a span makes: the client's trace (a traceparent), or the
 * request's. */
#define TRACE_PARENT_TEXT 55 /* characters */
const char *trace_context(const struct trace *t, struct id request_id, const char *client,
                          int span);

#endif
