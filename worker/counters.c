#include "worker/counters.h"

#include "lib/arena.h"
#include "lib/buf.h"
#include "worker/kind.h"
#include "worker/model/dialect.h"

#include <string.h>

#define NAME_MAX_LEN 200 /* bytes of a sample's name with its labels */

static const double bounds[] = { 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,
                                 1,     2.5,  5,     10,   30,  60,   300 };
#define BOUNDS (sizeof(bounds) / sizeof(bounds[0]))
#define WIDTH                                                                                      \
    (BOUNDS + 2) /* of a histogram: what fits each bound and none below, the rest, the sum */
#define REST BOUNDS
#define SUM  (BOUNDS + 1)

static const char *const outcomes[] = {
    [JOB_END_COMPLETED] = "completed", [JOB_END_RETRY] = "retry",
    [JOB_END_DISCARDED] = "discarded", [JOB_END_CANCELLED] = "cancelled",
    [JOB_END_RETURN] = "returned",     NULL
};
static const char *const statuses[] = { "none", "1xx", "2xx", "3xx", "4xx", "5xx", NULL };
static const char *const directions[] = { "input", "cached", "output", "reasoning", NULL };

enum by { BY_NOTHING, BY_KIND, BY_DIALECT };

enum group_id {
    JOB_ENDS,
    JOB_WAIT,
    JOB_RUN,
    MODEL_CALLS,
    MODEL_RUN,
    MODEL_FIRST,
    MODEL_TOKENS,
    POOL_CALLS,
    POOL_WAIT,
    POOL_BUSY,
    GROUP_COUNT
};

static const struct group {
    const char *family;
    bool histogram;
    enum by by;
    const char *label; /* of the words; NULL for none */
    const char *const *words;
} groups[GROUP_COUNT] = {
    [JOB_ENDS] = { "offstage_jobs_total", false, BY_KIND, "outcome", outcomes },
    [JOB_WAIT] = { "offstage_job_wait_seconds", true, BY_KIND, NULL, NULL },
    [JOB_RUN] = { "offstage_job_seconds", true, BY_KIND, NULL, NULL },
    [MODEL_CALLS] = { "offstage_model_calls_total", false, BY_DIALECT, "status", statuses },
    [MODEL_RUN] = { "offstage_model_seconds", true, BY_DIALECT, NULL, NULL },
    [MODEL_FIRST] = { "offstage_model_first_token_seconds", true, BY_DIALECT, NULL, NULL },
    [MODEL_TOKENS] = { "offstage_model_tokens_total", false, BY_DIALECT, "direction", directions },
    [POOL_CALLS] = { "offstage_worker_pool_calls_total", false, BY_NOTHING, NULL, NULL },
    [POOL_WAIT] = { "offstage_worker_pool_wait_seconds_total", false, BY_NOTHING, NULL, NULL },
    [POOL_BUSY] = { "offstage_worker_pool_busy_seconds_total", false, BY_NOTHING, NULL, NULL },
};

struct counters {
    size_t base[GROUP_COUNT + 1]; /* where a group's numbers begin */
    size_t kind_count, dialect_count;
    double *now, *taken, *stored;
};

static size_t
word_count(const struct group *g)
{
    size_t n = 0;

    while (g->words && g->words[n])
        n++;
    return n ? n : 1;
}

static size_t
first_count(const struct counters *c, const struct group *g)
{
    return g->by == BY_KIND ? c->kind_count : g->by == BY_DIALECT ? c->dialect_count : 1;
}

struct counters *
counters_new(struct arena *a)
{
    struct counters *c = ARENA_NEW(a, struct counters);

    while (kinds[c->kind_count])
        c->kind_count++;
    while (dialects[c->dialect_count])
        c->dialect_count++;
    for (size_t i = 0; i < GROUP_COUNT; i++)
        c->base[i + 1] = c->base[i] + first_count(c, &groups[i]) * word_count(&groups[i]) *
                                          (groups[i].histogram ? WIDTH : 1);
    c->now = arena_array(a, c->base[GROUP_COUNT], sizeof(*c->now));
    c->taken = arena_array(a, c->base[GROUP_COUNT], sizeof(*c->taken));
    c->stored = arena_array(a, c->base[GROUP_COUNT], sizeof(*c->stored));
    return c;
}

/* ---- counting --------------------------------------------------------------- */

static double *
series(struct counters *c, enum group_id id, size_t first, size_t word)
{
    const struct group *g = &groups[id];

    return c->now + c->base[id] +
           (first * word_count(g) + word) * (g->histogram ? WIDTH : (size_t)1);
}

static void
observe(struct counters *c, enum group_id id, size_t first, double seconds)
{
    double *s = series(c, id, first, 0);
    size_t i = 0;

    while (i < BOUNDS && seconds > bounds[i])
        i++;
    s[i] += 1;
    s[SUM] += seconds;
}

void
counters_job(struct counters *c, const struct kind *kind, enum job_outcome outcome,
             int64_t waited_ms, int64_t ran_ms)
{
    size_t i = 0;

    while (i < c->kind_count && kinds[i] != kind)
        i++;
    if (i == c->kind_count)
        return;
    *series(c, JOB_ENDS, i, (size_t)outcome) += 1;
    observe(c, JOB_WAIT, i, (double)waited_ms / 1000);
    observe(c, JOB_RUN, i, (double)ran_ms / 1000);
}

void
counters_model(struct counters *c, const struct dialect *dialect, int status, int64_t total_ms,
               int64_t first_ms, const struct dialect_usage *usage)
{
    size_t i = 0, class = status >= 100 && status < 600 ? (size_t)status / 100 : 0;

    while (i < c->dialect_count && dialects[i] != dialect)
        i++;
    if (i == c->dialect_count)
        return;
    *series(c, MODEL_CALLS, i, class) += 1;
    observe(c, MODEL_RUN, i, (double)total_ms / 1000);
    if (first_ms >= 0)
        observe(c, MODEL_FIRST, i, (double)first_ms / 1000);
    if (!usage || !usage->known)
        return;
    *series(c, MODEL_TOKENS, i, 0) += (double)usage->input;
    *series(c, MODEL_TOKENS, i, 1) += (double)usage->cached;
    *series(c, MODEL_TOKENS, i, 2) += (double)usage->output;
    *series(c, MODEL_TOKENS, i, 3) += (double)usage->reasoning;
}

void
counters_pool(struct counters *c, int64_t waited_ns, int64_t ran_ns)
{
    *series(c, POOL_CALLS, 0, 0) += 1;
    *series(c, POOL_WAIT, 0, 0) += (double)waited_ns / 1e9;
    *series(c, POOL_BUSY, 0, 0) += (double)ran_ns / 1e9;
}

/* ---- telling ------------------------------------------------------------------ */

struct telling {
    struct counters *c;
    struct arena *arena;
    struct counter *list;
    size_t count;
};

static void
add_label(struct buf *out, const char *name, const char *value)
{
    buf_printf(out, "%s%s=\"%s\"", out->data[out->len - 1] == '{' ? "" : ",", name, value);
}

/* family + suffix, and its labels; `le` may be NULL. */
static const char *
sample_name(const struct telling *t, const struct group *g, size_t first, size_t word,
            const char *suffix, const char *le)
{
    struct buf out;

    buf_init(&out, t->arena, NAME_MAX_LEN);
    buf_printf(&out, "%s%s", g->family, suffix);
    if (g->by == BY_NOTHING && !g->words)
        return out.data;
    buf_add_char(&out, '{');
    if (g->by == BY_KIND)
        add_label(&out, "kind", kinds[first]->name);
    if (g->by == BY_DIALECT)
        add_label(&out, "agent_kind", dialects[first]->kind);
    if (g->words)
        add_label(&out, g->label, g->words[word]);
    if (le)
        add_label(&out, "le", le);
    buf_add_char(&out, '}');
    return out.data;
}

static void
tell(struct telling *t, const char *name, double value)
{
    t->list[t->count++] = (struct counter){ name, value };
}

static void
tell_histogram(struct telling *t, const struct group *g, size_t first, size_t at)
{
    const double *now = t->c->now + at, *stored = t->c->stored + at;
    double sum = 0;
    char le[24];

    for (size_t i = 0; i <= REST; i++) {
        sum += now[i] - stored[i];
        snprintf(le, sizeof(le), "%g", i < REST ? bounds[i] : 0);
        if (sum > 0)
            tell(t, sample_name(t, g, first, 0, "_bucket", i < REST ? le : "+Inf"), sum);
    }
    if (sum <= 0)
        return;
    tell(t, sample_name(t, g, first, 0, "_sum", NULL), now[SUM] - stored[SUM]);
    tell(t, sample_name(t, g, first, 0, "_count", NULL), sum);
}

static void
tell_group(struct telling *t, enum group_id id)
{
    const struct group *g = &groups[id];
    size_t words = word_count(g), at = t->c->base[id];

    for (size_t i = 0; i < first_count(t->c, g) * words; i++, at += g->histogram ? WIDTH : 1) {
        if (g->histogram)
            tell_histogram(t, g, i / words, at);
        else if (t->c->now[at] > t->c->stored[at])
            tell(t, sample_name(t, g, i / words, i % words, "", NULL),
                 t->c->now[at] - t->c->stored[at]);
    }
}

size_t
counters_take(struct counters *c, struct arena *a, struct counter **out)
{
    size_t n = c->base[GROUP_COUNT];
    /* A histogram tells one sample more than it has numbers. */
    struct telling t = { c, a, arena_array(a, 2 * n, sizeof(struct counter)), 0 };

    for (size_t i = 0; i < GROUP_COUNT; i++)
        tell_group(&t, (enum group_id)i);
    memcpy(c->taken, c->now, n * sizeof(*c->taken));
    *out = t.list;
    return t.count;
}

void
counters_stored(struct counters *c)
{
    memcpy(c->stored, c->taken, c->base[GROUP_COUNT] * sizeof(*c->stored));
}
