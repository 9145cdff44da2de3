#include "worker/trace/otlp.h"

#include "db/trace.h"
#include "db/trace_json.h"
#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/json_slice.h"
#include "lib/json_writer.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#define STATUS_OK     1
#define STATUS_ERROR  2
#define KIND_INTERNAL 1
#define KIND_CLIENT   3
#define CONTEXT_SPAN  36 /* where a traceparent names its span */

struct writing {
    struct arena *arena;
    struct json_writer *w;
    const struct trace_info *trace;
    char trace_id[33];
};

void
otlp_trace_id(const struct trace_info *t, char out[33])
{
    size_t n = 0;

    for (const char *p = t->id.s; *p && n < 32; p++)
        if (*p != '-')
            out[n++] = *p;
    out[n] = '\0';
    if (t->traceparent)
        memcpy(out, t->traceparent + 3, 32);
}

/* ---- attributes --------------------------------------------------------------- */

static void
write_text(struct json_writer *w, const char *key, struct str text)
{
    if (text.len == 0)
        return;
    jw_object(w, NULL);
    jw_str(w, "key", key);
    jw_object(w, "value");
    jw_str_len(w, "stringValue", text.p, text.len);
    jw_object_end(w);
    jw_object_end(w);
}

/* An attribute of ours: numbers and texts as such, all else as JSON. */
static void
write_value(struct writing *out, struct str key, struct str value)
{
    bool number = strchr("-0123456789", value.p[0]) != NULL;
    struct json_writer *w = out->w;
    int64_t n;

    jw_object(w, NULL);
    jw_str_len(w, "key", key.p, key.len);
    jw_object(w, "value");
    if (json_is_string(value)) {
        struct str text = json_text(out->arena, value);

        jw_str_len(w, "stringValue", text.p, text.len);
    } else if (number && str_int(value, INT64_MIN, INT64_MAX, &n)) {
        jw_str_len(w, "intValue", value.p, value.len);
    } else if (number) {
        jw_raw(w, "doubleValue", str_dup(out->arena, value));
    } else if (str_eq(value, STR("true")) || str_eq(value, STR("false"))) {
        jw_raw(w, "boolValue", str_dup(out->arena, value));
    } else {
        jw_str_len(w, "stringValue", value.p, value.len);
    }
    jw_object_end(w);
    jw_object_end(w);
}

/* Our kinds in MLflow's words. */
static const char *
type_of(struct str kind)
{
    static const struct {
        const char *ours, *theirs;
    } types[] = { { "agent", "AGENT" },         { "model", "CHAT_MODEL" }, { "tool", "TOOL" },
                  { "retrieval", "RETRIEVER" }, { "attempt", "CHAIN" },    { "context", "CHAIN" } };

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (str_eq(kind, str_from(types[i].ours)))
            return types[i].theirs;
    return "UNKNOWN";
}

static void
write_attributes(struct writing *out, struct str span)
{
    struct arena *a = out->arena;
    struct str attributes = json_member(span, "attributes"), key, value;
    struct str kind = json_text(a, json_member(span, "kind"));
    struct str inputs = json_member(span, "inputs"), outputs = json_member(span, "outputs");
    size_t at = 0;

    jw_array(out->w, "attributes");
    write_text(out->w, "mlflow.spanType", str_from(arena_printf(a, "\"%s\"", type_of(kind))));
    write_text(out->w, "offstage.kind", kind);
    if (!str_eq(inputs, STR("null")))
        write_text(out->w, "mlflow.spanInputs", inputs);
    if (!str_eq(outputs, STR("null")))
        write_text(out->w, "mlflow.spanOutputs", outputs);
    while (json_each(attributes, &at, &key, &value))
        write_value(out, json_text(a, key), value);
    jw_array_end(out->w);
}

/* ---- spans -------------------------------------------------------------------- */

/* Milliseconds with six decimals, as they are written, to nanoseconds. */
static int64_t
ns_of(struct str ms)
{
    struct str whole, part;
    int64_t a = 0, b = 0;

    whole = str_cut(ms, '.', &part);
    if (!str_int(whole, -TRACE_NS_MAX / 1000000, TRACE_NS_MAX / 1000000, &a) &&
        !str_eq(whole, STR("-0")))
        return 0;
    for (size_t i = 0; i < part.len; i++)
        b = b * 10 + (part.p[i] - '0');
    return a * 1000000 + (whole.len && whole.p[0] == '-' ? -b : b);
}

static void
write_time(struct writing *out, const char *key, int64_t ns)
{
    char text[24];

    (void)snprintf(text, sizeof(text), "%" PRId64, out->trace->started_us * 1000 + ns);
    jw_str(out->w, key, text);
}

static void
write_status(struct writing *out, struct str span)
{
    struct str status = json_text(out->arena, json_member(span, "status"));
    struct str error = json_text(out->arena, json_member(span, "error"));

    jw_object(out->w, "status");
    jw_int(out->w, "code", str_eq(status, STR("error")) ? STATUS_ERROR : STATUS_OK);
    if (error.len)
        jw_str_len(out->w, "message", error.p, error.len);
    jw_object_end(out->w);
}

static void
write_span(struct writing *out, struct str span)
{
    struct arena *a = out->arena;
    struct str parent = json_text(a, json_member(span, "parent_id"));
    struct str kind = json_text(a, json_member(span, "kind"));
    int64_t start_ns = ns_of(json_member(span, "start_ms"));
    int64_t duration_ns = ns_of(json_member(span, "duration_ms"));

    jw_object(out->w, NULL);
    jw_str(out->w, "traceId", out->trace_id);
    jw_str(out->w, "spanId", str_dup(a, json_text(a, json_member(span, "span_id"))));
    if (parent.len)
        jw_str_len(out->w, "parentSpanId", parent.p, parent.len);
    else if (out->trace->traceparent)
        jw_str_len(out->w, "parentSpanId", out->trace->traceparent + CONTEXT_SPAN, TRACE_SPAN_ID);
    jw_str(out->w, "name", str_dup(a, json_text(a, json_member(span, "name"))));
    jw_int(out->w, "kind", str_eq(kind, STR("model")) ? KIND_CLIENT : KIND_INTERNAL);
    write_time(out, "startTimeUnixNano", start_ns);
    write_time(out, "endTimeUnixNano", start_ns + duration_ns);
    write_attributes(out, span);
    write_status(out, span);
    jw_object_end(out->w);
}

static void
write_spans(struct writing *out, const char *spans)
{
    const char *array = arena_printf(out->arena, "[%s]", spans);
    struct str rest = str_from(array), span;

    jw_array(out->w, "spans");
    while (json_next(&rest, &span))
        write_span(out, span);
    jw_array_end(out->w);
}

const char *
otlp_json(struct arena *a, const struct trace_info *t)
{
    struct writing writing = { .arena = a, .trace = t };
    struct json_writer w;
    struct buf out;

    otlp_trace_id(t, writing.trace_id);
    writing.w = &w;
    buf_init(&out, a, OTLP_MAX);
    jw_begin(&w, &out);
    jw_object(&w, NULL);
    jw_array(&w, "resourceSpans");
    jw_object(&w, NULL);
    jw_object(&w, "resource");
    jw_array(&w, "attributes");
    write_text(&w, "service.name", STR("offstage"));
    jw_array_end(&w);
    jw_object_end(&w);
    jw_array(&w, "scopeSpans");
    jw_object(&w, NULL);
    jw_object(&w, "scope");
    jw_str(&w, "name", "offstage");
    jw_object_end(&w);
    write_spans(&writing, trace_all_spans(a, t));
    jw_object_end(&w);
    jw_array_end(&w);
    jw_object_end(&w);
    jw_array_end(&w);
    jw_object_end(&w);
    return buf_ok(&out) ? out.data : NULL;
}
