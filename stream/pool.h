/*
 * Pool: objects of one size that come and go, for what lives longer than a
 * call and shorter than the process. Memory comes from an arena in slabs and is
 * used again, so a pool stays as large as the most objects it ever held at once.
 */
#ifndef STREAM_POOL_H
#define STREAM_POOL_H

#include <stddef.h>

struct arena;

struct pool {
    struct arena *arena;
    size_t size; /* bytes of one object */
    void *free;  /* private */
    size_t used; /* objects taken and not given back */
};

void pool_init(struct pool *p, struct arena *a, size_t size);

/* A zeroed object. */
void *pool_take(struct pool *p) __attribute__((returns_nonnull));

/* Give it back. NULL is a no-op. */
void pool_give(struct pool *p, void *object);

#endif
