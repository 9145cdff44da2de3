#include "worker/trace/otlp.h"

#include "db/trace.h"
#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/json_writer.h"
#include "worker/trace/otlp_span.h"

#include <inttypes.h>
#include <stdio.h>

static void
write_text(struct json_writer *w, const char *key, struct str text)
{
    jw_str_len(w, key, text.p, text.len);
}

static void
write_attribute(struct json_writer *w, struct arena *a, const struct otlp_attribute *one)
{
    static const char *const keys[] = { [OTLP_TEXT] = "stringValue",
                                        [OTLP_INT] = "intValue",
                                        [OTLP_DOUBLE] = "doubleValue",
                                        [OTLP_BOOL] = "boolValue" };

    jw_object(w, NULL);
    write_text(w, "key", one->key);
    jw_object(w, "value");
    if (one->type == OTLP_TEXT || one->type == OTLP_INT)
        write_text(w, keys[one->type], one->text);
    else
        jw_raw(w, keys[one->type], str_dup(a, one->text));
    jw_object_end(w);
    jw_object_end(w);
}

static void
write_time(struct json_writer *w, const char *key, int64_t ns)
{
    char text[24];

    (void)snprintf(text, sizeof(text), "%" PRId64, ns);
    jw_str(w, key, text);
}

static void
write_span(struct json_writer *w, struct arena *a, const char *trace_id, const struct otlp_span *s)
{
    jw_object(w, NULL);
    jw_str(w, "traceId", trace_id);
    write_text(w, "spanId", s->id);
    if (s->parent.len)
        write_text(w, "parentSpanId", s->parent);
    write_text(w, "name", s->name);
    jw_int(w, "kind", s->kind);
    write_time(w, "startTimeUnixNano", s->start_ns);
    write_time(w, "endTimeUnixNano", s->end_ns);
    jw_array(w, "attributes");
    for (size_t i = 0; i < s->attribute_count; i++)
        write_attribute(w, a, &s->attributes[i]);
    jw_array_end(w);
    jw_object(w, "status");
    jw_int(w, "code", s->status);
    if (s->error.len)
        write_text(w, "message", s->error);
    jw_object_end(w);
    jw_object_end(w);
}

static void
write_resource(struct json_writer *w, struct arena *a)
{
    const struct otlp_attribute name = { .key = STR("service.name"), .text = STR(OTLP_SERVICE) };

    jw_object(w, "resource");
    jw_array(w, "attributes");
    write_attribute(w, a, &name);
    jw_array_end(w);
    jw_object_end(w);
}

static void
write_scope(struct json_writer *w, struct arena *a, const struct otlp_trace *t)
{
    jw_array(w, "scopeSpans");
    jw_object(w, NULL);
    jw_object(w, "scope");
    jw_str(w, "name", OTLP_SERVICE);
    jw_object_end(w);
    jw_array(w, "spans");
    for (size_t i = 0; i < t->count; i++)
        write_span(w, a, t->id, &t->spans[i]);
    jw_array_end(w);
    jw_object_end(w);
    jw_array_end(w);
}

bool
otlp_json(struct arena *a, const struct trace_info *info, struct str *json)
{
    struct otlp_trace t;
    struct json_writer w;
    struct buf out;

    otlp_read(a, info, &t);
    buf_init(&out, a, OTLP_MAX);
    jw_begin(&w, &out);
    jw_object(&w, NULL);
    jw_array(&w, "resourceSpans");
    jw_object(&w, NULL);
    write_resource(&w, a);
    write_scope(&w, a, &t);
    jw_object_end(&w);
    jw_array_end(&w);
    jw_object_end(&w);
    *json = (struct str){ out.data, out.len };
    return buf_ok(&out);
}
