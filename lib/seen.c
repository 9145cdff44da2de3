#include "lib/seen.h"

#include "lib/arena.h"

#include <sodium.h>

#define FIRST_SIZE 256

struct seen_slot {
    uint64_t hash; /* 0: empty */
    int64_t number;
};

void
seen_init(struct seen *s, struct arena *a)
{
    *s = (struct seen){ .arena = a };
    randombytes_buf(s->key, sizeof(s->key));
}

/* Keyed, so that nobody can make texts that collide. */
static uint64_t
hash_of(const struct seen *s, struct str text)
{
    uint64_t hash;

    (void)crypto_shorthash((unsigned char *)&hash, (const unsigned char *)text.p, text.len, s->key);
    return hash ? hash : 1;
}

static struct seen_slot *
slot_of(const struct seen *s, uint64_t hash)
{
    size_t i = hash & (s->size - 1);

    while (s->slots[i].hash && s->slots[i].hash != hash)
        i = (i + 1) & (s->size - 1);
    return &s->slots[i];
}

static void
grow(struct seen *s)
{
    struct seen larger = *s;

    larger.size = s->size ? s->size * 2 : FIRST_SIZE;
    larger.slots = arena_array(s->arena, larger.size, sizeof(*larger.slots));
    for (size_t i = 0; i < s->size; i++)
        if (s->slots[i].hash)
            *slot_of(&larger, s->slots[i].hash) = s->slots[i];
    *s = larger;
}

int64_t *
seen_at(struct seen *s, struct str text)
{
    uint64_t hash = hash_of(s, text);
    struct seen_slot *slot;

    if (s->count * 2 >= s->size)
        grow(s);
    slot = slot_of(s, hash);
    if (!slot->hash) {
        slot->hash = hash;
        s->count++;
    }
    return &slot->number;
}

int64_t *
seen_find(const struct seen *s, struct str text)
{
    struct seen_slot *slot = s->size ? slot_of(s, hash_of(s, text)) : NULL;

    return slot && slot->hash ? &slot->number : NULL;
}
