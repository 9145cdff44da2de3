#include "stream/hub.h"

#include <assert.h>

struct channel {
    struct table_entry entry;
    enum topic_kind kind;
    struct link watchers;
    struct batch *tail; /* the newest batch, while anybody still needs it */
    uint64_t bytes;     /* passed on so far */
};

void
hub_init(struct hub *h, struct arena *a, size_t expected, size_t limit)
{
    for (int kind = 0; kind < TOPIC_COUNT; kind++)
        table_init(&h->channels[kind], a, expected);
    pool_init(&h->pool, a, sizeof(struct channel));
    h->limit = limit;
}

void
hub_join(struct hub *h, enum topic_kind kind, struct id id, struct watcher *w)
{
    struct table *table = &h->channels[kind];
    struct channel *channel = TABLE_OF(table_find(table, id), struct channel, entry);

    assert(!w->channel);
    if (!channel) {
        channel = pool_take(&h->pool);
        channel->kind = kind;
        list_init(&channel->watchers);
        table_add(table, &channel->entry, id);
    }
    w->channel = channel;
    list_add(&channel->watchers, &w->link);
}

void
hub_leave(struct hub *h, struct watcher *w)
{
    struct channel *channel = w->channel;

    batch_drop(w->own);
    batch_drop(w->at);
    w->own = w->at = NULL;
    if (!channel)
        return;
    list_remove(&w->link);
    w->channel = NULL;
    if (!list_is_empty(&channel->watchers))
        return;
    if (channel->tail)
        channel->tail->tail = NULL;
    table_remove(&h->channels[channel->kind], &channel->entry);
    pool_give(&h->pool, channel);
}

/* Bytes of the channel's that the watcher has not sent yet. */
static uint64_t
waiting(const struct watcher *w)
{
    size_t sent = w->own ? 0 : batch_start(w->at, w->event);

    return w->channel->bytes - w->at->offset - sent;
}

static void
append(struct channel *channel, struct batch *b)
{
    b->offset = channel->bytes;
    b->tail = &channel->tail;
    channel->bytes += b->len;
    if (channel->tail)
        channel->tail->next = batch_hold(b);
    channel->tail = b;
}

/* Start on a batch: pass over what the watcher has, and over batches that hold nothing else. */
static void
settle(struct watcher *w)
{
    while (!w->own && w->at) {
        struct batch *next = w->at->next;

        w->event = batch_after(w->at, w->seq);
        if (w->event < w->at->count)
            return;
        w->ended = w->at->ends;
        if (next)
            batch_hold(next);
        batch_drop(w->at);
        w->at = next;
    }
}

void
hub_deliver(struct hub *h, struct batch *b,
            void (*fn)(void *arg, struct watcher *w, enum hub_news news), void *arg)
{
    struct channel *channel =
        TABLE_OF(table_find(&h->channels[b->kind], b->id), struct channel, entry);

    if (!channel) {
        batch_drop(b);
        return;
    }
    append(channel, b);
    LIST_EACH(it, after, &channel->watchers)
    {
        struct watcher *w = LIST_OF(it, struct watcher, link);

        if (w->at && waiting(w) - b->len > h->limit) {
            fn(arg, w, HUB_TOO_SLOW);
        } else {
            if (!w->at)
                w->at = batch_hold(b);
            settle(w);
            fn(arg, w, HUB_MORE);
        }
    }
    batch_drop(b);
}

void
watcher_give(struct watcher *w, struct batch *b)
{
    assert(!w->own);
    w->own = b;
    w->event = batch_after(b, w->seq);
    if (w->event < b->count)
        return;
    w->ended = b->ends;
    w->own = NULL;
    batch_drop(b);
    settle(w);
}

bool
watcher_next(struct watcher *w, size_t max_events, size_t max_bytes, struct piece *out)
{
    const struct batch *b = w->own ? w->own : w->at;
    size_t n = 1;
    size_t start;

    if (!b)
        return false;
    start = batch_start(b, w->event);
    while (n < max_events && w->event + n < b->count &&
           batch_start(b, w->event + n + 1) - start <= max_bytes)
        n++;
    *out = (struct piece){ .batch = b,
                           .first = w->event,
                           .count = n,
                           .text = b->text + start,
                           .len = batch_start(b, w->event + n) - start };
    return true;
}

bool
watcher_is_idle(const struct watcher *w)
{
    return !w->own && !w->at;
}

void
watcher_sent(struct watcher *w, const struct piece *piece)
{
    const struct batch *b = piece->batch;

    w->event += piece->count;
    w->seq = b->events[w->event - 1].seq;
    if (w->event < b->count)
        return;
    w->ended = b->ends;
    batch_drop(w->own);
    w->own = NULL;
    settle(w);
}
