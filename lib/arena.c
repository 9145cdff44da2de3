#include "lib/arena.h"

#include <stdbool.h>
#include <stdint.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_ASAN 1
#endif
#endif

/* Under AddressSanitizer what was not handed out is poisoned, and allocations keep a gap. */
#ifdef ARENA_ASAN
#include <sanitizer/asan_interface.h>
#define ARENA_GAP        ALIGNMENT
#define arena_hide(p, n) ASAN_POISON_MEMORY_REGION((p), (n))
#define arena_show(p, n) ASAN_UNPOISON_MEMORY_REGION((p), (n))
#else
#define ARENA_GAP        ((size_t)0)
#define arena_hide(p, n) ((void)(p), (void)(n))
#define arena_show(p, n) ((void)(p), (void)(n))
#endif

#define ALIGNMENT   (_Alignof(max_align_t))
#define BLOCK_FIRST ((size_t)4096)      /* bytes of the block that arena_reset() keeps */
#define BLOCK_MAX   ((size_t)64 * 1024) /* bytes; only a larger allocation has a larger block */
#define GROW_FIRST  ((size_t)16)        /* elements of the smallest array that grows */

struct block {
    struct block *next; /* older */
    size_t size;        /* bytes that follow this header */
    size_t used;
    _Alignas(max_align_t) unsigned char bytes[];
};

struct deferred {
    struct deferred *next; /* older */
    void (*fn)(void *);
    void *arg;
};

/* Lives at the start of its own first block. */
struct arena {
    struct block *top; /* where allocations come from */
    struct block *first;
    struct deferred *deferred;
};

static _Noreturn void
die(const char *line, size_t len)
{
    ssize_t ignored = write(STDERR_FILENO, line, len);

    (void)ignored;
    abort();
}

#define DIE(text) die("fatal: " text "\n", sizeof("fatal: " text "\n") - 1)

static size_t
round_up(size_t size)
{
    if (size > SIZE_MAX / 2)
        DIE("allocation of impossible size");
    if (size == 0)
        size = 1;
    return (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT + ARENA_GAP;
}

static struct block *
block_new(size_t size, struct block *next)
{
    struct block *b = malloc(sizeof(*b) + size);

    if (!b)
        DIE("out of memory");
    b->next = next;
    b->size = size;
    b->used = 0;
    arena_hide(b->bytes, size);
    return b;
}

static void
block_free(struct block *b)
{
    arena_show(b->bytes, b->size);
    free(b);
}

static void *
block_take(struct block *b, size_t rounded)
{
    unsigned char *p = b->bytes + b->used;

    b->used += rounded;
    arena_show(p, rounded - ARENA_GAP);
    return p;
}

struct arena *
arena_new(void)
{
    struct block *b = block_new(BLOCK_FIRST - sizeof(struct block), NULL);
    struct arena *a = block_take(b, round_up(sizeof(*a)));

    a->top = a->first = b;
    a->deferred = NULL;
    return a;
}

/* Deferred calls may allocate and defer in turn, so all of them run before any block goes. */
static void
empty(struct arena *a)
{
    struct deferred *d;
    struct block *b, *next;

    while ((d = a->deferred)) {
        a->deferred = d->next;
        d->fn(d->arg);
    }
    for (b = a->top; b; b = next) {
        next = b->next;
        if (b != a->first)
            block_free(b);
    }
}

void
arena_free(struct arena *a)
{
    if (!a)
        return;
    empty(a);
    block_free(a->first);
}

void
arena_reset(struct arena *a)
{
    struct block *b = a->first;

    empty(a);
    a->top = b;
    b->next = NULL;
    b->used = round_up(sizeof(*a));
    arena_hide(b->bytes + b->used, b->size - b->used);
}

void *
arena_alloc(struct arena *a, size_t size)
{
    size_t rounded = round_up(size);
    size_t next_size;

    if (rounded <= a->top->size - a->top->used)
        return memset(block_take(a->top, rounded), 0, size);

    /* An outsize block goes under the top one, whose rest stays in use. */
    if (rounded > BLOCK_MAX / 4) {
        a->top->next = block_new(rounded, a->top->next);
        return memset(block_take(a->top->next, rounded), 0, size);
    }
    next_size = a->top->size * 2 < BLOCK_MAX ? a->top->size * 2 : BLOCK_MAX;
    a->top = block_new(rounded > next_size ? rounded : next_size, a->top);
    return memset(block_take(a->top, rounded), 0, size);
}

void *
arena_array(struct arena *a, size_t n, size_t size)
{
    size_t product;

    if (__builtin_mul_overflow(n, size, &product))
        DIE("allocation of impossible size");
    return arena_alloc(a, product);
}

void *
arena_grow(struct arena *a, void *list, size_t count, size_t *cap, size_t size)
{
    void *larger;

    if (count < *cap)
        return list;
    *cap = *cap ? 2 * *cap : GROW_FIRST;
    larger = arena_array(a, *cap, size);
    if (count > 0)
        memcpy(larger, list, count * size);
    return larger;
}

char *
arena_strdup(struct arena *a, const char *s)
{
    return arena_strndup(a, s, strlen(s));
}

char *
arena_strndup(struct arena *a, const char *s, size_t len)
{
    char *copy = arena_alloc(a, len + 1);

    if (len > 0)
        memcpy(copy, s, len);
    return copy;
}

char *
arena_printf(struct arena *a, const char *fmt, ...)
{
    va_list ap;
    char *text;

    va_start(ap, fmt);
    text = arena_vprintf(a, fmt, ap);
    va_end(ap);
    return text;
}

char *
arena_vprintf(struct arena *a, const char *fmt, va_list ap)
{
    va_list again;
    char *text;
    int len;

    va_copy(again, ap);
    len = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    if (len < 0)
        DIE("bad format");
    text = arena_alloc(a, (size_t)len + 1);
    (void)vsnprintf(text, (size_t)len + 1, fmt, ap);
    return text;
}

void
arena_defer(struct arena *a, void (*fn)(void *), void *arg)
{
    struct deferred *d = ARENA_NEW(a, struct deferred);

    d->fn = fn;
    d->arg = arg;
    d->next = a->deferred;
    a->deferred = d;
}
