/*
 * Chunk_units: cut a section into what chunks are put together from: sentences, items,
 * rows of tables, and code. Code is one unit up to CHUNK_CHARS characters, and else
 * some of its lines; the head of a table is one with the line below it.
 */
#ifndef WORKER_CHUNK_UNITS_H
#define WORKER_CHUNK_UNITS_H

#include "lib/str.h"

#include <stdbool.h>
#include <stddef.h>

struct arena;

#define CHUNK_LEAD_MAX 400 /* bytes; what is longer is not repeated */

struct chunk_unit {
    size_t start, end; /* in the text */
    size_t chars;
    bool new_paragraph;
    struct str lead; /* a line or two that a chunk needs before it, when it begins with it */
    struct str tail; /* likewise behind it, when it ends with it */
};

struct chunk_units {
    struct arena *arena;
    const char *text;
    struct chunk_unit *list;
    size_t count, cap;
};

/* `text` is what the units' offsets count from. */
void chunk_units_init(struct chunk_units *u, struct arena *a, const char *text);

/* The units of a slice of the text, in place of those that are there. */
void chunk_units_read(struct chunk_units *u, struct str section);

#endif
