/*
 * Table: find an entry by its id. Entries are members of the structs that are
 * looked for; the table never owns or copies them. Its buckets are as many as
 * it was made for and do not grow.
 */
#ifndef STREAM_TABLE_H
#define STREAM_TABLE_H

#include "lib/id.h"

#include <stddef.h>

struct arena;

struct table_entry {
    struct table_entry *next;
    struct id id;
};

struct table {
    struct table_entry **buckets;
    size_t mask;
    size_t count;
};

/* For about `expected` entries; more only cost time. */
void table_init(struct table *t, struct arena *a, size_t expected);

/* NULL when there is none. */
struct table_entry *table_find(const struct table *t, struct id id);

/* The id must not be in the table yet. */
void table_add(struct table *t, struct table_entry *entry, struct id id);
void table_remove(struct table *t, struct table_entry *entry);

#define TABLE_OF(entry, type, member)                                                              \
    ((entry) ? (type *)(void *)((char *)(entry)-offsetof(type, member)) : NULL)

#endif
