#include "stream/table.h"

#include "lib/arena.h"

#include <assert.h>

#define FNV_BASIS 14695981039346656037ULL
#define FNV_PRIME 1099511628211ULL

void
table_init(struct table *t, struct arena *a, size_t expected)
{
    size_t n = 16;

    while (n < expected)
        n *= 2;
    *t =
        (struct table){ .buckets = arena_array(a, n, sizeof(struct table_entry *)), .mask = n - 1 };
}

/* Ids are made by the server, so nobody chooses them to collide. */
static struct table_entry **
bucket(const struct table *t, struct id id)
{
    uint64_t hash = FNV_BASIS;

    for (const char *p = id.s; *p; p++)
        hash = (hash ^ (unsigned char)*p) * FNV_PRIME;
    return &t->buckets[(hash ^ hash >> 32) & t->mask];
}

struct table_entry *
table_find(const struct table *t, struct id id)
{
    struct table_entry *entry = *bucket(t, id);

    while (entry && !id_eq(entry->id, id))
        entry = entry->next;
    return entry;
}

void
table_add(struct table *t, struct table_entry *entry, struct id id)
{
    struct table_entry **first = bucket(t, id);

    assert(!table_find(t, id));
    entry->id = id;
    entry->next = *first;
    *first = entry;
    t->count++;
}

void
table_remove(struct table *t, struct table_entry *entry)
{
    struct table_entry **at = bucket(t, entry->id);

    while (*at != entry) {
        assert(*at);
        at = &(*at)->next;
    }
    *at = entry->next;
    t->count--;
}
