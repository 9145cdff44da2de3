#include "stream/follow.h"

#include "lib/arena.h"

#include <assert.h>

void
follow_init(struct follows *f, struct arena *a, size_t expected)
{
    table_init(&f->table, a, expected);
    pool_init(&f->pool, a, sizeof(struct follow));
    list_init(&f->clean);
    list_init(&f->dirty);
}

struct follow *
follow_find(const struct follows *f, struct id id)
{
    return TABLE_OF(table_find(&f->table, id), struct follow, entry);
}

struct follow *
follow_add(struct follows *f, struct id id, int64_t after)
{
    struct follow *one = follow_find(f, id);

    if (!one) {
        one = pool_take(&f->pool);
        one->after = after;
        table_add(&f->table, &one->entry, id);
        list_add(&f->clean, &one->link);
    }
    one->watchers++;
    return one;
}

static void
forget(struct follows *f, struct follow *one)
{
    list_remove(&one->link);
    table_remove(&f->table, &one->entry);
    pool_give(&f->pool, one);
}

void
follow_leave(struct follows *f, struct id id)
{
    struct follow *one = follow_find(f, id);

    if (one && --one->watchers == 0)
        forget(f, one);
}

void
follow_mark(struct follows *f, struct follow *one, int64_t now_ns)
{
    if (one->noted_ns)
        return;
    one->noted_ns = now_ns;
    list_move(&f->dirty, &one->link);
}

static struct follow *
named(const struct follows *f, const char *text, size_t len)
{
    char copy[ID_TEXT + 1];
    struct id id;

    if (len != ID_TEXT)
        return NULL;
    memcpy(copy, text, len);
    copy[len] = '\0';
    return id_parse(copy, &id) ? follow_find(f, id) : NULL;
}

void
follow_mark_named(struct follows *f, const char *payload, int64_t now_ns)
{
    if (!*payload) {
        follow_mark_all(f, now_ns);
        return;
    }
    while (*payload) {
        size_t len = strcspn(payload, ",");
        struct follow *one = named(f, payload, len);

        if (one)
            follow_mark(f, one, now_ns);
        payload += len;
        payload += *payload == ',';
    }
}

void
follow_mark_all(struct follows *f, int64_t now_ns)
{
    LIST_EACH(it, after, &f->clean)
    {
        follow_mark(f, LIST_OF(it, struct follow, link), now_ns);
    }
}

static size_t
add_unwatched(struct link *head, int64_t now_ms, struct follow **out, size_t max)
{
    size_t n = 0;

    LIST_EACH(it, after, head)
    {
        struct follow *one = LIST_OF(it, struct follow, link);

        if (one->watch_ms <= now_ms && n < max)
            out[n++] = one;
    }
    return n;
}

size_t
follow_unwatched(struct follows *f, int64_t now_ms, struct follow **out, size_t max)
{
    size_t n = add_unwatched(&f->clean, now_ms, out, max);

    return n + add_unwatched(&f->dirty, now_ms, out + n, max - n);
}

static int64_t
next_watch(struct link *head, int64_t latest)
{
    LIST_EACH(it, after, head)
    {
        struct follow *one = LIST_OF(it, struct follow, link);

        if (one->watch_ms < latest)
            latest = one->watch_ms;
    }
    return latest;
}

int64_t
follow_next_watch(struct follows *f, int64_t latest)
{
    return next_watch(&f->clean, next_watch(&f->dirty, latest));
}

static size_t
add_ids(struct link *head, struct id *out)
{
    size_t n = 0;

    LIST_EACH(it, after, head)
    {
        out[n++] = LIST_OF(it, struct follow, link)->entry.id;
    }
    return n;
}

struct id *
follow_ids(struct follows *f, struct arena *a)
{
    struct id *ids = arena_array(a, f->table.count, sizeof(*ids));
    size_t n = add_ids(&f->clean, ids);

    n += add_ids(&f->dirty, ids + n);
    assert(n == f->table.count);
    return ids;
}

void
follow_end(struct follows *f, struct id id)
{
    struct follow *one = follow_find(f, id);

    if (one)
        forget(f, one);
}

bool
follow_is_dirty(const struct follows *f)
{
    return !list_is_empty(&f->dirty);
}

size_t
follow_take(struct follows *f, struct follow **out, size_t max)
{
    size_t n = 0;

    while (n < max && follow_is_dirty(f)) {
        struct follow *one = LIST_OF(f->dirty.next, struct follow, link);

        list_move(&f->clean, &one->link);
        one->more = one->ended = false;
        out[n++] = one;
    }
    return n;
}

void
follow_give_back(struct follows *f, struct follow **taken, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (taken[i]->ended)
            forget(f, taken[i]);
        else if (taken[i]->more)
            list_move(&f->dirty, &taken[i]->link);
        else
            taken[i]->noted_ns = 0;
    }
}
