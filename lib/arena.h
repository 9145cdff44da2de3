/*
 * Arena: memory with one lifetime.
 *
 * A request, a job attempt and a test each own one arena. What is made on their
 * behalf comes from it and goes away with it in one call, so code above lib/
 * never frees. Resources that are not memory (a query result, a JSON tree, a
 * transfer) join the same lifetime through arena_defer().
 *
 * Allocation cannot fail: a process without memory logs and aborts, and its
 * supervisor starts another. Sizes that a client chooses are therefore limited
 * before they get here. An arena belongs to one thread at a time.
 */
#ifndef LIB_ARENA_H
#define LIB_ARENA_H

#include <stdarg.h>
#include <stddef.h>

struct arena;

/* A new, empty arena. Release it with arena_free(). */
struct arena *arena_new(void);

/* Run the deferred calls, newest first, then release everything. NULL is a no-op. */
void arena_free(struct arena *a);

/* Like arena_free(), but keep one block and leave the arena ready for reuse. */
void arena_reset(struct arena *a);

/* `size` zeroed bytes, aligned for any type. */
void *arena_alloc(struct arena *a, size_t size)
    __attribute__((malloc, alloc_size(2), returns_nonnull));

/* `n` zeroed elements of `size` bytes; aborts if the product overflows. */
void *arena_array(struct arena *a, size_t n, size_t size)
    __attribute__((malloc, alloc_size(2, 3), returns_nonnull));

/*
 * Room for one more element of a growing array of `count`: the list itself, or a copy of twice its
 * size, which *cap then says. Begin with NULL and 0.
 */
void *arena_grow(struct arena *a, void *list, size_t count, size_t *cap, size_t size)
    __attribute__((returns_nonnull));

/* Copies, always NUL-terminated. `s` need not be terminated for the second. */
char *arena_strdup(struct arena *a, const char *s);
char *arena_strndup(struct arena *a, const char *s, size_t len);

/* printf() into the arena. */
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
char *arena_vprintf(struct arena *a, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));

/* Call fn(arg) when the arena is freed or reset. */
void arena_defer(struct arena *a, void (*fn)(void *), void *arg);

#define ARENA_NEW(a, type) ((type *)arena_alloc((a), sizeof(type)))

#endif
