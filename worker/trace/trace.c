#include "worker/trace/trace.h"

#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/clock.h"

#include <inttypes.h>
#include <string.h>

#define NS_PER_MS 1e6
#define JSON_MAX  ((size_t)64 * 1024 * 1024)

void
trace_init(struct trace *t, struct arena *a, bool off)
{
    *t = (struct trace){ .arena = a, .off = off };
    arc4random_buf(&t->base, sizeof(t->base));
}

void
trace_zero(struct trace *t, double age_ms)
{
    t->zero_ns = clock_mono_ns() - (int64_t)(age_ms * NS_PER_MS);
}

struct trace_part *
trace_part(struct trace *t, int span)
{
    return span >= 0 && span < t->count ? &t->list[span] : NULL;
}

int
trace_open(struct trace *t, const char *kind, const char *name, int parent)
{
    if (t->off || t->count == TRACE_SPANS_MAX)
        return TRACE_NONE;
    t->list = arena_grow(t->arena, t->list, (size_t)t->count, &t->cap, sizeof(*t->list));
    t->list[t->count] = (struct trace_part){
        .kind = kind, .name = name, .parent = parent, .start_ns = clock_mono_ns()
    };
    return t->count++;
}

void
trace_close(struct trace *t, int span, enum trace_status status, const char *error)
{
    struct trace_part *part = trace_part(t, span);

    if (!part || part->end_ns)
        return;
    part->end_ns = clock_mono_ns();
    part->status = status;
    part->error = error;
}

void
trace_close_all(struct trace *t, enum trace_status status, const char *error)
{
    for (int i = 0; i < t->count; i++)
        trace_close(t, i, status, error);
}

double
trace_ms(const struct trace *t, int64_t mono_ns)
{
    return (double)(mono_ns - t->zero_ns) / NS_PER_MS;
}

void
trace_id_of(const struct trace *t, struct id request_id, int span, char out[TRACE_SPAN_ID + 1])
{
    if (span < 0)
        trace_root_id(request_id, out);
    else
        (void)snprintf(out, TRACE_SPAN_ID + 1, "%016" PRIx64, t->base + (uint64_t)span);
}

const char *
trace_spans(const struct trace *t, struct id request_id)
{
    struct buf out;

    buf_init(&out, t->arena, JSON_MAX);
    for (int i = 0; i < t->count; i++) {
        const struct trace_part *part = &t->list[i];
        struct trace_span span = { .name = part->name,
                                   .kind = part->kind,
                                   .start_ns = part->start_ns - t->zero_ns,
                                   .duration_ns = part->end_ns - part->start_ns,
                                   .status = part->status,
                                   .error = part->error,
                                   .attributes = part->attributes,
                                   .inputs = part->inputs,
                                   .outputs = part->outputs };

        trace_id_of(t, request_id, i, span.id);
        trace_id_of(t, request_id, part->parent, span.parent);
        if (i > 0)
            buf_add_char(&out, ',');
        trace_span_json(&out, &span);
    }
    return out.data;
}

const char *
trace_context(const struct trace *t, struct id request_id, const char *client, int span)
{
    char trace[33], parent[TRACE_SPAN_ID + 1];
    size_t n = 0;

    for (const char *p = request_id.s; *p && n < sizeof(trace) - 1; p++)
        if (*p != '-')
            trace[n++] = *p;
    trace[n] = '\0';
    if (client && strlen(client) == TRACE_PARENT_TEXT)
        memcpy(trace, client + 3, sizeof(trace) - 1);
    trace_id_of(t, request_id, span, parent);
    return arena_printf(t->arena, "00-%s-%s-01", trace, parent);
}
