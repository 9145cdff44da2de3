#include "stream/pool.h"

#include "lib/arena.h"

#define SLAB 32 /* objects that are made at once */

struct spare {
    struct spare *next;
};

void
pool_init(struct pool *p, struct arena *a, size_t size)
{
    size_t align = _Alignof(max_align_t);

    *p = (struct pool){ .arena = a, .size = (size + align - 1) / align * align };
}

static void
fill(struct pool *p)
{
    char *slab = arena_array(p->arena, SLAB, p->size);

    for (size_t i = 0; i < SLAB; i++) {
        struct spare *spare = (struct spare *)(void *)(slab + i * p->size);

        spare->next = p->free;
        p->free = spare;
    }
}

void *
pool_take(struct pool *p)
{
    struct spare *object;

    if (!p->free)
        fill(p);
    object = p->free;
    p->free = object->next;
    p->used++;
    return memset(object, 0, p->size);
}

void
pool_give(struct pool *p, void *object)
{
    struct spare *spare = object;

    if (!object)
        return;
    spare->next = p->free;
    p->free = spare;
    p->used--;
}
