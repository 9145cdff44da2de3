#include "stream/batch.h"

#include "db/crawl.h"
#include "db/event.h"
#include "db/event_json.h"
#include "db/feed.h"
#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/json_writer.h"

#include <assert.h>
#include <inttypes.h>

#define TEXT_MAX ((size_t)512 * 1024 * 1024) /* bytes; a response has 64 MiB at most */

struct maker {
    struct arena *arena;
    struct buf text;
    struct batch_event *events;
    size_t count;
};

static void
begin(struct maker *m, size_t n)
{
    *m = (struct maker){ .arena = arena_new() };
    buf_init(&m->text, m->arena, TEXT_MAX);
    m->events = arena_array(m->arena, n, sizeof(*m->events));
}

static void
open_event(struct maker *m, const char *type, int64_t seq)
{
    struct batch_event *event = &m->events[m->count];

    event->seq = seq;
    event->start = m->text.len;
    buf_printf(&m->text, "event: %s\nid: %" PRId64 "\ndata: ", type, seq);
    event->json = m->text.len;
}

static void
close_event(struct maker *m)
{
    struct batch_event *event = &m->events[m->count++];

    event->json_len = m->text.len - event->json;
    buf_add_str(&m->text, "\n\n");
}

static struct batch *
finish(struct maker *m, enum topic_kind kind, struct id id)
{
    struct batch *b = ARENA_NEW(m->arena, struct batch);

    assert(buf_ok(&m->text));
    b->letter.kind = LETTER_BATCH;
    b->kind = kind;
    b->id = id;
    b->text = m->text.data;
    b->len = m->text.len;
    b->events = m->events;
    b->count = m->count;
    b->held = 1;
    b->arena = m->arena;
    return b;
}

struct batch *
batch_of_events(enum topic_kind kind, const struct event_row *rows, size_t n)
{
    struct maker m;
    struct batch *b;

    begin(&m, n);
    for (size_t i = 0; i < n; i++) {
        open_event(&m, event_type_name(rows[i].e.type), rows[i].e.seq);
        event_json(&m.text, &rows[i]);
        close_event(&m);
    }
    b = finish(&m, kind, rows[0].e.request_id);
    b->ends = event_is_terminal(rows[n - 1].e.type);
    return b;
}

/* The entry's own members behind those that every event has. */
static void
add_feed_json(struct buf *out, const char *type, int64_t seq, const char *data)
{
    struct json_writer w;

    buf_add_str(out, "{\"type\":");
    jw_begin(&w, out);
    jw_str(&w, NULL, type);
    buf_printf(out, ",\"sequence_number\":%" PRId64, seq);
    if (data[0] == '{' && data[1] != '}') {
        buf_add_char(out, ',');
        buf_add_str(out, data + 1);
    } else {
        buf_add_char(out, '}');
    }
}

struct batch *
batch_of_feed(const struct feed_event *rows, size_t n)
{
    struct maker m;

    begin(&m, n);
    for (size_t i = 0; i < n; i++) {
        open_event(&m, rows[i].type, rows[i].seq);
        add_feed_json(&m.text, rows[i].type, rows[i].seq, rows[i].data);
        close_event(&m);
    }
    return finish(&m, TOPIC_FEED, rows[0].user_id);
}

static void
add_crawl_json(struct buf *out, const struct crawl *c)
{
    struct json_writer w;

    jw_begin(&w, out);
    jw_object(&w, NULL);
    jw_str(&w, "type", "crawl-progress");
    jw_int(&w, "sequence_number", c->version);
    jw_id(&w, "data_source_id", c->source_id);
    jw_id(&w, "crawl_id", c->id);
    jw_bool(&w, "dry_run", c->dry_run);
    jw_str(&w, "status", c->status);
    jw_int(&w, "progress", c->progress);
    jw_object(&w, "pages");
    jw_int(&w, "found", c->found);
    jw_int(&w, "fetched", c->fetched);
    jw_int(&w, "indexed", c->indexed);
    jw_int(&w, "unchanged", c->unchanged);
    jw_int(&w, "skipped", c->skipped);
    jw_int(&w, "failed", c->failed);
    jw_object_end(&w);
    jw_str(&w, "message", c->message);
    jw_str(&w, "error", c->error);
    jw_object_end(&w);
}

struct batch *
batch_of_crawl(const struct crawl *crawl)
{
    struct maker m;
    struct batch *b;

    begin(&m, 1);
    open_event(&m, "crawl-progress", crawl->version);
    add_crawl_json(&m.text, crawl);
    close_event(&m);
    b = finish(&m, TOPIC_CRAWL, crawl->id);
    b->ends = crawl->finished_at != NULL;
    return b;
}

struct batch *
batch_of_crawl_gone(struct id crawl_id, struct id source_id, int64_t seq)
{
    struct json_writer w;
    struct maker m;
    struct batch *b;

    begin(&m, 1);
    open_event(&m, "crawl-progress", seq);
    jw_begin(&w, &m.text);
    jw_object(&w, NULL);
    jw_str(&w, "type", "crawl-progress");
    jw_int(&w, "sequence_number", seq);
    jw_id(&w, "data_source_id", source_id);
    jw_id(&w, "crawl_id", crawl_id);
    jw_str(&w, "status", "cancelled");
    jw_str(&w, "message", "The source was deleted.");
    jw_str(&w, "error", "The source was deleted.");
    jw_object_end(&w);
    close_event(&m);
    b = finish(&m, TOPIC_CRAWL, crawl_id);
    b->ends = true;
    return b;
}

struct batch *
batch_of_reset(struct id user_id, int64_t newest)
{
    const struct feed_event reset = {
        .user_id = user_id, .seq = newest, .type = "reset", .data = "{}"
    };

    return batch_of_feed(&reset, 1);
}

struct batch *
batch_of_end(enum topic_kind kind, struct id id)
{
    struct maker m;
    struct batch *b;

    begin(&m, 0);
    b = finish(&m, kind, id);
    b->ends = true;
    return b;
}

int64_t
batch_last(const struct batch *b)
{
    return b->events[b->count - 1].seq;
}

size_t
batch_after(const struct batch *b, int64_t seq)
{
    size_t n = 0;

    while (n < b->count && b->events[n].seq <= seq)
        n++;
    return n;
}

size_t
batch_start(const struct batch *b, size_t n)
{
    return n < b->count ? b->events[n].start : b->len;
}

struct batch *
batch_hold(struct batch *b)
{
    b->held++;
    return b;
}

void
batch_drop(struct batch *b)
{
    while (b && --b->held == 0) {
        struct batch *next = b->next;

        if (b->tail && *b->tail == b)
            *b->tail = NULL;
        arena_free(b->arena);
        b = next;
    }
}
