#include "worker/trace/otlp_span.h"

#include "db/trace.h"
#include "db/trace_json.h"
#include "lib/arena.h"
#include "lib/json_slice.h"
#include "worker/trace/otlp.h"

#include <stdlib.h>
#include <string.h>

#define CONTEXT_SPAN   36 /* where a traceparent names its span */
#define OWN_ATTRIBUTES 4

void
otlp_trace_id(struct id request_id, const char *traceparent, char out[33])
{
    size_t n = 0;

    for (const char *p = request_id.s; *p && n < 32; p++)
        if (*p != '-')
            out[n++] = *p;
    out[n] = '\0';
    if (traceparent)
        memcpy(out, traceparent + 3, 32);
}

/* ---- attributes --------------------------------------------------------------- */

static void
add_text(struct otlp_span *s, const char *key, struct str text)
{
    if (text.len > 0)
        s->attributes[s->attribute_count++] =
            (struct otlp_attribute){ .key = str_from(key), .type = OTLP_TEXT, .text = text };
}

/* An attribute of ours: numbers and texts as such, all else as JSON. */
static struct otlp_attribute
attribute(struct arena *a, struct str key, struct str value)
{
    bool number = strchr("-0123456789", value.p[0]) != NULL, yes = str_eq(value, STR("true"));
    struct otlp_attribute out = { .key = key, .type = OTLP_TEXT, .text = value };

    if (json_is_string(value)) {
        out.text = json_text(a, value);
    } else if (number && str_int(value, INT64_MIN, INT64_MAX, &out.n)) {
        out.type = OTLP_INT;
    } else if (number) {
        out.type = OTLP_DOUBLE;
        out.x = strtod(str_dup(a, value), NULL);
    } else if (yes || str_eq(value, STR("false"))) {
        out.type = OTLP_BOOL;
        out.n = yes;
    }
    return out;
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
read_attributes(struct arena *a, struct str span, struct str kind, struct otlp_span *out)
{
    struct str attributes = json_member(span, "attributes"), key, value;
    struct str inputs = json_member(span, "inputs"), outputs = json_member(span, "outputs");
    size_t at = 0, n = 0;

    while (json_each(attributes, &at, &key, &value))
        n++;
    out->attributes = arena_array(a, n + OWN_ATTRIBUTES, sizeof(*out->attributes));
    add_text(out, "mlflow.spanType", str_from(arena_printf(a, "\"%s\"", type_of(kind))));
    add_text(out, "offstage.kind", kind);
    if (!str_eq(inputs, STR("null")))
        add_text(out, "mlflow.spanInputs", inputs);
    if (!str_eq(outputs, STR("null")))
        add_text(out, "mlflow.spanOutputs", outputs);
    at = 0;
    while (json_each(attributes, &at, &key, &value))
        out->attributes[out->attribute_count++] = attribute(a, json_text(a, key), value);
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
read_span(struct arena *a, const struct trace_info *t, struct str span, struct otlp_span *out)
{
    struct str kind = json_text(a, json_member(span, "kind"));
    int64_t start_ns = ns_of(json_member(span, "start_ms"));

    *out = (struct otlp_span){ .id = json_text(a, json_member(span, "span_id")),
                               .parent = json_text(a, json_member(span, "parent_id")),
                               .name = json_text(a, json_member(span, "name")),
                               .error = json_text(a, json_member(span, "error")) };
    if (out->parent.len == 0 && t->traceparent)
        out->parent = (struct str){ t->traceparent + CONTEXT_SPAN, TRACE_SPAN_ID };
    out->kind = str_eq(kind, STR("model")) ? OTLP_CLIENT : OTLP_INTERNAL;
    out->status =
        str_eq(json_text(a, json_member(span, "status")), STR("error")) ? OTLP_ERROR : OTLP_OK;
    out->start_ns = t->started_us * 1000 + start_ns;
    out->end_ns = out->start_ns + ns_of(json_member(span, "duration_ms"));
    read_attributes(a, span, kind, out);
}

void
otlp_read(struct arena *a, const struct trace_info *t, struct otlp_trace *out)
{
    struct str all = str_from(arena_printf(a, "[%s]", trace_all_spans(a, t))), rest = all, span;
    size_t n = 0;

    *out = (struct otlp_trace){ 0 };
    otlp_trace_id(t->id, t->traceparent, out->id);
    while (json_next(&rest, &span))
        n++;
    out->spans = arena_array(a, n, sizeof(*out->spans));
    while (json_next(&all, &span))
        read_span(a, t, span, &out->spans[out->count++]);
}
