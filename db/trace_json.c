#include "db/trace_json.h"

#include "lib/json_writer.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define NS_PER_MS 1000000

const char *const trace_status_names[] = { "ok", "error", "cancelled", NULL };

static int64_t
bounded(int64_t ns)
{
    return ns > TRACE_NS_MAX ? TRACE_NS_MAX : ns < -TRACE_NS_MAX ? -TRACE_NS_MAX : ns;
}

/* Milliseconds with all digits, which a double would not hold. */
static void
write_ms(struct json_writer *w, const char *key, int64_t ns)
{
    char text[40];
    int64_t value = bounded(ns), size = value < 0 ? -value : value;

    (void)snprintf(text, sizeof(text), "%s%" PRId64 ".%06" PRId64, value < 0 ? "-" : "",
                   size / NS_PER_MS, size % NS_PER_MS);
    jw_raw(w, key, text);
}

void
trace_span_json(struct buf *out, const struct trace_span *span)
{
    struct json_writer w;

    jw_begin(&w, out);
    jw_object(&w, NULL);
    jw_str(&w, "span_id", span->id);
    jw_str(&w, "parent_id", span->parent[0] ? span->parent : NULL);
    jw_str(&w, "name", span->name);
    jw_str(&w, "kind", span->kind);
    jw_str(&w, "source", span->source ? span->source : "offstage");
    write_ms(&w, "start_ms", span->start_ns);
    write_ms(&w, "duration_ms", span->duration_ns < 0 ? 0 : span->duration_ns);
    jw_str(&w, "status", trace_status_names[span->status]);
    jw_str(&w, "error", span->error);
    jw_raw(&w, "attributes", span->attributes ? span->attributes : "{}");
    jw_raw(&w, "inputs", span->inputs);
    jw_raw(&w, "outputs", span->outputs);
    jw_object_end(&w);
}

/* The end of a UUIDv7 is random but for two bits. */
static uint64_t
root_number(struct id request_id)
{
    uint8_t bytes[16];
    uint64_t number = 0;

    id_bytes(request_id, bytes);
    for (int i = 8; i < 16; i++)
        number = number << 8 | bytes[i];
    return number;
}

static void
write_number(uint64_t number, char out[TRACE_SPAN_ID + 1])
{
    (void)snprintf(out, TRACE_SPAN_ID + 1, "%016" PRIx64, number);
}

void
trace_root_id(struct id request_id, char out[TRACE_SPAN_ID + 1])
{
    write_number(root_number(request_id), out);
}

void
trace_store_id(struct id request_id, char out[TRACE_SPAN_ID + 1])
{
    write_number(~root_number(request_id), out);
}
