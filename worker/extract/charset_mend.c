/*
 * UTF-8 that somebody took for ISO-8859-1 and wrote as UTF-8 again: "â€™" for an apostrophe. What
 * gives it away are the control characters U+0080 to U+009F, which no text has.
 */
#include "lib/arena.h"
#include "lib/buf.h"
#include "worker/extract/charset.h"

/* The character from U+0080 to U+00FF at `i`, as the byte that it stands for; 0 for others. */
static unsigned char
byte_at(struct str text, size_t i)
{
    unsigned char first, second;

    if (i + 1 >= text.len)
        return 0;
    first = (unsigned char)text.p[i];
    second = (unsigned char)text.p[i + 1];
    return (first == 0xc2 || first == 0xc3) && (second & 0xc0) == 0x80
               ? (unsigned char)((first & 3u) << 6 | (second & 0x3fu))
               : 0;
}

/* The bytes of the character that was written twice at `i`: how many; 0 when there is none. */
static size_t
twice_at(struct str text, size_t i, char bytes[4], bool *control)
{
    unsigned char first = byte_at(text, i);
    size_t len = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0;

    *control = false;
    for (size_t k = 0; k < len; k++) {
        unsigned char byte = byte_at(text, i + 2 * k);

        if (byte == 0)
            return 0;
        bytes[k] = (char)byte;
        *control = *control || byte < 0xa0;
    }
    return len > 0 && str_utf8_valid((struct str){ bytes, len }) == len ? len : 0;
}

static bool
is_damaged(struct str text)
{
    const char *p = text.p, *end = text.p + text.len;
    char bytes[4];
    bool control;

    while ((p = memchr(p, 0xc3, (size_t)(end - p)))) {
        if (twice_at(text, (size_t)(p - text.p), bytes, &control) > 0 && control)
            return true;
        p++;
    }
    return false;
}

struct str
charset_mend(struct arena *a, struct str text)
{
    struct buf out;
    char bytes[4];
    bool control;
    size_t from = 0;

    if (!is_damaged(text))
        return text;
    buf_init(&out, a, text.len + 1);
    for (size_t i = 0; i < text.len; i++) {
        size_t len = twice_at(text, i, bytes, &control);

        if (len == 0)
            continue;
        buf_add(&out, text.p + from, i - from);
        buf_add(&out, bytes, len);
        from = i + 2 * len;
        i = from - 1;
    }
    buf_add(&out, text.p + from, text.len - from);
    return (struct str){ out.data, out.len };
}
