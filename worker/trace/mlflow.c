#include "worker/trace/mlflow.h"

#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/json_check.h"
#include "lib/json_slice.h"
#include "worker/trace/mlflow_span.h"

#include <string.h>

#define JSON_MAX (MLFLOW_TEXTS_MAX * 4 + (size_t)16 * 1024 * 1024)
#define SLACK_NS INT64_C(1000000000) /* that clocks may differ */

struct reading {
    struct arena *arena;
    struct mlflow_span *list;
    size_t count;
    int left_out;
};

/* ---- the spans ---------------------------------------------------------------- */

static void
read_spans(struct reading *r, struct str spans)
{
    struct str rest = spans, value;
    size_t n = 0;

    while (n < MLFLOW_SPANS_MAX && json_next(&rest, &value))
        n++;
    r->list = arena_array(r->arena, n, sizeof(*r->list));
    while (json_next(&spans, &value)) {
        if (r->count < n && mlflow_span_read(r->arena, value, &r->list[r->count]))
            r->count++;
        else
            r->left_out++;
    }
}

static int
by_id(const void *a, const void *b)
{
    const struct mlflow_span *const *x = a, *const *y = b;
    int order = strcmp((*x)->span.id, (*y)->span.id);

    return order ? order : *x < *y ? -1 : *x > *y;
}

static int
id_order(const void *id, const void *entry)
{
    return strcmp(id, (*(struct mlflow_span *const *)entry)->span.id);
}

/* Of two with one id the first is kept; the other becomes nameless, and is left out. */
static void
drop_doubles(struct reading *r, struct mlflow_span **sorted)
{
    for (size_t i = 1; i < r->count; i++)
        if (strcmp(sorted[i]->span.id, sorted[i - 1]->span.id) == 0) {
            sorted[i]->span.name = NULL;
            r->left_out++;
        }
}

static void
find_parents(struct reading *r, struct mlflow_span **sorted)
{
    for (size_t i = 0; i < r->count; i++) {
        struct mlflow_span **found =
            bsearch(r->list[i].span.parent, sorted, r->count, sizeof(*sorted), id_order);

        if (!found || !r->list[i].span.parent[0])
            continue;
        while (found > sorted && strcmp(found[-1]->span.id, found[0]->span.id) == 0)
            found--;
        r->list[i].parent = (int)(*found - r->list);
    }
}

/* Walk up from each; whoever meets the walk itself again is the root of what was a circle. */
static void
break_circles(struct reading *r)
{
    size_t *walk = arena_array(r->arena, r->count, sizeof(*walk)); /* by which span it was met */

    for (size_t i = 0; i < r->count; i++) {
        int at = (int)i;

        while (at >= 0 && walk[at] == 0) {
            int parent = r->list[at].parent;

            walk[at] = i + 1;
            if (parent >= 0 && walk[parent] == i + 1)
                r->list[at].parent = -1;
            at = r->list[at].parent;
        }
    }
}

/* ---- their place -------------------------------------------------------------- */

/* How far all are moved: not at all when the first begins within the call that made them. */
static int64_t
shift_of(const struct reading *r, const struct mlflow_place *place)
{
    int64_t first_ns = INT64_MAX, at_ns;

    for (size_t i = 0; i < r->count; i++)
        if (r->list[i].start_ns < first_ns)
            first_ns = r->list[i].start_ns;
    at_ns = first_ns - place->zero_ns;
    if (at_ns >= place->start_ns - SLACK_NS && at_ns <= place->start_ns + 60 * SLACK_NS)
        return 0;
    return place->start_ns - at_ns;
}

static const char *
write_spans(struct reading *r, const struct mlflow_place *place, int *count)
{
    int64_t shift_ns = shift_of(r, place);
    size_t left = MLFLOW_TEXTS_MAX;
    struct buf out;

    buf_init(&out, r->arena, JSON_MAX);
    *count = 0;
    for (size_t i = 0; i < r->count; i++) {
        struct mlflow_span *s = &r->list[i];
        const char *parent = s->parent >= 0 ? r->list[s->parent].span.id : place->parent;

        if (!s->span.name)
            continue;
        (void)snprintf(s->span.parent, sizeof(s->span.parent), "%s", parent);
        s->span.start_ns = s->start_ns - place->zero_ns + shift_ns;
        s->span.duration_ns = s->end_ns > s->start_ns ? s->end_ns - s->start_ns : 0;
        mlflow_span_texts(r->arena, s, &left);
        if ((*count)++ > 0)
            buf_add_char(&out, ',');
        trace_span_json(&out, &s->span);
    }
    return buf_ok(&out) ? out.data : NULL;
}

/* ---- the trace ---------------------------------------------------------------- */

/* {"trace": {...}}, {"traces": [{...}]}, {"data": {"spans"}} or {"spans"}. */
static struct str
trace_of(struct str root)
{
    struct str trace = json_member(root, "trace"), traces = json_member(root, "traces");

    if (!json_is_object(trace) && json_is_array(traces) && !json_next(&traces, &trace))
        return root;
    return json_is_object(trace) ? trace : root;
}

static struct str
spans_of(struct str trace)
{
    struct str data = json_member(trace, "data");

    return json_member(json_is_object(data) ? data : trace, "spans");
}

static bool
is_in_progress(struct arena *a, struct str trace)
{
    struct str info = json_member(trace, "trace_info");

    if (!json_is_object(info))
        info = json_member(trace, "info");
    return str_eq(json_text(a, json_member(info, "state")), STR("IN_PROGRESS"));
}

struct err
mlflow_read(struct arena *a, char *text, size_t len, const struct mlflow_place *place,
            struct mlflow_trace *out)
{
    struct reading r = { .arena = a };
    struct mlflow_span **sorted;
    struct str root, spans;
    int count;

    if (len > MLFLOW_BODY_MAX)
        return ERR(ERR_TOO_LARGE, "The trace is over the limit of 16 MiB.");
    json_mend(text);
    if (json_check(a, text, len).code)
        return ERR(ERR_UPSTREAM, "The MLflow server sent something that is no trace.");
    root = trace_of(json_value((struct str){ text, len }));
    spans = spans_of(root);
    if (!json_is_array(spans))
        return ERR(ERR_UPSTREAM, "The MLflow server sent something that is no trace.");
    read_spans(&r, spans);
    sorted = arena_array(a, r.count, sizeof(struct mlflow_span *));
    for (size_t i = 0; i < r.count; i++)
        sorted[i] = &r.list[i];
    if (r.count > 0)
        qsort(sorted, r.count, sizeof(struct mlflow_span *), by_id);
    drop_doubles(&r, sorted);
    find_parents(&r, sorted);
    break_circles(&r);
    out->spans = write_spans(&r, place, &count);
    if (!out->spans)
        return ERR(ERR_TOO_LARGE, "The trace is too large to be kept.");
    out->count = count;
    out->left_out = r.left_out;
    out->in_progress = is_in_progress(a, root);
    return OK;
}
