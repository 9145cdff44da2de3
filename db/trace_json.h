/*
 * Trace_json: one span of a trace in the JSON that the API shows and that
 * traces.spans holds.
 *
 * Pure. Times are nanoseconds since the trace began, that is since the request
 * was made; they are written as milliseconds.
 */
#ifndef DB_TRACE_JSON_H
#define DB_TRACE_JSON_H

#include "lib/buf.h"
#include "lib/id.h"

#include <stdint.h>

#define TRACE_SPAN_ID 16 /* hex digits */
#define TRACE_TEXT_MAX                                                                             \
    ((size_t)16 * 1024) /* bytes of the texts in one span's inputs, or outputs                     \
                         */
#define TRACE_NS_MAX INT64_C(4000000000000000000) /* times lie within this of the begin */

enum trace_status { TRACE_OK, TRACE_ERROR, TRACE_CANCELLED };
extern const char *const trace_status_names[];

struct trace_span {
    char id[TRACE_SPAN_ID + 1], parent[TRACE_SPAN_ID + 1]; /* parent: "" for the root */
    const char *name, *kind;
    const char *source; /* NULL: offstage */
    int64_t start_ns, duration_ns;
    enum trace_status status;
    const char *error;            /* a sentence; NULL for none */
    const char *attributes;       /* JSON object; NULL: {} */
    const char *inputs, *outputs; /* JSON; may be NULL */
};

/* Append a span, without a comma. */
void trace_span_json(struct buf *out, const struct trace_span *span);

/* The root of a request's trace has an id that every attempt knows, and so has what stores it. */
void trace_root_id(struct id request_id, char out[TRACE_SPAN_ID + 1]);
void trace_store_id(struct id request_id, char out[TRACE_SPAN_ID + 1]);

#endif
