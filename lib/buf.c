#include "lib/buf.h"

#include "lib/arena.h"

#include <assert.h>

#define BUF_FIRST ((size_t)63) /* bytes that a new buffer has room for */

void
buf_init(struct buf *b, struct arena *a, size_t max)
{
    size_t cap = max < BUF_FIRST ? max : BUF_FIRST;

    *b = (struct buf){ .data = arena_alloc(a, cap + 1), .cap = cap, .max = max, .arena = a };
}

/* Make room for `more` bytes. False, and the buffer marked, when they pass the limit. */
static bool
reserve(struct buf *b, size_t more)
{
    size_t cap = b->cap;
    char *data;

    if (b->full || more > b->max - b->len) {
        b->full = true;
        return false;
    }
    if (more <= cap - b->len)
        return true;

    cap = cap > b->max / 2 ? b->max : cap * 2;
    if (cap < b->len + more)
        cap = b->len + more;
    data = arena_alloc(b->arena, cap + 1);
    memcpy(data, b->data, b->len);
    b->data = data;
    b->cap = cap;
    return true;
}

void
buf_add(struct buf *b, const void *bytes, size_t len)
{
    if (len == 0 || !reserve(b, len))
        return;
    memcpy(b->data + b->len, bytes, len);
    b->len += len;
    b->data[b->len] = '\0';
}

void
buf_add_str(struct buf *b, const char *s)
{
    buf_add(b, s, strlen(s));
}

void
buf_printf(struct buf *b, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    buf_vprintf(b, fmt, ap);
    va_end(ap);
}

void
buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
    va_list again;
    int len;

    va_copy(again, ap);
    len = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    if (len < 0)
        b->full = true;
    else if (reserve(b, (size_t)len))
        b->len += (size_t)vsnprintf(b->data + b->len, (size_t)len + 1, fmt, ap);
}

void
buf_truncate(struct buf *b, size_t len)
{
    assert(len <= b->len);
    b->len = len;
    b->data[len] = '\0';
    if (len == 0)
        b->full = false;
}

void
buf_consume(struct buf *b, size_t len)
{
    assert(len <= b->len);
    memmove(b->data, b->data + len, b->len - len);
    b->len -= len;
    b->data[b->len] = '\0';
}

bool
buf_ok(const struct buf *b)
{
    return !b->full;
}
