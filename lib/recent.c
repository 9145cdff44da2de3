#include "lib/recent.h"

#include "lib/arena.h"

#include <stdbool.h>
#include <string.h>

#define SLOTS_FIRST ((size_t)256)
#define ROUNDING    ((size_t)16) /* what an allocation may take beside its bytes */

struct slot {
    struct recent_key key;
    const uint8_t *bytes; /* NULL: the slot is free */
    size_t len;
};

/* A hash table with its bytes; slots are a power of two, at most half of them taken. */
struct half {
    struct arena *arena;
    struct slot *slots;
    size_t cap, count, size; /* size: all that the arena has given, about */
};

struct recent {
    size_t half_limit;
    struct half newer, older;
    bool full;
};

static size_t
hash(struct recent_key key)
{
    uint64_t h = key.whole * UINT64_C(0x9e3779b97f4a7c15) ^ key.part;

    h = (h ^ h >> 32) * UINT64_C(0xd6e8feb86659fd93);
    return (size_t)(h ^ h >> 32);
}

/* Where the key is, or would be. */
static struct slot *
slot_of(const struct half *h, struct recent_key key)
{
    size_t i = hash(key) & (h->cap - 1);

    while (h->slots[i].bytes &&
           (h->slots[i].key.whole != key.whole || h->slots[i].key.part != key.part))
        i = (i + 1) & (h->cap - 1);
    return &h->slots[i];
}

static void
half_drop(struct half *h)
{
    arena_free(h->arena);
    *h = (struct half){ .arena = NULL };
}

static void
half_grow(struct half *h)
{
    struct half old = *h;

    if (!h->arena)
        h->arena = arena_new();
    h->cap = h->cap ? 2 * h->cap : SLOTS_FIRST;
    h->slots = arena_array(h->arena, h->cap, sizeof(*h->slots));
    h->size += h->cap * sizeof(*h->slots);
    for (size_t i = 0; i < old.cap; i++)
        if (old.slots[i].bytes)
            *slot_of(h, old.slots[i].key) = old.slots[i];
}

/* NULL when there is no room. */
static const uint8_t *
half_add(struct half *h, size_t limit, struct recent_key key, const uint8_t *bytes, size_t len)
{
    bool grows = 2 * (h->count + 1) > h->cap;
    size_t table = grows ? (h->cap ? 2 * h->cap : SLOTS_FIRST) * sizeof(struct slot) : 0;
    uint8_t *copy;

    if (limit < h->size || limit - h->size < table || limit - h->size - table < len + ROUNDING)
        return NULL;
    if (grows)
        half_grow(h);
    copy = arena_alloc(h->arena, len);
    if (len > 0)
        memcpy(copy, bytes, len);
    *slot_of(h, key) = (struct slot){ key, copy, len };
    h->count++;
    h->size += len + ROUNDING;
    return copy;
}

static void
drop(void *arg)
{
    recent_clear(arg);
}

struct recent *
recent_new(struct arena *a, size_t limit)
{
    struct recent *r = ARENA_NEW(a, struct recent);

    *r = (struct recent){ .half_limit = limit / 2 };
    arena_defer(a, drop, r);
    return r;
}

void
recent_clear(struct recent *r)
{
    half_drop(&r->newer);
    half_drop(&r->older);
    r->full = false;
}

void
recent_turn(struct recent *r)
{
    if (!r->full)
        return;
    half_drop(&r->older);
    r->older = r->newer;
    r->newer = (struct half){ .arena = NULL };
    r->full = false;
}

void
recent_add(struct recent *r, struct recent_key key, const uint8_t *bytes, size_t len)
{
    if (!half_add(&r->newer, r->half_limit, key, bytes, len))
        r->full = true;
}

const uint8_t *
recent_find(struct recent *r, struct recent_key key, size_t *len)
{
    const struct slot *slot = r->newer.cap ? slot_of(&r->newer, key) : NULL;
    const uint8_t *moved;

    if (slot && slot->bytes) {
        *len = slot->len;
        return slot->bytes;
    }
    slot = r->older.cap ? slot_of(&r->older, key) : NULL;
    if (!slot || !slot->bytes)
        return NULL;
    *len = slot->len;
    moved = half_add(&r->newer, r->half_limit, key, slot->bytes, slot->len);
    r->full = r->full || !moved;
    return moved ? moved : slot->bytes;
}
