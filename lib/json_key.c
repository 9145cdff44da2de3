#include "lib/json_key.h"

#include "lib/buf.h"
#include "lib/str.h"

int
json_hex4(const char *p, size_t len)
{
    int value = 0;

    for (size_t i = 0; i < 4; i++) {
        int digit = i < len ? str_hex(p[i]) : -1;

        if (digit < 0)
            return -1;
        value = value << 4 | digit;
    }
    return value;
}

/*
 * The next character of a key that has been read already, as a code point or a
 * byte of UTF-8 that stands for itself; -1 at its end.
 */
static int32_t
key_next(const char **p)
{
    static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
    const char *special;
    int32_t unit;
    char b = *(*p)++;

    if (b == '"')
        return -1;
    if (b != '\\')
        return (unsigned char)b;
    b = *(*p)++;
    if (b != 'u') {
        special = strchr(from, b);
        return special ? to[special - from] : b;
    }
    unit = json_hex4(*p, 4);
    *p += 4;
    if (unit >= 0xd800 && unit <= 0xdbff) {
        unit = 0x10000 + ((unit - 0xd800) << 10) + (json_hex4(*p + 2, 4) - 0xdc00);
        *p += 6;
    }
    return unit;
}

/* The bytes of a key, escapes decoded; -1 at its end. */
struct key_reader {
    const char *p;
    unsigned char pending[4]; /* bytes of a code point that was escaped, last first */
    size_t pending_count;
};

static int
key_byte(struct key_reader *r)
{
    bool escaped = r->pending_count == 0 && *r->p == '\\';
    int32_t c;
    size_t more;

    if (r->pending_count > 0)
        return r->pending[--r->pending_count];
    c = key_next(&r->p);
    if (!escaped || c < 0x80)
        return c;
    more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    for (size_t i = 0; i < more; i++) {
        r->pending[i] = (unsigned char)(0x80 | (c & 0x3f));
        c >>= 6;
    }
    r->pending_count = more;
    return (more == 1 ? 0xc0 : more == 2 ? 0xe0 : 0xf0) | c;
}

bool
json_key_same(const char *a, const char *b)
{
    struct key_reader ra = { .p = a }, rb = { .p = b };
    int byte;

    do {
        byte = key_byte(&ra);
        if (byte != key_byte(&rb))
            return false;
    } while (byte >= 0);
    return true;
}

uint32_t
json_key_hash(const char *key)
{
    struct key_reader r = { .p = key };
    uint32_t hash = 2166136261; /* FNV-1a */

    for (int byte = key_byte(&r); byte >= 0; byte = key_byte(&r))
        hash = (hash ^ (uint32_t)byte) * 16777619;
    return hash;
}

void
json_key_point(const char *key, struct buf *out)
{
    struct key_reader r = { .p = key };

    for (int byte = key_byte(&r); byte >= 0; byte = key_byte(&r)) {
        if (byte == '~' || byte == '/')
            buf_add_str(out, byte == '~' ? "~0" : "~1");
        else
            buf_add_char(out, (char)byte);
    }
}
