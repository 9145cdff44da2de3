/*
 * Seen: a set of 64-bit hashes, each with a number. Pure; its memory is its
 * arena's and at most four times what it holds.
 */
#ifndef LIB_SEEN_H
#define LIB_SEEN_H

#include "lib/str.h"

#include <stddef.h>
#include <stdint.h>

struct arena;

struct seen {
    struct arena *arena;
    struct seen_slot *slots;
    size_t count, size; /* size: 0 or a power of two */
    unsigned char key[16];
};

void seen_init(struct seen *s, struct arena *a);

/* The number of a text, made 0 when it is new. Lives until the next call. */
int64_t *seen_at(struct seen *s, struct str text);

/* NULL when it is new. */
int64_t *seen_find(const struct seen *s, struct str text);

#endif
