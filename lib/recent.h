/*
 * Recent: bytes that cost something to get and never change, by key, within a limit of memory.
 *
 * What was not used for longest goes first, about: there are two halves, what is
 * found in the older one moves to the newer one, and when that is full the older
 * one goes. Nothing goes between two calls of recent_turn(), so that what was found
 * may be pointed at until the next. Pure; not for several threads at once.
 */
#ifndef LIB_RECENT_H
#define LIB_RECENT_H

#include <stddef.h>
#include <stdint.h>

struct arena;
struct recent;

struct recent_key {
    uint64_t whole, part;
};

/* Empty; it goes with the arena. `limit`: bytes it may take, 0: nothing is kept. */
struct recent *recent_new(struct arena *a, size_t limit);

/* Forget everything. */
void recent_clear(struct recent *r);

/* Make room if the newer half is full: pointers that were given are void then. */
void recent_turn(struct recent *r);

/* The bytes that were added under the key, aligned to 16; NULL when there are none. */
const uint8_t *recent_find(struct recent *r, struct recent_key key, size_t *len);

/* Keep a copy under a key that recent_find() does not find, if there is room. */
void recent_add(struct recent *r, struct recent_key key, const uint8_t *bytes, size_t len);

#endif
