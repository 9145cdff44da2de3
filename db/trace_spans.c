/* The spans of a trace that are not stored: its root, and what stores it. */
#include "db/trace.h"
#include "db/trace_json.h"
#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/json_writer.h"

#include <math.h>
#include <string.h>

#define SPANS_MAX ((size_t)256 * 1024 * 1024) /* bytes */

static const char *
text_json(struct arena *a, const char *key, const char *text)
{
    struct json_writer w;
    struct buf out;

    buf_init(&out, a, TRACE_TEXT_MAX * 8);
    jw_begin(&w, &out);
    jw_object(&w, NULL);
    jw_str(&w, key, text);
    jw_object_end(&w);
    return out.data;
}

static int64_t
ns_of(double ms)
{
    return (int64_t)(ms * 1e6);
}

static enum trace_status
status_of(const struct trace_info *t)
{
    return strcmp(t->status, "failed") == 0      ? TRACE_ERROR
           : strcmp(t->status, "cancelled") == 0 ? TRACE_CANCELLED
                                                 : TRACE_OK;
}

/* The root: from the request to its end. */
static void
add_root(struct buf *out, struct arena *a, const struct trace_info *t)
{
    struct trace_span root = {
        .name = t->agent_name ? t->agent_name : "response",
        .kind = "agent",
        .duration_ns = ns_of(t->duration_ms),
        .status = status_of(t),
        .error = t->error,
        .inputs = text_json(a, "message", t->question),
        .outputs = text_json(a, "content", t->answer),
    };

    trace_root_id(t->id, root.id);
    trace_span_json(out, &root);
}

/* What stores the end cannot store how long that took: it lasts to the end of the trace. */
static void
add_store(struct buf *out, const struct trace_info *t)
{
    struct trace_span store = { .name = "store",
                                .kind = "store",
                                .start_ns = ns_of(t->store_ms),
                                .duration_ns = ns_of(t->duration_ms - t->store_ms) };

    if (isnan(t->store_ms))
        return;
    trace_store_id(t->id, store.id);
    trace_root_id(t->id, store.parent);
    buf_add_char(out, ',');
    trace_span_json(out, &store);
}

const char *
trace_all_spans(struct arena *a, const struct trace_info *t)
{
    struct buf out;

    buf_init(&out, a, SPANS_MAX);
    add_root(&out, a, t);
    if (t->spans[0]) {
        buf_add_char(&out, ',');
        buf_add_str(&out, t->spans);
    }
    add_store(&out, t);
    return out.data;
}
