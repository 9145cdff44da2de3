/*
 * Buf: a byte buffer that grows in an arena, up to a limit.
 *
 * Appending never reports an error. An append that would pass the limit is
 * dropped whole and marks the buffer; ask buf_ok() once, when done. The bytes
 * are NUL-terminated at all times, so b->data works as a C string whenever it
 * holds text. Growing doubles and leaves the old block to the arena, so a buf
 * costs at most four times its content.
 */
#ifndef LIB_BUF_H
#define LIB_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct arena;

struct buf {
    char *data; /* never NULL after buf_init() */
    size_t len; /* bytes in use, the terminator not counted */
    size_t cap; /* private */
    size_t max; /* most bytes this buffer may hold */
    bool full;  /* private: an append was dropped */
    struct arena *arena;
};

/* An empty buffer that holds at most `max` bytes and lives in `a`. */
void buf_init(struct buf *b, struct arena *a, size_t max);

void buf_add(struct buf *b, const void *bytes, size_t len);
void buf_add_str(struct buf *b, const char *s);
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));

/* Inline, since writers of JSON do this more often than anything else. */
static inline void
buf_add_char(struct buf *b, char c)
{
    if (b->full || b->len == b->cap) {
        buf_add(b, &c, 1);
        return;
    }
    b->data[b->len++] = c;
    b->data[b->len] = '\0';
}

/* Drop all but the first `len` bytes, len <= b->len; the mark is cleared when len is 0. */
void buf_truncate(struct buf *b, size_t len);

/* Drop the first `len` bytes, len <= b->len, and move the rest to the front. */
void buf_consume(struct buf *b, size_t len);

/* False once any append was dropped. */
bool buf_ok(const struct buf *b);

#endif
