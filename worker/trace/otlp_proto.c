/* The fields' numbers are those of opentelemetry/proto/{collector/trace,trace,resource,common}/v1.
 */
#include "db/trace.h"
#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/proto.h"
#include "worker/trace/otlp.h"
#include "worker/trace/otlp_span.h"

enum { REQUEST_RESOURCE_SPANS = 1 };
enum { RESOURCE_SPANS_RESOURCE = 1, RESOURCE_SPANS_SCOPE_SPANS = 2 };
enum { RESOURCE_ATTRIBUTES = 1 };
enum { SCOPE_SPANS_SCOPE = 1, SCOPE_SPANS_SPANS = 2 };
enum { SCOPE_NAME = 1 };
enum {
    SPAN_TRACE_ID = 1,
    SPAN_ID = 2,
    SPAN_PARENT_ID = 4,
    SPAN_NAME = 5,
    SPAN_KIND = 6,
    SPAN_START = 7,
    SPAN_END = 8,
    SPAN_ATTRIBUTES = 9,
    SPAN_STATUS = 15
};
enum { STATUS_MESSAGE = 2, STATUS_CODE = 3 };
enum { PAIR_KEY = 1, PAIR_VALUE = 2 };
enum { VALUE_TEXT = 1, VALUE_BOOL = 2, VALUE_INT = 3, VALUE_DOUBLE = 4 };

static unsigned
nibble(char c)
{
    return (unsigned)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
}

/* An id's bytes, which are in hex. */
static void
write_id(struct buf *out, unsigned field, struct str hex)
{
    char bytes[16];
    size_t n = 0;

    for (size_t i = 0; i + 1 < hex.len && n < sizeof(bytes); i += 2)
        bytes[n++] = (char)(nibble(hex.p[i]) << 4 | nibble(hex.p[i + 1]));
    proto_bytes(out, field, (struct str){ bytes, n });
}

static void
write_attribute(struct buf *out, unsigned field, const struct otlp_attribute *one)
{
    size_t pair = proto_begin(out, field), value;

    proto_bytes(out, PAIR_KEY, one->key);
    value = proto_begin(out, PAIR_VALUE);
    if (one->type == OTLP_TEXT)
        proto_bytes(out, VALUE_TEXT, one->text);
    else if (one->type == OTLP_DOUBLE)
        proto_double(out, VALUE_DOUBLE, one->x);
    else
        proto_int(out, one->type == OTLP_INT ? VALUE_INT : VALUE_BOOL, one->n);
    proto_end(out, value);
    proto_end(out, pair);
}

static void
write_status(struct buf *out, const struct otlp_span *s)
{
    size_t status = proto_begin(out, SPAN_STATUS);

    if (s->error.len)
        proto_bytes(out, STATUS_MESSAGE, s->error);
    proto_int(out, STATUS_CODE, s->status);
    proto_end(out, status);
}

static void
write_span(struct buf *out, const char *trace_id, const struct otlp_span *s)
{
    size_t span = proto_begin(out, SCOPE_SPANS_SPANS);

    write_id(out, SPAN_TRACE_ID, str_from(trace_id));
    write_id(out, SPAN_ID, s->id);
    if (s->parent.len)
        write_id(out, SPAN_PARENT_ID, s->parent);
    proto_bytes(out, SPAN_NAME, s->name);
    proto_int(out, SPAN_KIND, s->kind);
    proto_fixed64(out, SPAN_START, (uint64_t)s->start_ns);
    proto_fixed64(out, SPAN_END, (uint64_t)s->end_ns);
    for (size_t i = 0; i < s->attribute_count; i++)
        write_attribute(out, SPAN_ATTRIBUTES, &s->attributes[i]);
    write_status(out, s);
    proto_end(out, span);
}

bool
otlp_proto(struct arena *a, const struct trace_info *info, struct str *bytes)
{
    const struct otlp_attribute name = { .key = STR("service.name"), .text = STR(OTLP_SERVICE) };
    size_t resource_spans, part, scope;
    struct otlp_trace t;
    struct buf out;

    otlp_read(a, info, &t);
    buf_init(&out, a, OTLP_MAX);
    resource_spans = proto_begin(&out, REQUEST_RESOURCE_SPANS);
    part = proto_begin(&out, RESOURCE_SPANS_RESOURCE);
    write_attribute(&out, RESOURCE_ATTRIBUTES, &name);
    proto_end(&out, part);
    part = proto_begin(&out, RESOURCE_SPANS_SCOPE_SPANS);
    scope = proto_begin(&out, SCOPE_SPANS_SCOPE);
    proto_bytes(&out, SCOPE_NAME, STR(OTLP_SERVICE));
    proto_end(&out, scope);
    for (size_t i = 0; i < t.count; i++)
        write_span(&out, t.id, &t.spans[i]);
    proto_end(&out, part);
    proto_end(&out, resource_spans);
    *bytes = (struct str){ out.data, out.len };
    return buf_ok(&out);
}
