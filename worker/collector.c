#include "worker/collector.h"

#include "lib/arena.h"

#include <assert.h>
#include <string.h>

#define TEXT_MAX                                                                                   \
    ((size_t)16 * 1024 * 1024) /* bytes of one event; an answer's limit is far below               \
                                */

/* The interval grows from this many streams on, and reaches its most at the other. */
#define STREAMS_FEW  50
#define STREAMS_MANY 1000
#define FLIGHT_SHARE 3 /* an interval is at least so many times the last flight */

struct pending {
    struct pending *next;
    int64_t seq;
    enum event_type type;
    int item;
    const char *data;
    struct buf text;
    bool has_text;
};

static void
free_arena(void *arg)
{
    arena_free(arg);
}

void
collector_init(struct collector *c, struct arena *a)
{
    *c = (struct collector){ .gathering = arena_new(), .flight = arena_new() };
    /* They are swapped, never replaced. */
    arena_defer(a, free_arena, c->gathering);
    arena_defer(a, free_arena, c->flight);
}

bool
collector_has_pending(const struct collector *c)
{
    return c->streams != NULL;
}

/* ---- lists ------------------------------------------------------------------ */

static void
list(struct stream *s)
{
    struct collector *c = s->collector;

    if (s->listed)
        return;
    s->listed = true;
    s->prev = c->last_stream;
    s->next = NULL;
    if (c->last_stream)
        c->last_stream->next = s;
    else
        c->streams = s;
    c->last_stream = s;
}

static void
unlist(struct stream *s)
{
    struct collector *c = s->collector;

    if (!s->listed)
        return;
    s->listed = false;
    if (s->prev)
        s->prev->next = s->next;
    else
        c->streams = s->next;
    if (s->next)
        s->next->prev = s->prev;
    else
        c->last_stream = s->prev;
}

static void
take_off(struct stream *s)
{
    struct collector *c = s->collector;

    s->flying = true;
    s->prev_flying = NULL;
    s->next_flying = c->flying;
    if (c->flying)
        c->flying->prev_flying = s;
    c->flying = s;
}

static void
come_down(struct stream *s)
{
    if (!s->flying)
        return;
    s->flying = false;
    if (s->prev_flying)
        s->prev_flying->next_flying = s->next_flying;
    else
        s->collector->flying = s->next_flying;
    if (s->next_flying)
        s->next_flying->prev_flying = s->prev_flying;
}

/* ---- streams ------------------------------------------------------------------ */

void
stream_open(struct stream *s, struct collector *c, struct id request_id, struct id user_id,
            int attempt, int64_t next_seq)
{
    *s = (struct stream){
        .open = true,
        .collector = c,
        .request_id = request_id,
        .user_id = user_id,
        .attempt = attempt,
        .next_seq = next_seq,
    };
    c->open++;
}

static struct pending *
add(struct stream *s, enum event_type type, int item)
{
    struct pending *p = ARENA_NEW(s->collector->gathering, struct pending);

    p->seq = s->next_seq++;
    p->type = type;
    p->item = item;
    if (s->last)
        s->last->next = p;
    else
        s->first = p;
    s->last = p;
    s->count++;
    s->collector->pending++;
    list(s);
    return p;
}

void
stream_event(struct stream *s, enum event_type type, int item, const char *data)
{
    struct pending *p = add(s, type, item);

    p->data = data ? arena_strdup(s->collector->gathering, data) : NULL;
}

void
stream_text(struct stream *s, enum event_type type, int item, struct str text)
{
    struct pending *p = s->last;

    if (!p || p->type != type || p->item != item || !p->has_text) {
        p = add(s, type, item);
        buf_init(&p->text, s->collector->gathering, TEXT_MAX);
        p->has_text = true;
    }
    buf_add(&p->text, text.p, text.len);
}

/* The pending events of a stream as rows; it has none afterwards. */
static size_t
take(struct stream *s, struct event *out)
{
    size_t n = 0;

    for (const struct pending *p = s->first; p; p = p->next)
        out[n++] = (struct event){
            .request_id = s->request_id,
            .user_id = s->user_id,
            .seq = p->seq,
            .attempt = s->attempt,
            .type = p->type,
            .item = p->item,
            .text = p->has_text ? p->text.data : NULL,
            .data = p->data,
        };
    assert(n == s->count);
    s->collector->pending -= n;
    s->first = s->last = NULL;
    s->count = 0;
    unlist(s);
    return n;
}

bool
stream_close(struct stream *s, struct arena *a, struct event **events, size_t *count,
             void (*landed)(void *arg), void *arg)
{
    *events = arena_array(a, s->count, sizeof(**events));
    *count = take(s, *events);
    for (size_t i = 0; i < *count; i++) {
        struct event *e = *events + i;

        e->text = e->text ? arena_strdup(a, e->text) : NULL;
        e->data = e->data ? arena_strdup(a, e->data) : NULL;
    }
    s->open = false;
    s->collector->open--;
    if (!s->flying)
        return true;
    s->landed = landed;
    s->landed_arg = arg;
    return false;
}

void
stream_drop(struct stream *s)
{
    struct collector *c = s->collector;

    if (!c)
        return;
    c->pending -= s->count;
    unlist(s);
    come_down(s);
    c->open -= s->open;
    *s = (struct stream){ 0 };
}

/* ---- flights -------------------------------------------------------------------- */

size_t
collector_depart(struct collector *c, struct event **batch, struct arena **arena)
{
    struct arena *full = c->gathering;
    size_t n = 0;

    assert(!c->in_flight);
    *batch = arena_array(full, c->pending, sizeof(**batch));
    while (c->streams) {
        struct stream *s = c->streams;

        n += take(s, *batch + n);
        take_off(s);
    }
    c->gathering = c->flight;
    c->flight = full;
    c->in_flight = true;
    *arena = full;
    return n;
}

void
collector_landed(struct collector *c)
{
    assert(c->in_flight);
    c->in_flight = false;
    arena_reset(c->flight);
    while (c->flying) {
        struct stream *s = c->flying;
        void (*landed)(void *arg) = s->landed;

        come_down(s);
        s->landed = NULL;
        if (landed)
            landed(s->landed_arg);
    }
}

int64_t
collector_interval_ms(const struct collector *c, int64_t base_ms, int64_t flight_ms)
{
    int64_t interval = base_ms, most = COLLECTOR_INTERVAL_MAX;

    if (most < base_ms)
        most = base_ms;
    if (c->open > STREAMS_FEW)
        interval +=
            (most - base_ms) * ((int64_t)c->open - STREAMS_FEW) / (STREAMS_MANY - STREAMS_FEW);
    if (interval < flight_ms * FLIGHT_SHARE)
        interval = flight_ms * FLIGHT_SHARE;
    return interval < most ? interval : most;
}
